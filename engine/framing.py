"""How a frame of some shape frames the avatar: the camera at rest.

A square frame shows the avatar's canvas as it is. A wide one comes closer: head and shoulders,
whole. A tall one steps back, so that head and hands stay in the picture.
"""

from compositor.drawlist import Camera, FrameSize

__all__ = ["framing"]

# In pixels of a canvas of 1024, where built-in and baked avatars have the head at the same place.
_CANVAS = 1024.0
_HEADROOM = 40.0  # the highest line of the canvas that a wide frame shows, just above the hair
_LOWEST = 1094.0  # the lowest line that a tall frame shows: avatars end some way below it
_WIDEST = 0.79  # zoom of frames twice as wide as high; smaller ones would show backgrounds' ends
_TALLEST = 0.84  # zoom of frames twice as high as wide


def framing(size: FrameSize) -> Camera:
    """The camera at rest for frames of that size, in pixels of a canvas of 1024."""
    aspect = size.width / size.height
    if aspect >= 1.0:
        zoom = 1.0 + (_WIDEST - 1.0) * min(aspect - 1.0, 1.0)
        shown = _CANVAS / (aspect * zoom)
        return Camera(y=min(0.0, _HEADROOM + shown / 2 - _CANVAS / 2), zoom=zoom)
    zoom = 1.0 + (_TALLEST - 1.0) * min(1.0 / aspect - 1.0, 1.0)
    shown = _CANVAS / zoom
    return Camera(y=min(0.0, _LOWEST - shown / 2 - _CANVAS / 2), zoom=zoom)
