"""What can go wrong with the library and with avatar packs.

CapsuleError
├── LibraryError        a library file cannot be read or does not hold together; mend the file
├── UnknownCapsuleError no capsule or expression of that id; ask for another
└── PackError           an avatar pack cannot be read; bake or fetch it again

A retry of the same call helps with none of them.
"""

__all__ = ["CapsuleError", "LibraryError", "PackError", "UnknownCapsuleError"]


class CapsuleError(Exception):
    """Root of this package's errors."""


class LibraryError(CapsuleError):
    """A library file cannot be read, or its content contradicts itself."""


class UnknownCapsuleError(CapsuleError, LookupError):
    """No capsule or expression has the id."""

    def __init__(self, cid: str) -> None:
        super().__init__(f"no capsule or expression has the id {cid!r}")
        self.cid = cid


class PackError(CapsuleError):
    """An avatar pack is missing, damaged or of another format version."""
