"""Studies, in which people compare variants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.alike import TIME, kept

revision = "0007"
down_revision = "0006"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this version."""
    _studies()
    _answers()


def _studies() -> None:
    op.create_table(
        "study",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column(
            "design",
            sa.Enum(
                "single",
                "paired",
                name="design",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("opened_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("name", name="uq_study_name"),
    )
    op.create_index("ix_study_created_at", "study", ["created_at"])
    op.create_table(
        "study_variant",
        *kept(),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_variant_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_study_variant"),
        sa.UniqueConstraint("study_id", "name", name="uq_study_variant_study_id_name"),
    )
    op.create_index("ix_study_variant_created_at", "study_variant", ["created_at"])
    op.create_table(
        "study_scene",
        *kept(),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("emotion", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_scene_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_study_scene"),
        sa.UniqueConstraint("study_id", "name", name="uq_study_scene_study_id_name"),
    )
    op.create_index("ix_study_scene_created_at", "study_scene", ["created_at"])
    op.create_table(
        "study_stimulus",
        *kept(),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_study_stimulus_file_id"),
        sa.ForeignKeyConstraint(
            ["scene_id"], ["study_scene.id"], name="fk_study_stimulus_scene_id"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["study_variant.id"], name="fk_study_stimulus_variant_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_study_stimulus"),
        sa.UniqueConstraint("variant_id", "scene_id", name="uq_study_stimulus_variant_id_scene_id"),
    )
    op.create_index("ix_study_stimulus_file_id", "study_stimulus", ["file_id"])
    op.create_index("ix_study_stimulus_scene_id", "study_stimulus", ["scene_id"])
    op.create_index("ix_study_stimulus_created_at", "study_stimulus", ["created_at"])


def _answers() -> None:
    op.create_table(
        "study_participant",
        *kept(),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("consented_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint(
            "number >= 0",
            name=op.f("ck_study_participant_number_range"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_participant_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_study_participant"),
        sa.UniqueConstraint("code", name="uq_study_participant_code"),
        sa.UniqueConstraint("study_id", "number", name="uq_study_participant_study_id_number"),
    )
    op.create_index("ix_study_participant_created_at", "study_participant", ["created_at"])
    op.create_table(
        "study_trial",
        *kept(),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("left_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=True),
        sa.Column("shown_at", TIME, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.CheckConstraint(
            "left_id <> right_id",
            name=op.f("ck_study_trial_sides_differ"),
        ),
        sa.ForeignKeyConstraint(["left_id"], ["study_stimulus.id"], name="fk_study_trial_left_id"),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["study_participant.id"], name="fk_study_trial_participant_id"
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["study_stimulus.id"], name="fk_study_trial_right_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_study_trial"),
        sa.UniqueConstraint(
            "participant_id", "position", name="uq_study_trial_participant_id_position"
        ),
    )
    op.create_index("ix_study_trial_left_id", "study_trial", ["left_id"])
    op.create_index("ix_study_trial_open", "study_trial", ["participant_id", "answered_at"])
    op.create_index("ix_study_trial_right_id", "study_trial", ["right_id"])
    op.create_index("ix_study_trial_created_at", "study_trial", ["created_at"])
    op.create_table(
        "study_rating",
        *kept(),
        sa.Column("trial_id", sa.Uuid(), nullable=False),
        sa.Column("stimulus_id", sa.Uuid(), nullable=False),
        sa.Column("naturalness", sa.Integer(), nullable=False),
        sa.Column("uncanny", sa.Integer(), nullable=False),
        sa.Column("distraction", sa.Integer(), nullable=False),
        sa.Column("emotion", sa.String(length=60), nullable=False),
        sa.Column("preferred", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "distraction BETWEEN 1 AND 5",
            name=op.f("ck_study_rating_distraction_range"),
        ),
        sa.CheckConstraint(
            "naturalness BETWEEN 1 AND 5",
            name=op.f("ck_study_rating_naturalness_range"),
        ),
        sa.CheckConstraint(
            "uncanny BETWEEN 1 AND 5",
            name=op.f("ck_study_rating_uncanny_range"),
        ),
        sa.ForeignKeyConstraint(
            ["stimulus_id"], ["study_stimulus.id"], name="fk_study_rating_stimulus_id"
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["study_trial.id"], name="fk_study_rating_trial_id"),
        sa.PrimaryKeyConstraint("id", name="pk_study_rating"),
        sa.UniqueConstraint("trial_id", "stimulus_id", name="uq_study_rating_trial_id_stimulus_id"),
    )
    op.create_index("ix_study_rating_stimulus_id", "study_rating", ["stimulus_id"])
    op.create_index("ix_study_rating_created_at", "study_rating", ["created_at"])
