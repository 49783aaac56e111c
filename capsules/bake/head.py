"""Depth of head and body, and the bases of their pose: parallax by depth, damped along the neck.

Each basis is the derivative of a movement, so that it is right in both directions.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, ndimage

from capsules.bake.canvas import Floats, Numbers, Sheet, fill_smoothly, smoothstep
from capsules.bake.topology import Anatomy

__all__ = ["Head", "head_of"]

_YAW = np.sin(np.radians(25.0)) * 0.9
_PITCH = np.sin(np.radians(20.0)) * 0.9
_ROLL = np.sin(np.radians(15.0))
# Depths over the plane of the ears, units of the face.
_AXIS, _NECK, _RIM = 0.22, 0.20, 0.06
_STEEPEST = 2.0  # slope of depth beyond which a turning head would hide what it shows
_MAP_SCALE = 0.25


@dataclass(frozen=True, slots=True)
class Head:
    """The relief of a person on the canvas.

    Attributes:
        face: The anatomy.
        sheet: Where the depth maps lie.
        front: (h, w) depth of the face towards the viewer over the plane of the ears, canvas
            pixels; hair goes on smoothly from the face.
        behind: (h, w) the same of what lies behind the jaw: the neck instead of the chin.
    """

    face: Anatomy
    sheet: Sheet
    front: Floats
    behind: Floats

    def depth(self, points: Floats, *, behind: bool = False) -> Floats:
        """Depth (V,) at points of the canvas."""
        at = self.sheet.texels(points)
        image = self.behind if behind else self.front
        return np.asarray(
            ndimage.map_coordinates(image, (at[:, 1], at[:, 0]), order=1, mode="nearest"),
            np.float32,
        )

    def follow(self, points: Floats) -> Floats:
        """How much (V,) points take part in the head's movement: less and less down the neck."""
        unit, chin = self.face.unit, self.chin[1]
        return 1.0 - smoothstep(chin - 0.15 * unit, chin + 0.95 * unit, points[:, 1])

    @property
    def chin(self) -> Floats:
        """(2,) the chin's lowest point."""
        return np.asarray(self.face.marks[152, :2], np.float32)

    @property
    def middle_x(self) -> float:
        """The head's middle, canvas pixels."""
        return float(0.5 * (self.face.oval[:, 0].min() + self.face.oval[:, 0].max()))

    def pose(
        self, points: Floats, depth: Floats, follow: Floats, *, on_body: Floats | float = 0.0
    ) -> dict[str, Floats]:
        """The pose bases (V, 2) of points.

        Args:
            points: (V, 2) at rest, canvas pixels.
            depth: (V,) from `depth`.
            follow: (V,) share of the head's movement.
            on_body: (V,) or all alike: 1 for what hangs on the body, 0 for the head.
        """
        body = np.broadcast_to(np.asarray(on_body, np.float32), follow.shape)
        return self._head_bases(points, depth, follow) | self._body_bases(points, 1.0 - body)

    def _head_bases(self, points: Floats, depth: Floats, follow: Floats) -> dict[str, Floats]:
        x, y = points.T
        unit, none = self.face.unit, np.zeros_like(x)
        pivot_x, pivot_y = self.middle_x, self.chin[1] + 0.25 * unit
        across = (x - pivot_x) / unit
        yaw = np.stack([depth * _YAW * follow, none], axis=-1)
        lift = (depth - _AXIS * unit) * _PITCH * follow
        narrow = -0.03 * unit * across * np.clip((y - self.face.origin[1]) / (1.4 * unit), -1, 1)
        pitch = np.stack([narrow * follow, -lift], axis=-1)
        roll = np.stack([-(y - pivot_y), x - pivot_x], axis=-1) * (_ROLL * follow)[:, None]
        bases = {"headYaw": yaw, "headPitch": pitch, "headRoll": roll}
        return {name: value.astype(np.float32) for name, value in bases.items()}

    def _body_bases(self, points: Floats, head: Floats) -> dict[str, Floats]:
        dx, y = points[:, 0] - self.middle_x, points[:, 1]
        chin = float(self.chin[1])
        body = 1.0 - head
        rise = smoothstep(chin + 360.0, chin - 240.0, y)
        lean = np.stack([0.062 * dx, 0.040 * (y - 1080.0) + 20.0 * rise], axis=-1)
        sway = np.stack(
            [30.0 * smoothstep(1200.0, chin - 290.0, y) + 6.0, 0.015 * dx * body], axis=-1
        )
        outer = smoothstep(95.0, 260.0, np.abs(dx))
        shoulder = (
            outer * smoothstep(1140.0, chin + 190.0, y) * smoothstep(chin - 60, chin + 120, y)
        )
        collar = 0.35 * smoothstep(chin + 40.0, chin + 150.0, y) * smoothstep(1100.0, chin + 200, y)
        shrug = np.stack(
            [-0.02 * dx * shoulder, -(36.0 * shoulder + 20.0 * collar * (1 - outer)) * body
             + 5.0 * head], axis=-1,
        )  # fmt: skip
        chest = np.exp(-0.5 * ((dx / 230.0) ** 2 + ((y - chin - 310.0) / 150.0) ** 2)) * body
        swell = 2.4 * head + 5.0 * body * smoothstep(1130.0, chin + 170.0, y)
        breath = np.stack([0.022 * dx * chest, -swell - 3.0 * chest], axis=-1)
        bases = {"bodyLean": lean, "bodySway": sway, "shoulderShrug": shrug, "breath": breath}
        return {name: value.astype(np.float32) for name, value in bases.items()}

    def normals(
        self, sheet: Sheet, person: Numbers, *, relief: float, behind: bool
    ) -> NDArray[np.int8]:
        """Normals (h, w, 2) of a sheet: the relief, and rounded off at the person's outline.

        Args:
            sheet: At the wanted resolution.
            person: (h', w') coverage of the person on the depth maps' sheet.
            relief: Factor of the slopes, since the photo has shading of its own.
            behind: Which of the two reliefs.
        """
        unit = self.face.unit
        depth = self.behind if behind else self.front
        round_off = self.sheet.blurred(person, 0.22 * unit) * (0.55 * unit)
        surface = self.sheet.blurred(depth, 0.05 * unit) + round_off
        gy, gx = np.gradient(surface, 1.0 / self.sheet.scale)
        x, y = sheet.grid()
        at = self.sheet.texels(np.stack([x, y], axis=-1))
        slopes = [
            cv2.remap(g.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR,
                      borderMode=cv2.BORDER_REPLICATE)
            for g in (gx, gy)
        ]  # fmt: skip
        normal = np.stack([-slopes[0], -slopes[1], np.ones_like(x)], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.asarray(np.clip(np.round(127.0 * relief * normal[..., :2]), -127, 127), np.int8)


def _gentle(depth: Floats, sheet: Sheet, unit: float) -> Floats:
    """Depth without slopes that are too steep: blurred where, and as much as, it must be."""
    out = sheet.blurred(depth, 0.045 * unit)
    for _ in range(6):
        gy, gx = np.gradient(out, 1.0 / sheet.scale)
        steep = np.maximum(np.abs(gx), np.abs(gy)) > _STEEPEST
        if not steep.any():
            break
        share = sheet.blurred(ndimage.binary_dilation(steep, iterations=3).astype(np.float32),
                              0.06 * unit)  # fmt: skip
        share = np.clip(2.0 * share, 0.0, 1.0)
        out = (1.0 - share) * out + share * sheet.blurred(out, 0.09 * unit)
    return np.asarray(out, np.float32)


def head_of(face: Anatomy, sheet: Sheet) -> Head:
    """The relief of a face's head and neck on a sheet of the canvas."""
    sheet = sheet.at(_MAP_SCALE)
    unit = face.unit
    x, y = sheet.grid()
    ears = face.marks[[234, 454], 2].mean()
    depths = np.asarray(ears - face.marks[:, 2], np.float64)
    surface = interpolate.LinearNDInterpolator(face.marks[:, :2].astype(np.float64), depths)
    inside = sheet.fill(face.oval.mean(axis=0) + 0.96 * (face.oval - face.oval.mean(axis=0))) > 0.5
    # Only inside: where a point lies outside of the triangles, all of them are searched.
    image = np.zeros(inside.shape, np.float32)
    image[inside] = np.nan_to_num(surface(x[inside], y[inside]))
    away = ndimage.distance_transform_edt(~inside) / (sheet.scale * unit)
    far = away > 0.62
    chin = face.marks[152, 1]
    below = smoothstep(chin - 0.6 * unit, chin - 0.1 * unit, y)
    rim = (_RIM + (_NECK - _RIM) * below) * unit

    def continued(known: NDArray[np.bool_]) -> Floats:
        values = np.where(known & inside, image, rim)
        return fill_smoothly(values[..., None], (known | far).astype(np.float32))[..., 0]

    front = _gentle(continued(inside), sheet, unit)
    # The skin under the chin hangs on the chin: the neck stretches rather than uncovers itself.
    low = smoothstep(face.mouth[1] - 0.2 * unit, chin, y)
    behind = front * (1.0 - 0.05 * low)
    return Head(face, sheet, front, np.asarray(behind, np.float32))
