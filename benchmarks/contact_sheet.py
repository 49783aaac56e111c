"""A PNG of many frames beside each other, for people to look at."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420

__all__ = ["write_sheet"]

_SIDE_PX = 300
_LINE_PX = 22


def write_sheet(
    path: Path, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[I420]]]
) -> None:
    """Writes frames as a PNG; its folder is made where it is missing.

    Args:
        path: Where to.
        columns: What each column shows.
        rows: What each row shows, and its frames.
    """
    lines = [_line(", ".join(columns), _SIDE_PX * len(columns))]
    for said, frames in rows:
        pictures = [
            cv2.resize(
                cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420),
                (_SIDE_PX, _SIDE_PX),
                interpolation=cv2.INTER_AREA,
            )
            for frame in frames
        ]
        lines += [_line(said, _SIDE_PX * len(columns)), np.hstack(pictures)]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.vstack(lines)):
        raise OSError(f"{path}: cannot be written")


def _line(text: str, width_px: int) -> NDArray[np.uint8]:
    line = np.full((_LINE_PX, width_px, 3), 32, np.uint8)
    font, white = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)
    cv2.putText(line, text, (6, _LINE_PX - 7), font, 0.5, white, 1, cv2.LINE_AA)
    return line
