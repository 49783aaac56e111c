"""How a frame of some shape frames the avatar: the camera at rest.

A square frame shows the avatar's canvas as it is. A wide one comes closer: head and shoulders; the
widest still keep the whole face, from crown to chin. A tall one steps back, so that the resting
hands stay in the picture as long as its background and its body reach.
"""

from compositor.drawlist import Camera, FrameSize

__all__ = ["framing"]

# In pixels of a canvas of 1024, where built-in and baked avatars have the head at the same place.
_CANVAS = 1024.0
_HEADROOM = 40.0  # the highest line of the canvas that a wide frame shows, just above the hair
_FACE = 570.0  # from there to below the chin of a speaking mouth: wide frames show no less
_LOWEST = 1122.0  # the lowest line that a tall frame shows: bodies end below it
_WIDEST = 0.79  # zoom of frames twice as wide as high; smaller ones would show backgrounds' ends
_TALLEST = 0.8  # zoom of frames `_TALL` times as high as wide; smaller ones would do so likewise
_TALL = 1.8


def framing(size: FrameSize) -> Camera:
    """The camera at rest for frames of that size, in pixels of a canvas of 1024.

    Frames up to 2.3 times as wide as high show nothing beyond backgrounds, which reach 160 pixels
    beyond the canvas; wider ones do, at their sides, for the sake of the face.
    """
    aspect = size.width / size.height
    if aspect >= 1.0:
        zoom = 1.0 + (_WIDEST - 1.0) * min(aspect - 1.0, 1.0)
        zoom = min(zoom, _CANVAS / (aspect * _FACE))
        shown = _CANVAS / (aspect * zoom)
        return Camera(y=min(0.0, _HEADROOM + shown / 2 - _CANVAS / 2), zoom=zoom)
    zoom = 1.0 + (_TALLEST - 1.0) * min((1.0 / aspect - 1.0) / (_TALL - 1.0), 1.0)
    shown = _CANVAS / zoom
    return Camera(y=min(0.0, _LOWEST - shown / 2 - _CANVAS / 2), zoom=zoom)
