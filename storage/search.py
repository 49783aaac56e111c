"""Looking for words in what was said."""

from sqlalchemy import ColumnElement, Dialect, select

from storage.tables.live import Message
from storage.tables.talk import Conversation

__all__ = ["SEARCH_INDEX", "said_in"]

SEARCH_INDEX = "ix_message_text_trigrams"
"""The index that the search uses where PostgreSQL's pg_trgm may be had; no model names it."""


def said_in(words: str, dialect: Dialect) -> ColumnElement[bool]:
    """That these words stand in one of a conversation's messages, in letters of any case.

    Args:
        words: They stand as they are, without wildcards.
        dialect: The database's.
    """
    if dialect.name == "sqlite":
        # Its LIKE takes no notice of case by itself, and is quicker without lower().
        found = Message.text.contains(words, autoescape=True)
    else:
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found = Message.text.ilike(f"%{escaped}%", escape="\\")
    return Conversation.id.in_(select(Message.conversation_id).where(found))
