"""What can go wrong offline.

OfflineError
├── ExportError   a capsule cannot be written to that file; choose another, or force it
├── TakeError     a recording cannot be read, or shows no face that can be followed; record again
└── ImportRefusedError  what came of it is no capsule that the library takes; the message says why
"""

from engine.errors import EngineError

__all__ = ["ExportError", "ImportRefusedError", "OfflineError", "TakeError"]


class OfflineError(EngineError):
    """Root of this package's errors."""


class ExportError(OfflineError):
    """A capsule cannot be written to the file that was named."""


class TakeError(OfflineError):
    """A recording cannot be used."""


class ImportRefusedError(OfflineError):
    """A recording was read, but what came of it cannot go into the library."""
