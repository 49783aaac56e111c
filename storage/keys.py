"""Keys of rows."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["new_key"]


def new_key() -> UUID:
    """A key that sorts by the time it was made (UUID version 7, RFC 9562)."""
    return uuid7()
