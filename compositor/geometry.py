"""Where things lie: from canvas to frame, and how finely a part's texture is sampled there."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Part
from compositor.drawlist import Camera, FrameSize, PartTransform

__all__ = ["Affine", "canvas_to_frame", "part_to_canvas", "texels_per_canvas_px"]


@dataclass(frozen=True, slots=True)
class Affine:
    """(x, y) -> (a x + b y + c, d x + e y + f)."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    def after(self, first: "Affine") -> "Affine":
        """The transform that applies `first`, then this one."""
        return Affine(
            self.a * first.a + self.b * first.d,
            self.a * first.b + self.b * first.e,
            self.a * first.c + self.b * first.f + self.c,
            self.d * first.a + self.e * first.d,
            self.d * first.b + self.e * first.e,
            self.d * first.c + self.e * first.f + self.f,
        )

    @property
    def inverse(self) -> "Affine":
        """The transform that undoes this one.

        Raises:
            ZeroDivisionError: It maps everything to a line or a point.
        """
        area = self.a * self.e - self.b * self.d
        a, b, d, e = self.e / area, -self.b / area, -self.d / area, self.a / area
        return Affine(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)

    @property
    def scale(self) -> float:
        """By how much lengths grow."""
        return math.sqrt(abs(self.a * self.e - self.b * self.d))


def _turn_about(
    point: tuple[float, float], to: tuple[float, float], degrees: float, scale: float
) -> Affine:
    """Turns clockwise and scales about `point`, which lands on `to` (y points down)."""
    cosine = math.cos(math.radians(degrees)) * scale
    sine = math.sin(math.radians(degrees)) * scale
    x, y = point
    return Affine(
        cosine, -sine, to[0] - cosine * x + sine * y, sine, cosine, to[1] - sine * x - cosine * y
    )


def canvas_to_frame(camera: Camera, size: FrameSize, canvas_px: int) -> Affine:
    """How the camera maps canvas pixels to frame pixels.

    The camera itself moves: where it goes right, the picture goes left; where it rolls clockwise,
    the picture turns counter-clockwise.
    """
    middle = canvas_px / 2
    return _turn_about(
        (middle + camera.x, middle + camera.y),
        (size.width / 2, size.height / 2),
        -camera.roll,
        max(size.width, size.height) / canvas_px * camera.zoom,
    )


def part_to_canvas(move: PartTransform | None, pivot: tuple[float, float]) -> Affine:
    """How a part's transform moves its canvas pixels; None leaves them."""
    if move is None:
        return Affine()
    return _turn_about(pivot, (pivot[0] + move.x, pivot[1] + move.y), move.rotate, move.scale)


def texels_per_canvas_px(part: Part) -> float:
    """The texture's linear resolution over the part's rest mesh; 1 for an empty mesh."""
    height, width = part.texture.shape[:2]
    canvas = _area(part.vertices.astype(np.float64), part.triangles)
    texture = _area(part.uv.astype(np.float64) * (width, height), part.triangles)
    return math.sqrt(texture / canvas) if canvas > 0.0 and texture > 0.0 else 1.0


def _area(points: NDArray[np.float64], triangles: NDArray[np.int32]) -> float:
    corners = points[triangles]
    one = corners[:, 1] - corners[:, 0]
    two = corners[:, 2] - corners[:, 0]
    return float(np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum() / 2)
