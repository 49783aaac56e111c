"""What people think of what was made, judgements included."""

from uuid import UUID

from sqlalchemy import Column, ForeignKey, Table, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import PERSONAL, Base, Kept, between, key

__all__ = ["JUDGED", "Judgement", "judgement_table"]

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
"""Names of the tables whose rows can be judged."""


class Judgement(Kept, Base):
    """What one user thinks: a score in [-1, 1], words, and whether it still counts."""

    __tablename__ = "judgement"
    __table_args__ = (between("score", -1, 1),)

    score: Mapped[float]
    user_id: Mapped[UUID | None] = key("user")
    comment: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    active: Mapped[bool] = mapped_column(default=True, index=True)


def judgement_table(judged: str) -> Table:
    """The table that says which row of the table `judged` a judgement is of.

    Raises:
        KeyError: Rows of that table cannot be judged.
    """
    return _TABLES[judged]


def _link(judged: str) -> Table:
    return Table(
        f"judgement_of_{judged}",
        Base.metadata,
        Column("judgement_id", Uuid, ForeignKey("judgement.id"), primary_key=True),
        Column("target_id", Uuid, ForeignKey(f"{judged}.id"), nullable=False, index=True),
    )


_TABLES = {judged: _link(judged) for judged in JUDGED}
