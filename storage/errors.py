"""What can go wrong with the memory.

StorageError
├── DatabaseUnavailableError  the database cannot be opened now; the same call may work later
├── SchemaError               the database is of a newer version than this program; update it
├── NotStoredError            no row has that id; the same call will not help
├── ConflictError             it contradicts what is stored; the same call will not help
│   └── TransitionError       a status may not follow the one that is stored; choose another
├── InvalidRecordError        a value cannot be stored, for reasons it names; mend it
└── RemoteWriteError          the process that writes could not; `passes` says if a retry helps
"""

__all__ = [
    "ConflictError",
    "DatabaseUnavailableError",
    "InvalidRecordError",
    "NotStoredError",
    "RemoteWriteError",
    "SchemaError",
    "StorageError",
    "TransitionError",
]


class StorageError(Exception):
    """Root of this package's errors."""


class DatabaseUnavailableError(StorageError):
    """The database cannot be reached, opened or made."""


class SchemaError(StorageError):
    """The database's schema is not one this program can bring up to date."""


class NotStoredError(StorageError):
    """What was asked for is not in the database."""


class ConflictError(StorageError):
    """What is asked for contradicts what is stored."""


class TransitionError(ConflictError):
    """A status may not follow another; the message names both and what may."""


class InvalidRecordError(StorageError):
    """A value is out of its range, or contradicts another."""


class RemoteWriteError(StorageError):
    """The process that writes could not; the message is the database's own words.

    Attributes:
        passes: Whether the same write may work later, unchanged.
    """

    def __init__(self, words: str, *, passes: bool = True) -> None:
        super().__init__(words)
        self.passes = passes
