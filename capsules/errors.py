"""What can go wrong with the library and with avatar packs.

CapsuleError
├── LibraryError        a library file cannot be read or does not hold together; mend the file
├── ClipError           a clip's file cannot be used; mend or replace it
├── UnknownCapsuleError no capsule or expression of that id; ask for another
├── PackError           an avatar pack cannot be read; bake or fetch it again
└── BakeError           a photo did not become an avatar; its tree is in `capsules.bake.errors`

A retry of the same call helps with none of the first four.
"""

from pathlib import Path

__all__ = ["CapsuleError", "ClipError", "LibraryError", "PackError", "UnknownCapsuleError"]


class CapsuleError(Exception):
    """Root of this package's errors."""


class LibraryError(CapsuleError):
    """A library file cannot be read, or its content contradicts itself."""


class ClipError(CapsuleError):
    """A clip's file is missing, damaged, or not of the kind or size that clips may have."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"clip {path.name}: {problem}")
        self.path = path


class UnknownCapsuleError(CapsuleError, LookupError):
    """No capsule or expression has the id."""

    def __init__(self, cid: str) -> None:
        super().__init__(f"no capsule or expression has the id {cid!r}")
        self.cid = cid


class PackError(CapsuleError):
    """An avatar pack is missing, damaged or of another format version."""
