"""Which frames a session may have."""

import re

from compositor.drawlist import FrameSize

__all__ = ["MAX_FPS", "SIZES", "checked_size", "expected_side", "parse_size"]

MAX_FPS = 60
SIZES = {
    "corner": FrameSize(200, 200),
    "bubble": FrameSize(300, 150),
    "panel": FrameSize(320, 600),
    "square": FrameSize(512, 512),
}
"""Frame sizes of the usual overlay shapes."""

_MIN_SIDE_PX = 128
_MAX_SIDE_PX = 1920


def parse_size(value: str) -> FrameSize:
    """Reads a frame size such as "512x512" or a name in `SIZES`.

    Raises:
        ValueError: It is neither, or a side is odd or outside 128 to 1920.
    """
    text = value.strip().lower()
    if text in SIZES:
        return SIZES[text]
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not found:
        raise ValueError(f"expected WIDTHxHEIGHT, such as 512x512, or {', '.join(SIZES)}")
    return checked_size(FrameSize(int(found[1]), int(found[2])))


def checked_size(size: FrameSize) -> FrameSize:
    """The same size.

    Raises:
        ValueError: A side is odd or outside 128 to 1920.
    """
    for side in (size.width, size.height):
        if expected := expected_side(side):
            raise ValueError(f"expected sides that are {expected}")
    return size


def expected_side(side_px: int) -> str:
    """What a frame's side should be instead; empty: it may be this long."""
    if side_px % 2 or not _MIN_SIDE_PX <= side_px <= _MAX_SIDE_PX:
        return f"an even number, {_MIN_SIDE_PX} to {_MAX_SIDE_PX}"
    return ""
