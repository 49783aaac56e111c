"""Bases of head and body pose: one smooth field for all parts, with parallax by depth.

Each basis is the derivative of a movement, so that it is right in both directions.
"""

import numpy as np

from capsules.mira.features import CENTRE_X
from capsules.mira.raster import Floats, smoothstep

__all__ = ["body_bases", "hair_depth", "head_bases", "head_depth"]

_NECK = (CENTRE_X, 590.0)
_YAW = np.sin(np.radians(25.0)) * 0.86
_PITCH = np.sin(np.radians(20.0)) * 0.86
_ROLL = np.sin(np.radians(15.0))


def head_depth(x: Floats, y: Floats) -> Floats:
    """Depth of the face towards the viewer over the axis of the neck, canvas pixels."""
    dx = x - CENTRE_X
    base = 128.0 * (1.0 - (np.abs(dx) / 186.0) ** 2.2) * (1.0 - (np.abs(y - 375.0) / 330.0) ** 2.4)
    ridge = np.interp(y, [290, 330, 400, 428, 446, 460], [0, 6, 30, 40, 14, 0])
    nose = ridge * np.exp(-0.5 * (dx / 20.0) ** 2)
    lips = 8.0 * np.exp(-0.5 * ((dx / 34.0) ** 2 + ((y - 484.0) / 20.0) ** 2))
    chin = 10.0 * np.exp(-0.5 * ((dx / 34.0) ** 2 + ((y - 540.0) / 22.0) ** 2))
    return np.asarray(base + nose + lips + chin, np.float32)


def hair_depth(x: Floats, y: Floats, *, back: bool) -> Floats:
    """Depth of the hair: in front it follows the head, behind it lies beyond the axis."""
    if back:
        # At the crown it meets the hair in front.
        return np.asarray(26.0 - 60.0 * smoothstep(100.0, 300.0, y), np.float32)
    dx = np.abs(x - CENTRE_X)
    cap = 138.0 * (1.0 - (dx / 205.0) ** 2.2) * (1.0 - (np.abs(y - 350.0) / 300.0) ** 2.0)
    # The sides are full: where the head turns away, more of the hair's thickness shows.
    full = 14.0 * smoothstep(90.0, 240.0, y)
    cap = full + np.logaddexp(0.0, (cap - full) / 14.0) * 14.0
    hang = 20.0 * smoothstep(430.0, 620.0, y)
    return np.asarray(cap + hang, np.float32)


def head_bases(x: Floats, y: Floats, depth: Floats, follow: Floats) -> dict[str, Floats]:
    """headYaw, headPitch and headRoll of points.

    Args:
        x: (V,) canvas pixels.
        y: (V,) canvas pixels.
        depth: (V,) towards the viewer.
        follow: (V,) how much of the head's movement a point takes part in, [0, 1].
    """
    yaw = np.stack([depth * _YAW * follow, np.zeros_like(x)], axis=-1)
    lift = (depth - 26.0) * _PITCH * follow
    pitch = np.stack(
        [-0.045 * (x - CENTRE_X) * np.clip((y - 380.0) / 200.0, -1, 1) * follow, -lift], axis=-1
    )
    roll = np.stack([-(y - _NECK[1]) * _ROLL, (x - _NECK[0]) * _ROLL], axis=-1) * follow[:, None]
    return {
        "headYaw": yaw.astype(np.float32),
        "headPitch": pitch.astype(np.float32),
        "headRoll": roll.astype(np.float32),
    }


def body_bases(x: Floats, y: Floats, head: Floats) -> dict[str, Floats]:
    """bodyLean, bodySway, shoulderShrug and breath of points.

    Args:
        x: (V,) canvas pixels.
        y: (V,) canvas pixels.
        head: (V,) 1 for what hangs on the head, 0 for the body.
    """
    dx, dy = x - CENTRE_X, y - 1080.0
    lean = np.stack([0.062 * dx, 0.040 * dy + 20.0 * smoothstep(900.0, 300.0, y)], axis=-1)
    sway = np.stack([30.0 * smoothstep(1180.0, 250.0, y) + 6.0, 0.02 * dx * (1.0 - head)], axis=-1)
    shoulder = np.exp(-0.5 * ((np.abs(dx) - 275.0) / 120.0) ** 2) * smoothstep(1120.0, 760.0, y)
    collar = (
        0.30
        * np.exp(-0.5 * (dx / 130.0) ** 2)
        * smoothstep(620.0, 690.0, y)
        * smoothstep(1000.0, 720.0, y)
    )
    body = 1.0 - head
    shrug = np.stack(
        [-0.02 * dx * shoulder * body, -(40.0 * shoulder + 20.0 * collar) * body + 5.0 * head],
        axis=-1,
    )
    chest = np.exp(-0.5 * ((dx / 230.0) ** 2 + ((y - 860.0) / 150.0) ** 2)) * body
    rise = 2.4 * head + body * 6.0 * smoothstep(1120.0, 720.0, y) * (
        0.4 + 0.6 * smoothstep(40.0, 200.0, np.abs(dx))
    )
    breath = np.stack([0.022 * dx * chest, -rise - 3.0 * chest], axis=-1)
    out = {"bodyLean": lean, "bodySway": sway, "shoulderShrug": shrug, "breath": breath}
    return {name: value.astype(np.float32) for name, value in out.items()}
