"""Sheets of pixels over a piece of the canvas, and the brushes that paint them."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
import skia
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate

from capsules.bake import canvas
from capsules.bake.eyes import Painted

__all__ = [
    "Floats",
    "Paint",
    "Sheet",
    "colour",
    "curve",
    "floats",
    "gaussian",
    "ramp",
    "smoothstep",
]

Floats = NDArray[np.floating[Any]]
"""Pictures and points: float32 in what is kept, wider inside a formula."""


def colour(code: str) -> Floats:
    """An sRGB colour in [0, 1] from "RRGGBB"."""
    return np.array([int(code[i : i + 2], 16) / 255.0 for i in (0, 2, 4)], np.float32)


def floats(values: ArrayLike) -> Floats:
    """Values as a float32 array."""
    return np.asarray(values, np.float32)


def smoothstep(low: float | Floats, high: float | Floats, value: Floats) -> Floats:
    """Hermite step from 0 at `low` to 1 at `high`; `low` may be the greater."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def curve(points: Sequence[tuple[float, float]], count: int, *, closed: bool = False) -> Floats:
    """A smooth curve through points, sampled evenly along its chord length.

    Args:
        points: (x, y) in canvas pixels.
        count: Number of samples.
        closed: Whether the last point leads back to the first.

    Returns:
        (count, 2) samples; of a closed curve the first is not repeated.
    """
    knots = np.array(points, np.float64)
    if closed:
        knots = np.vstack([knots, knots[:1]])
    steps = np.sqrt(np.linalg.norm(np.diff(knots, axis=0), axis=1))
    t = np.concatenate([[0.0], np.cumsum(steps)])
    if closed:
        spline = interpolate.CubicSpline(t, knots, bc_type="periodic")
    else:
        spline = (
            interpolate.PchipInterpolator(t, knots)
            if len(knots) < 3
            else (interpolate.CubicSpline(t, knots))
        )
    fine = spline(np.linspace(0.0, t[-1], 40 * count))
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    ends = np.linspace(0.0, length[-1], count, endpoint=not closed)
    return np.stack(
        [np.interp(ends, length, fine[:, 0]), np.interp(ends, length, fine[:, 1])], axis=1
    ).astype(np.float32)


def gaussian(
    x: Floats, y: Floats, centre: tuple[float, float], sigma: tuple[float, float], turn: float = 0.0
) -> Floats:
    """A bell of height 1 with its axes turned by `turn` degrees (clockwise in the picture)."""
    dx, dy = x - centre[0], y - centre[1]
    if turn:
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        dx, dy = c * dx + s * dy, -s * dx + c * dy
    return np.exp(-0.5 * ((dx / sigma[0]) ** 2 + (dy / sigma[1]) ** 2)).astype(np.float32)


def ramp(value: Floats, stops: Sequence[tuple[float, str]]) -> Floats:
    """Colours (..., 3) for values, interpolated between stops (value, "RRGGBB")."""
    at = [stop[0] for stop in stops]
    colours = np.array([colour(stop[1]) for stop in stops])
    return np.stack([np.interp(value, at, colours[:, i]) for i in range(3)], axis=-1).astype(
        np.float32
    )


@dataclass(frozen=True, slots=True)
class Sheet(canvas.Sheet):
    """A rectangle of the canvas with the brushes of a drawing program."""

    def _surface(self) -> skia.Surface:
        h, w = self.shape
        surface = skia.Surface(w, h)
        surface.getCanvas().clear(0)
        surface.getCanvas().scale(w / self.width, h / self.height)
        surface.getCanvas().translate(-self.left, -self.top)
        return surface

    def _coverage(self, surface: skia.Surface, blur_px: float) -> canvas.Floats:
        alpha = surface.toarray()[:, :, 3].astype(np.float32) / 255.0
        return self.blurred(alpha, blur_px)

    def fill(self, *polygons: canvas.Numbers, blur_px: float = 0.0) -> canvas.Floats:
        """Coverage (h, w) in [0, 1] of closed polygons (even-odd)."""
        surface = self._surface()
        path = skia.Path()
        for polygon in polygons:
            path.addPoly([skia.Point(float(x), float(y)) for x, y in polygon], True)
        path.setFillType(skia.PathFillType.kEvenOdd)
        surface.getCanvas().drawPath(path, skia.Paint(AntiAlias=True))
        return self._coverage(surface, blur_px)

    def stroke(self, line: Floats, widths: Sequence[float], *, blur_px: float = 0.0) -> Floats:
        """Coverage of a brush stroke whose width follows `widths` along the line (n, 2)."""
        return self.fill(ribbon(line, widths), blur_px=blur_px)

    def strokes(
        self, lines: Sequence[Floats], widths: Sequence[float], *, blur_px: float = 0.0
    ) -> Floats:
        """Coverage of many strokes of the same width profile, laid over one another."""
        surface = self._surface()
        brush = skia.Paint(AntiAlias=True)
        for line in lines:
            path = skia.Path()
            outline = ribbon(line, widths)
            path.addPoly([skia.Point(float(x), float(y)) for x, y in outline], True)
            surface.getCanvas().drawPath(path, brush)
        return self._coverage(surface, blur_px)

    def textured(
        self, vertices: Floats, uv: Floats, triangles: NDArray[np.int32], texture: NDArray[np.uint8]
    ) -> Floats:
        """Draws a textured mesh and gives it back as premultiplied RGBA floats."""
        surface = self._surface()
        h, w = texture.shape[:2]
        image = skia.Image.fromarray(
            np.ascontiguousarray(texture),
            skia.ColorType.kRGBA_8888_ColorType,
            skia.AlphaType.kPremul_AlphaType,
        ).withDefaultMipmaps()
        shader = image.makeShader(
            skia.TileMode.kClamp,
            skia.TileMode.kClamp,
            skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear),
        )
        mesh = skia.Vertices(
            skia.Vertices.VertexMode.kTriangles_VertexMode,
            [skia.Point(float(x), float(y)) for x, y in vertices],
            [skia.Point(float(u) * w, float(v) * h) for u, v in uv],
            [skia.ColorWHITE] * len(vertices),
            [int(i) for i in triangles.ravel()],
        )
        surface.getCanvas().drawVertices(mesh, skia.Paint(Shader=shader), skia.BlendMode.kModulate)
        pixels = surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
        return floats(pixels.astype(np.float32) / 255.0)


