"""People in what is remembered, as whoever runs the server makes them known."""

from typing import Any
from uuid import UUID

from storage.archive import lock
from storage.database import Database
from storage.errors import ConflictError
from storage.tables.people import User
from storage.transactions import writing

__all__ = ["put_user"]


def put_user(database: Database, key: UUID | None, **columns: Any) -> User:  # noqa: ANN401 - of whatever the columns are
    """Makes a user known, or changes one; blocks.

    Args:
        database: Where the row is.
        key: Of one who is there; None: a new one.
        columns: Columns of `User`.

    Raises:
        NotStoredError: There is none of that key.
        ConflictError: They have been erased.
        InvalidRecordError: The name, or the id elsewhere, is somebody else's.
    """
    with writing(database) as orm:
        if key is None:
            row = User(**columns)
            orm.add(row)
        else:
            row = lock(orm, User, key)
            if row.erased_at is not None:
                raise ConflictError(f"user {key} has been erased")
            for name, value in columns.items():
                setattr(row, name, value)
        orm.flush()
        return row
