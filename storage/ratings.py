"""What is said of messages afterwards: their ratings, and whether training may use them."""

from uuid import UUID

from storage.archive import lock
from storage.conversations import rate
from storage.database import Database
from storage.tables.live import Message
from storage.transactions import writing

__all__ = ["update_message"]


def update_message(
    database: Database,
    message_id: UUID,
    *,
    feedback: float | None = None,
    training_flag: bool | None = None,
) -> Message:
    """Keeps a rating of a message, 1 to 5, and whether training may use it; None: as it is.

    Blocks.

    Raises:
        NotStoredError: There is no such message.
        InvalidRecordError: The rating is out of range.
    """
    with writing(database) as orm:
        row = lock(orm, Message, message_id)
        if training_flag is not None:
            row.training_flag = training_flag
            orm.flush()
        if feedback is not None:
            rate(orm, message_id, feedback)
            orm.refresh(row)
        return row
