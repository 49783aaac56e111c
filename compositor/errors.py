"""What can go wrong while drawing.

CompositorError
├── BackendUnavailableError  no such adapter or driver here; use the other backend
├── DeviceLostError          the GPU is gone; the same frame on another backend works
├── InvalidAvatarError       an avatar's arrays do not fit each other; bake it again
└── UnknownAvatarError       a draw list names an avatar that was not loaded; load it and retry
"""

__all__ = [
    "BackendUnavailableError",
    "CompositorError",
    "DeviceLostError",
    "InvalidAvatarError",
    "UnknownAvatarError",
]


class CompositorError(Exception):
    """Root of this package's errors."""


class BackendUnavailableError(CompositorError):
    """The backend cannot run on this machine."""


class DeviceLostError(CompositorError):
    """The GPU device was lost."""


class InvalidAvatarError(CompositorError, ValueError):
    """The avatar's arrays do not fit each other."""


class UnknownAvatarError(CompositorError, LookupError):
    """The draw list names an avatar that the backend has not loaded."""
