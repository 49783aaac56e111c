"""Portraits that no camera took: the built-in avatar as a photo, in other skins, lights and poses.

Skin tones, glasses, beards, masks and turns are drawn over her picture or a photo by code.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from benchmarks.scene import mira
from capsules.avatar import Avatar, Part, Provenance
from capsules.bake.found import FoundFace
from compositor.drawlist import Camera, DrawList, FrameSize, Light
from compositor.numba_backend import NumbaCompositor

__all__ = [
    "Spot",
    "bearded",
    "drawn",
    "in_skin",
    "resized",
    "saved",
    "turned_about",
    "with_glasses",
    "with_mask",
]

Picture = NDArray[np.uint8]

_SIDE_PX = 1024
# Where her eyes, mouth and chin are on the canvas of 1024 px, and what the portraits show of it.
_EYES, _MOUTH, _CHIN_Y = ((450.0, 352.0), (574.0, 352.0)), (512.0, 487.0), 557.0
_CAMERA = Camera(y=-90.0, zoom=1.5)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a point of the canvas is in a portrait, and how long a canvas pixel is there."""

    scale: float = _SIDE_PX / 1024 * _CAMERA.zoom

    def at(self, point: tuple[float, float]) -> tuple[float, float]:
        """Portrait pixels of a point of the canvas."""
        x, y = point
        middle = _SIDE_PX / 2
        return (
            middle + self.scale * (x - 512.0 - _CAMERA.x),
            middle + self.scale * (y - 512.0 - _CAMERA.y),
        )


@cache
def _compositor() -> NumbaCompositor:
    compositor = NumbaCompositor()
    compositor.load(mira())
    return compositor


def drawn(*weights: tuple[str, float], light: Light | None = None) -> Picture:
    """The built-in avatar as a portrait (1024, 1024, 3)."""
    draw_list = DrawList(
        "mira",
        FrameSize(_SIDE_PX, _SIDE_PX),
        tuple(sorted(weights)),
        camera=_CAMERA,
        light=light or Light(),
    )
    (frame,) = _compositor().render([draw_list])
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8)


def in_skin(rgb: Picture, tone: tuple[float, float, float]) -> Picture:
    """The portrait as if skin and all else had `tone` times the reflectance, in linear light."""
    linear = (rgb / 255.0) ** 2.2 * np.array(tone)
    return np.asarray((np.clip(linear, 0.0, 1.0) ** (1 / 2.2) * 255.0).round(), np.uint8)


def with_glasses(rgb: Picture, *, dark: bool = False) -> Picture:
    """Round glasses with a thin frame, or sunglasses."""
    spot = Spot()
    out = rgb.copy()
    radius = 44.0 * spot.scale
    bridge = []
    for eye, inward in zip(_EYES, (1.0, -1.0), strict=True):
        x, y = spot.at((eye[0], eye[1] + 4.0))
        centre = (round(x), round(y))
        if dark:
            cv2.circle(out, centre, round(radius), (12, 12, 14), -1, cv2.LINE_AA)
        cv2.circle(out, centre, round(radius), (40, 34, 30), 4, cv2.LINE_AA)
        bridge.append((round(x + inward * radius), round(y)))
        arm = (round(x - inward * radius), round(y))
        cv2.line(
            out, arm, (round(arm[0] - inward * 40), round(y - 8)), (40, 34, 30), 4, cv2.LINE_AA
        )
    cv2.line(out, bridge[0], bridge[1], (40, 34, 30), 4, cv2.LINE_AA)
    return out


def bearded(rgb: Picture, seed: int = 3) -> Picture:
    """A short beard and moustache: thousands of strokes, longer towards the chin."""
    spot = Spot()
    out = rgb.copy()
    rng = np.random.default_rng(seed)
    for _ in range(9000):
        angle, reach = rng.uniform(0.0, np.pi), rng.uniform(0.42, 1.0) ** 0.7
        x = _MOUTH[0] + 92.0 * reach * np.cos(angle)
        y = _MOUTH[1] - 12.0 + (_CHIN_Y - _MOUTH[1] + 14.0) * reach * np.sin(angle)
        if abs(x - _MOUTH[0]) < 36.0 and abs(y - _MOUTH[1]) < 15.0:
            continue  # the lips
        _stroke(out, spot.at((x, y)), rng)
    for _ in range(1500):
        x, y = rng.normal(_MOUTH[0], 20.0), rng.normal(_MOUTH[1] - 21.0, 2.5)
        _stroke(out, spot.at((x, y)), rng)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.7), np.uint8)


def with_mask(rgb: Picture) -> Picture:
    """A cloth over nose, mouth and chin."""
    spot = Spot()
    corners = ((400, 405), (512, 385), (624, 405), (615, 520), (512, 575), (409, 520))
    outline = np.array([spot.at(corner) for corner in corners]).round().astype(np.int32)
    out = rgb.copy()
    cv2.fillPoly(out, [outline], (150, 176, 196), cv2.LINE_AA)
    return out


def turned_about(rgb: Picture, face: FoundFace, yaw_degrees: float) -> Picture:
    """A face turned about its upright axis as a body in space: its landmarks, with the photo on."""
    points = face.landmarks.astype(np.float64)
    middle = points.mean(axis=0)
    angle = np.radians(yaw_degrees)
    x, depth = points[:, 0] - middle[0], points[:, 2] - middle[2]
    across = middle[0] + x * np.cos(angle) - depth * np.sin(angle)
    behind = x * np.sin(angle) + depth * np.cos(angle)
    triangles = Delaunay(points[:, :2]).simplices
    farthest_first = np.argsort(-behind[triangles].mean(axis=1))
    height, width = rgb.shape[:2]
    side = max(height, width)
    texture = np.full((side, side, 4), 255, np.uint8)
    texture[:height, :width, :3] = rgb
    part = Part(
        "face",
        np.stack([across, points[:, 1]], axis=1).astype(np.float32),
        (points[:, :2] / side).astype(np.float32),
        triangles[farthest_first].astype(np.int32),
        texture,
    )
    provenance = Provenance("drawn by code", "tests", "0" * 64, "not a real person")
    compositor = NumbaCompositor()
    compositor.load(Avatar("turned", side, (part,), provenance))
    (frame,) = compositor.render([DrawList("turned", FrameSize(side // 2 * 2, side // 2 * 2))])
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8)


def resized(rgb: Picture, side_px: int) -> Picture:
    """The portrait in another size."""
    way = cv2.INTER_AREA if side_px < rgb.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (side_px, side_px), interpolation=way), np.uint8)


def saved(rgb: Picture, path: Path) -> Path:
    """The portrait as a file, of the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), rgb[..., ::-1]):
        raise OSError(f"{path}: cannot be written")
    return path


def _stroke(out: Picture, at: tuple[float, float], rng: np.random.Generator) -> None:
    x, y = at
    shade = int(rng.integers(28, 70))
    end = (round(x + rng.normal(0.0, 2.5)), round(y + rng.uniform(3.0, 9.0)))
    cv2.line(out, (round(x), round(y)), end, (shade + 12, shade, shade - 8), 1, cv2.LINE_AA)
