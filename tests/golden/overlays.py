"""Clips that are drawn by code, and poses of Mira with them: what two backends must agree on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules.clip import Clip
from compositor.drawlist import Camera, ClipFrame, DrawList, FrameSize, Light, Overlay, OverlayMode
from compositor.light import directional
from tests.golden.poses import RAISED, SMILE, pose

__all__ = ["CLIPS", "OVERLAID", "DrawnReader"]

FRAMES = 12
RINGS, BANDS, WIDE = "CS_RINGS", "CS_BANDS", "CS_WIDE"


class DrawnReader:
    """Draws a clip's frames instead of reading them: coloured waves with soft outlines.

    Of every clip the first frame is opaque in its middle, and later ones are fainter.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self.open_files = 1
        self.is_closed = False

    def read(self, number: int) -> NDArray[np.uint8]:
        """Premultiplied RGBA (h, w, 4)."""
        if not 0 <= number < self._clip.frame_count:
            raise IndexError(f"frame {number} of {self._clip.frame_count}")
        y, x = np.mgrid[0 : self._clip.height, 0 : self._clip.width]
        u, v = (x + 0.5) / self._clip.width, (y + 0.5) / self._clip.height
        phase = number / FRAMES
        reach = np.hypot(u - 0.5, v - 0.5)
        alpha = np.clip((0.5 - reach) * 6, 0.0, 1.0) * (1.0 - 0.5 * phase)
        turns = (reach, u, v)[len(self._clip.cid) % 3] * 9
        waves = [0.5 + 0.5 * np.sin(turns + 2 * np.pi * phase + k) for k in range(3)]
        rgba = np.stack([*(alpha * wave for wave in waves), alpha], axis=2)
        picture: NDArray[np.uint8] = np.rint(rgba * 255).astype(np.uint8)
        return picture

    def close(self) -> None:
        """Says that it is closed."""
        self.is_closed = True


def _clip(
    cid: str, size: tuple[int, int], rect: tuple[float, float, float, float], after: str
) -> Clip:
    return Clip(cid, Path(f"{cid}.webm"), *size, 25.0, FRAMES, "alpha", rect, after)


CLIPS = (
    _clip(RINGS, (160, 160), (0.3, 0.25, 0.4, 0.4), "face"),
    _clip(BANDS, (240, 120), (0.1, 0.35, 0.7, 0.3), "body"),
    _clip(WIDE, (330, 330), (0.0, 0.0, 1.0, 1.0), ""),
)


def _laid(mode: OverlayMode, after: str, *frames: tuple[str, int, float]) -> Overlay:
    return Overlay(after, mode, tuple(sorted((ClipFrame(*one) for one in frames), key=_place)))


def _place(frame: ClipFrame) -> tuple[str, int]:
    return frame.clip, frame.number


def _with(draw_list: DrawList, *overlays: Overlay, half: bool = False) -> DrawList:
    return replace(draw_list, overlays=overlays, half_clips=half)


def _overlaid() -> dict[str, DrawList]:
    lit = Light(directional(-0.8, 0.6, 0.8), 0.2, -0.3, 1.1)
    found: dict[str, DrawList] = {}
    modes: tuple[OverlayMode, ...] = ("override", "additive", "multiply")
    for mode in modes:
        one = _laid(mode, "face", (RINGS, 3, 1.0))
        two = _laid(mode, "body", (RINGS, 2, 0.35), (BANDS, 7, 0.65))
        same = _laid(mode, "nothing", (WIDE, 4, 0.5), (WIDE, 5, 0.5))
        found |= {
            f"{mode}, one frame": _with(pose(SMILE), one),
            f"{mode}, two frames": _with(pose(), two),
            f"{mode}, two of one clip over all": _with(pose(light=lit), same),
            f"{mode}, with coverage": _with(
                pose(SMILE, coverage=True, light=lit), replace(two, after="face"), one
            ),
            f"{mode}, with a hand": _with(
                pose(transforms=RAISED), _laid(mode, "handLeft", (BANDS, 0, 0.9))
            ),
            f"{mode}, half size, camera": _with(
                pose(SMILE, camera=Camera(20.0, -60.0, 1.5, 6.0)), one, same, half=True
            ),
        }
    every = tuple(_laid(mode, "face", (RINGS, k, 0.7)) for k, mode in enumerate(modes))
    return found | {
        "all modes after one part": _with(pose(), *every),
        "all modes in a wide frame": _with(pose(size=FrameSize(300, 150)), *every),
        "behind, with coverage": _with(
            pose(coverage=True), _laid("override", "background", (WIDE, 0, 0.8))
        ),
        "behind everything": _with(pose(), _laid("override", "background", (WIDE, 0, 1.0))),
        "beyond the canvas": _with(
            pose(camera=Camera(zoom=0.5)), _laid("additive", "", (WIDE, 1, 1.0))
        ),
    }


OVERLAID = _overlaid()