def ribbon(line: Floats, widths: Sequence[float]) -> Floats:
    """The outline of a stroke: `widths` are full widths, spread evenly along the line."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    at = np.linspace(0.0, 1.0, len(line))
    half = 0.5 * np.interp(at, np.linspace(0.0, 1.0, len(widths)), widths)[:, None]
    return np.vstack([line + normal * half, (line - normal * half)[::-1]]).astype(np.float32)


@dataclass(slots=True)
class Paint:
    """Straight colour and coverage of one sheet.

    Attributes:
        sheet: Where it lies.
        rgb: (h, w, 3) in [0, 1].
        alpha: (h, w) in [0, 1].
    """

    sheet: Sheet
    rgb: Floats
    alpha: Floats = field(default_factory=lambda: np.zeros((1, 1), np.float32))

    @classmethod
    def plain(cls, sheet: Sheet, code: str, alpha: Floats | None = None) -> "Paint":
        """One colour all over."""
        rgb = np.broadcast_to(colour(code), (*sheet.shape, 3)).astype(np.float32)
        cover = np.zeros(sheet.shape, np.float32) if alpha is None else alpha
        return cls(sheet, rgb, cover)

    def glaze(self, code: str, mask: Floats, strength: float = 1.0) -> None:
        """Lays a colour over what is there."""
        cover = (mask * strength)[..., None]
        self.rgb += (colour(code) - self.rgb) * cover

    def multiply(self, code: str, mask: Floats, strength: float = 1.0) -> None:
        """Darkens by a colour, as a transparent ink does."""
        cover = (mask * strength)[..., None]
        self.rgb *= 1.0 + (colour(code) - 1.0) * cover

    def screen(self, code: str, mask: Floats, strength: float = 1.0) -> None:
        """Lightens by a colour, as a second light does."""
        cover = (mask * strength)[..., None]
        self.rgb = 1.0 - (1.0 - self.rgb) * (1.0 - colour(code) * cover)

    def cover(self, code: str, mask: Floats, strength: float = 1.0) -> None:
        """Lays a colour over and adds its coverage."""
        top = mask * strength
        total = top + self.alpha * (1.0 - top)
        share = np.where(total > 1e-5, top / np.maximum(total, 1e-5), 0.0)[..., None]
        self.rgb += (colour(code) - self.rgb) * share.astype(np.float32)
        self.alpha = total.astype(np.float32)

    def cover_shadow(self, mask: Floats, code: str) -> None:
        """Adds coverage of a colour without touching what is already opaque."""
        total = mask + self.alpha * (1.0 - mask)
        share = (mask * (1.0 - self.alpha) / np.maximum(total, 1e-5))[..., None]
        self.rgb += (colour(code) - self.rgb) * share
        self.alpha = total.astype(np.float32)

    def over(self, premultiplied: Floats) -> None:
        """Composites a premultiplied RGBA image of the same size."""
        top = premultiplied[..., 3]
        total = top + self.alpha * (1.0 - top)
        mixed = premultiplied[..., :3] + self.rgb * (self.alpha * (1.0 - top))[..., None]
        self.rgb = np.where(
            total[..., None] > 1e-4, mixed / np.maximum(total, 1e-4)[..., None], self.rgb
        ).astype(np.float32)
        self.alpha = total.astype(np.float32)

    def shrunk(self, factor: int) -> "Paint":
        """The same sheet at a lower resolution, averaged over blocks of `factor` pixels."""
        h, w = self.alpha.shape
        h, w = h // factor * factor, w // factor * factor
        cover = self.alpha[:h, :w, None]
        both = np.concatenate([self.rgb[:h, :w] * np.maximum(cover, 1e-4), cover], axis=2)
        mean = both.reshape(h // factor, factor, w // factor, factor, 4).mean(axis=(1, 3))
        rgb = mean[..., :3] / np.maximum(mean[..., 3:], 1e-4)
        return Paint(self.sheet.at(self.sheet.scale / factor), rgb.astype(np.float32), mean[..., 3])

    def painted(self, normals: NDArray[np.int8] | None = None) -> Painted:
        """As the rig takes it, with normals as bytes if there are any."""
        # Without the brushes: what is cut out of portraits and of drawings is cut alike.
        sheet = canvas.Sheet(*astuple(self.sheet))
        rgb, alpha = np.clip(self.rgb, 0.0, 1.0), np.clip(self.alpha, 0.0, 1.0)
        return Painted(sheet, rgb.astype(np.float32), alpha.astype(np.float32), normals)
