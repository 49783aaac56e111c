"""What can go wrong with the memory.

StorageError
├── DatabaseUnavailableError  the database cannot be opened now; the same call may work later
└── SchemaError               the database is of a newer version than this program; update it
"""

__all__ = ["DatabaseUnavailableError", "SchemaError", "StorageError"]


class StorageError(Exception):
    """Root of this package's errors."""


class DatabaseUnavailableError(StorageError):
    """The database cannot be reached, opened or made."""


class SchemaError(StorageError):
    """The database's schema is not one this program can bring up to date."""
