"""Indexes for words in what was said, and for what is not meant for training."""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0009"
down_revision = "0008"

_LOG = logging.getLogger(__name__)


def upgrade() -> None:
    """To this version."""
    unflagged = sa.text("NOT training_flag")
    op.create_index(
        "ix_message_unflagged",
        "message",
        ["created_at"],
        sqlite_where=unflagged,
        postgresql_where=unflagged,
    )
    if op.get_bind().dialect.name == "postgresql":
        _index_words()


def _index_words() -> None:
    """An index of trigrams, where the extension is there and may be used."""
    bind = op.get_bind()
    try:
        with bind.begin_nested():
            bind.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            bind.exec_driver_sql(
                "CREATE INDEX ix_message_text_trigrams ON message USING gin (text gin_trgm_ops)"
            )
    except DBAPIError as error:
        said = str(error.orig).partition("\n")[0]
        _LOG.warning("storage: searches go without an index of words: %s", said)
