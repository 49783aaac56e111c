"""Judgements of every kind of artefact."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.alike import kept

revision = "0006"
down_revision = "0005"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


JUDGED = (
    "agent_log",
    "audio",
    "chat",
    "conversation",
    "finetune",
    "image",
    "inference_sample",
    "judgement",
    "lip_sync",
    "memory",
    "message",
    "portrait",
    "pose",
    "pose_sequence",
    "session",
    "stt",
    "training_data_item",
    "training_dataset",
    "tts",
    "video",
    "vision",
)


def upgrade() -> None:
    """To this version."""
    _judgements()
    for table in JUDGED:
        _link(table)


def _judgements() -> None:
    op.create_table(
        "judgement",
        *kept(),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("score BETWEEN -1 AND 1", name=op.f("ck_judgement_score_range")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_judgement_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
    )
    op.create_index("ix_judgement_active", "judgement", ["active"])
    op.create_index("ix_judgement_user_id", "judgement", ["user_id"])
    op.create_index("ix_judgement_created_at", "judgement", ["created_at"])


def _link(table: str) -> None:
    name = f"judgement_of_{table}"
    op.create_table(
        name,
        sa.Column("judgement_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["judgement_id"], ["judgement.id"], f"fk_{name}_judgement_id"),
        sa.ForeignKeyConstraint(["target_id"], [f"{table}.id"], f"fk_{name}_target_id"),
        sa.PrimaryKeyConstraint("judgement_id", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_target_id", name, ["target_id"])
