"""What can go wrong while drawing.

CompositorError
├── BackendUnavailableError  no such adapter or driver here; use the other backend
├── DeviceLostError          the GPU is gone; the same frame on another backend works
├── InvalidAvatarError       an avatar's arrays do not fit each other; bake it again
├── PictureError             a picture file cannot be used; mend or replace the file
├── RenderError              the draw lists could not be drawn, the device lives; others can be
└── UnknownAvatarError       a draw list names an avatar that was not loaded; load it and retry
"""

__all__ = [
    "BackendUnavailableError",
    "CompositorError",
    "DeviceLostError",
    "InvalidAvatarError",
    "PictureError",
    "RenderError",
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


class PictureError(CompositorError):
    """A picture file cannot be read or is too large."""


class RenderError(CompositorError):
    """The backend could not draw these draw lists, or take this avatar; it is fit for others."""


class UnknownAvatarError(CompositorError, LookupError):
    """The draw list names an avatar that the backend has not loaded."""
