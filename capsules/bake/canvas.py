"""Where a photo lies on the avatar's canvas, and pictures laid out in canvas pixels."""

from dataclasses import dataclass, replace
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace, Photo

__all__ = [
    "BACKGROUND_SHEET", "BODY_SHEET", "CANVAS_PX", "Floats", "Numbers", "Placement", "Sheet",
    "bump", "disc", "fill_smoothly", "place", "smoothstep", "vector",
]  # fmt: skip

CANVAS_PX = 1024
# Where the built-in avatar has her eyes, and how far below them her chin is.
_EYES_AT = (512.0, 352.0)
_EYES_TO_CHIN_PX = 205.0
_CHIN, _RIGHT_OUTER, _LEFT_OUTER, _RIGHT_INNER, _LEFT_INNER = 152, 33, 263, 133, 362

Floats = NDArray[np.float32]
Numbers = NDArray[Any]
"""What may come in as numbers of any kind."""


def smoothstep(low: float, high: float, value: Numbers) -> Floats:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the greater one."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def vector(*values: float) -> Floats:
    """A small vector of numbers."""
    return np.array(values, np.float32)


def bump(t: Numbers, power: float = 1.0) -> Floats:
    """0 at t = 0 and t = 1, 1 between: a half wave of the sine to a power."""
    wave = np.maximum(np.sin(np.pi * np.clip(np.asarray(t, np.float64), 0.0, 1.0)), 0.0)
    return np.asarray(wave**power, np.float32)


@dataclass(frozen=True, slots=True)
class Placement:
    """How photo pixels become canvas pixels: scaled, then moved; never turned.

    Attributes:
        scale: Canvas pixels a photo pixel.
        x: Where the photo's left edge lies, canvas pixels.
        y: Where its upper edge lies.
    """

    scale: float
    x: float
    y: float

    def points(self, photo_px: Floats) -> Floats:
        """(..., 2 or 3) photo pixels as canvas pixels; a third coordinate is only scaled."""
        out = np.asarray(photo_px, np.float32) * self.scale
        out[..., 0] += self.x
        out[..., 1] += self.y
        return out


def place(face: FoundFace) -> Placement:
    """Lays a face where the built-in avatar has hers, at the same size."""
    marks = face.landmarks.astype(np.float64)
    eyes = marks[[_RIGHT_OUTER, _LEFT_OUTER, _RIGHT_INNER, _LEFT_INNER]].mean(axis=0)
    # Depth counts, so that a raised or lowered head is not taken for a short face.
    scale = _EYES_TO_CHIN_PX / float(np.linalg.norm((marks[_CHIN] - eyes)[:2]))
    middle = 0.5 * eyes[0] + 0.25 * (marks[:, 0].min() + marks[:, 0].max())
    return Placement(scale, _EYES_AT[0] - scale * middle, _EYES_AT[1] - scale * eyes[1])


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rectangle of the canvas and the picture that covers it.

    Attributes:
        left: Canvas pixels.
        top: Canvas pixels.
        width: Canvas pixels.
        height: Canvas pixels.
        scale: Texels a canvas pixel.
    """

    left: float
    top: float
    width: float
    height: float
    scale: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its picture."""
        return round(self.height * self.scale), round(self.width * self.scale)

    def uv(self, points: Floats) -> Floats:
        """Texture coordinates (V, 2) of canvas points."""
        offset = np.array([self.left, self.top], np.float32)
        return np.asarray((points - offset) / (self.width, self.height), np.float32)

    def texels(self, points: Numbers) -> Floats:
        """Canvas points (..., 2) as texels; the centre of the first texel is (0, 0)."""
        offset = np.array([self.left, self.top], np.float32)
        return np.asarray((points - offset) * self.scale - 0.5, np.float32)

    def grid(self) -> tuple[Floats, Floats]:
        """Canvas x and y of every texel's centre, each (h, w)."""
        h, w = self.shape
        x = self.left + (np.arange(w, dtype=np.float32) + 0.5) / self.scale
        y = self.top + (np.arange(h, dtype=np.float32) + 0.5) / self.scale
        gx, gy = np.meshgrid(x, y)
        return gx, gy

    def moved(self, dx: float, dy: float) -> Self:
        """A rectangle of the same size elsewhere."""
        return replace(self, left=self.left + dx, top=self.top + dy)

    def at(self, scale: float) -> Self:
        """The same rectangle at another resolution."""
        return replace(self, scale=scale)

    def fill(self, *polygons: Numbers, blur_px: float = 0.0) -> Floats:
        """Coverage (h, w) in [0, 1] of closed polygons (even-odd).

        Args:
            polygons: (N, 2) each, canvas pixels.
            blur_px: How soft their edges are, canvas pixels.
        """
        shift = 6
        corners = [np.round(self.texels(one) * (1 << shift)).astype(np.int32) for one in polygons]
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, corners, 255, cv2.LINE_AA, shift)
        out = mask.astype(np.float32) / 255.0
        return self.blurred(out, blur_px)

    def line(self, line: Floats, width_px: float, blur_px: float = 0.0) -> Floats:
        """Coverage (h, w) of a line (N, 2) of that width."""
        shift = 6
        corners = np.round(self.texels(line) * (1 << shift)).astype(np.int32)
        mask = np.zeros(self.shape, np.uint8)
        thick = max(1, round(width_px * self.scale))
        cv2.polylines(mask, [corners], False, 255, thick, cv2.LINE_AA, shift)
        return self.blurred(mask.astype(np.float32) / 255.0, blur_px)

    def blurred(self, image: Numbers, sigma_px: float) -> Floats:
        """An image (h, w) or (h, w, c) blurred by a Gaussian of `sigma_px` canvas pixels."""
        if sigma_px <= 0.0:
            return np.asarray(image, np.float32)
        sigma = sigma_px * self.scale
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)

    def photo(self, photo: Photo, placement: Placement, *, mirrored: bool = False) -> Floats:
        """The photo's colours (h, w, 3) in [0, 1] on this sheet.

        Where the photo ends it is mirrored, or its edges are drawn outwards.
        """
        border = cv2.BORDER_REFLECT_101 if mirrored else cv2.BORDER_REPLICATE
        rgb = photo.rgb.astype(np.float32) / 255.0
        return np.clip(_warp(rgb, self, placement, border), 0.0, 1.0)

    def mask(self, mask: Floats, placement: Placement, *, mirrored: bool) -> Floats:
        """A mask of the photo's size (H, W) on this sheet (h, w).

        Where the photo ends it is mirrored as the colours are, or its edges are drawn outwards.
        """
        border = cv2.BORDER_REFLECT_101 if mirrored else cv2.BORDER_REPLICATE
        return np.clip(_warp(mask.astype(np.float32), self, placement, border), 0.0, 1.0)

    def beyond(self, photo: Photo, placement: Placement) -> tuple[Floats, Floats]:
        """How far texels lie left or right of the photo, and above or below it, canvas pixels."""
        x, y = self.grid()
        h, w = photo.rgb.shape[:2]
        left, top = placement.x, placement.y
        right, bottom = left + w * placement.scale, top + h * placement.scale
        aside = np.maximum(np.maximum(left - x, x - right), 0.0)
        upright = np.maximum(np.maximum(top - y, y - bottom), 0.0)
        return aside.astype(np.float32), upright.astype(np.float32)


