"""Avatars drawn by a few lines of numpy, for tests of what draws them."""

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part, Provenance

__all__ = ["PROVENANCE", "grid", "plain_part", "solid", "synthetic_avatar"]

PROVENANCE = Provenance("drawn by code", "tests", "0" * 64, "not a real person")


def solid(rgba: tuple[int, int, int, int], side_px: int = 16) -> NDArray[np.uint8]:
    """A texture of one premultiplied colour."""
    return np.full((side_px, side_px, 4), rgba, np.uint8)


def grid(
    rect: tuple[float, float, float, float], columns: int, rows: int, seed: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Vertices, uv and triangles of a grid over (left, top, width, height).

    With a seed, its inner vertices are shifted at random.
    """
    left, top, width, height = rect
    v, u = np.mgrid[0 : rows + 1, 0 : columns + 1].astype(np.float64)
    u, v = u / columns, v / rows
    x, y = left + u * width, top + v * height
    if seed is not None:
        rng = np.random.default_rng(seed)
        shift = (slice(1, -1), slice(1, -1))
        x[shift] += rng.uniform(-0.3, 0.3, x[shift].shape) * width / columns
        y[shift] += rng.uniform(-0.3, 0.3, y[shift].shape) * height / rows
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    upper = np.stack([first, first + 1, first + columns + 1], axis=1)
    lower = np.stack([first + 1, first + columns + 2, first + columns + 1], axis=1)
    triangles = np.stack([upper, lower], axis=1).reshape(-1, 3).astype(np.int32)
    vertices = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    return vertices, np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float32), triangles


def plain_part(
    name: str,
    rect: tuple[float, float, float, float],
    texture: NDArray[np.uint8],
    *,
    cells: int = 1,
    seed: int | None = None,
    **others: object,
) -> Part:
    """A rectangular part of `cells` x `cells` cells."""
    vertices, uv, triangles = grid(rect, cells, cells, seed)
    return Part(name, vertices, uv, triangles, texture, **others)  # type: ignore[arg-type] # fields of Part by name


def _gradient(side_px: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:side_px, 0:side_px] / (side_px - 1)
    rgba = np.stack([60 + 120 * x, 90 + 90 * y, 200 - 80 * x, np.full_like(x, 255)], axis=2)
    return rgba.astype(np.uint8)


def _disc(side_px: int, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A textured disc with a soft edge, premultiplied."""
    y, x = (np.mgrid[0:side_px, 0:side_px] + 0.5) / side_px * 2 - 1
    alpha = np.clip((1.0 - np.hypot(x, y)) * 24, 0.0, 1.0)
    pattern = 0.85 + 0.15 * np.sin(9 * x) * np.cos(7 * y)
    rgb = np.asarray(colour) * pattern[:, :, None] * alpha[:, :, None]
    return np.dstack([rgb, 255 * alpha]).round().astype(np.uint8)


def _sphere_normals(side_px: int) -> NDArray[np.int8]:
    y, x = (np.mgrid[0:side_px, 0:side_px] + 0.5) / side_px * 2 - 1
    longest = np.maximum(np.hypot(x, y) / 0.95, 1.0)
    return np.round(np.dstack([x / longest, y / longest]) * 127).astype(np.int8)


def _bases(
    vertices: NDArray[np.float32], names: list[str], residual_px: int, seed: int
) -> dict[str, Basis]:
    rng = np.random.default_rng(seed)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    bases = {}
    for k, name in enumerate(names):
        centre = rng.uniform(low, high)
        reach = np.exp(-(((vertices - centre) / (high - low) * 4) ** 2).sum(axis=1))
        delta = (reach[:, None] * rng.uniform(-24, 24, 2)).astype(np.float16)
        residual = None
        if k % 2 == 0:
            y, x = np.mgrid[0:residual_px, 0:residual_px] / residual_px - rng.uniform(
                0.2, 0.8, (2, 1, 1)
            )
            bump = np.exp(-(x * x + y * y) * 20)
            residual = np.round(bump[:, :, None] * rng.uniform(-60, 60, 3)).astype(np.int8)
        bases[name] = Basis(delta, residual)
    return bases


def synthetic_avatar(scale: float = 1.0) -> Avatar:
    """A background, a body, a lit face with bases b00 to b15, and two hands; canvas 1024.

    Args:
        scale: Of texture sizes; 1 gives about one texel a canvas pixel.
    """

    def side(px: float) -> int:
        return round(px * scale)

    face = plain_part("face", (272, 160, 480, 480), _disc(side(480), (230, 180, 150)), cells=20)
    names = [f"b{k:02d}" for k in range(16)]
    face = Part(
        "face",
        face.vertices,
        face.uv,
        face.triangles,
        face.texture,
        normals=_sphere_normals(side(240)),
        residual_rect=(side(60), side(60), side(360), side(360)),
        pivot=(512.0, 640.0),
        bases=_bases(face.vertices, names, 48, 1),
    )
    body = plain_part("body", (162, 560, 700, 700), _disc(side(700), (70, 90, 160)), cells=12)
    hands = [
        plain_part(
            name,
            (left, 640, 220, 220),
            _disc(side(220), (230, 170, 140)),
            cells=12,
            normals=_sphere_normals(side(220)),
            pivot=(left + 110.0, 860.0),
        )
        for name, left in (("handRight", 90.0), ("handLeft", 714.0))
    ]
    background = plain_part("background", (-64, -64, 1152, 1152), _gradient(side(1152)))
    return Avatar("synthetic", 1024, (background, body, face, *hands), PROVENANCE)
