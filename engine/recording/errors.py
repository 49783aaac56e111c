"""What can go wrong with recordings.

RecordingError
├── JournalError   a journal is missing, is none, or was changed, so that nothing of it can be
│                  shown; or it cannot be written
└── ReplayError    the library or the avatar is another one now, or the file cannot be written
"""

from engine.errors import EngineError

__all__ = ["JournalError", "RecordingError", "ReplayError"]


class RecordingError(EngineError):
    """Root of this package's errors."""


class JournalError(RecordingError):
    """A journal cannot be read or written."""


class ReplayError(RecordingError):
    """A journal cannot be shown again as it was."""