BACKGROUND_SHEET = Sheet(-160.0, -160.0, 1344.0, 1344.0, 0.75)
"""Larger than the canvas, for a camera that moves."""

BODY_SHEET = Sheet(-80.0, -80.0, CANVAS_PX + 160.0, CANVAS_PX + 200.0, 1.0)
"""Larger than the canvas, for a body that moves."""


def _warp(image: Floats, sheet: Sheet, placement: Placement, border: int) -> Floats:
    """Resamples a photo-sized image to a sheet, without aliasing and without loss of edges."""
    ratio = placement.scale * sheet.scale
    if ratio < 0.5:
        # Shrunk by areas first, since the warp reads only a few neighbours.
        h, w = image.shape[:2]
        size = (max(1, round(w * ratio * 1.5)), max(1, round(h * ratio * 1.5)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
        across, down = w / size[0], h / size[1]
    else:
        across = down = 1.0
    a, d = across * ratio, down * ratio
    bx = (placement.x - sheet.left) * sheet.scale - 0.5 + 0.5 * a
    by = (placement.y - sheet.top) * sheet.scale - 0.5 + 0.5 * d
    matrix = np.array([[a, 0.0, bx], [0.0, d, by]])
    h, w = sheet.shape
    out = cv2.warpAffine(image, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(out, np.float32)


def fill_smoothly(image: Floats, known: Floats) -> Floats:
    """Continues an image smoothly over what is not known (pull-push; Gortler et al., 1996).

    Args:
        image: (h, w, c).
        known: (h, w) in [0, 1]; what is 1 is kept as it is.

    Returns:
        (h, w, c).
    """
    weights = [np.asarray(known, np.float32)[..., None]]
    sums = [np.asarray(image, np.float32) * weights[0]]
    while min(sums[-1].shape[:2]) > 1:
        size = tuple(-(-n // 2) for n in sums[-1].shape[1::-1])
        smaller = [
            cv2.resize(cv2.GaussianBlur(a, (0, 0), 1.0), size, interpolation=cv2.INTER_AREA)
            for a in (sums[-1], weights[-1])
        ]
        total, share = smaller[0].reshape(*size[::-1], -1), smaller[1].reshape(*size[::-1], 1)
        gain = np.minimum(share * 4.0, 1.0) / np.maximum(share, 1e-6)
        sums.append(np.asarray(total * gain, np.float32))
        weights.append(np.asarray(share * gain, np.float32))
    out = sums[-1] / np.maximum(weights[-1], 1e-6)
    for total, share in zip(sums[-2::-1], weights[-2::-1], strict=True):
        h, w = total.shape[:2]
        larger = cv2.resize(out, (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, -1)
        out = total + (1.0 - share) * larger
    return np.asarray(out, np.float32)


def disc(radius: float) -> NDArray[np.uint8]:
    """A round neighbourhood of that radius in texels, for cv2.dilate and cv2.erode."""
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
