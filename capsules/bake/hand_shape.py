"""The hand's anatomy: bones, joints and how a finger bends in space.

Everything is in the hand's own frame, in canvas pixels: the wrist at the origin, y down, fingers
up, the thumb towards +x, z towards the viewer, who sees the back of the hand.
"""

from dataclasses import dataclass

import numpy as np

from capsules.bake.canvas import Floats, smoothstep, vector

__all__ = ["Bend", "Finger", "Frame", "arch_depth", "fingers", "pose_points"]

_STEPS = 160


@dataclass(frozen=True, slots=True)
class Finger:
    """One finger.

    Attributes:
        name: As in `capsules.targets.FINGERS`.
        base: (x, y) of the first joint.
        heading: Degrees from straight up, + towards the thumb.
        bones: Lengths of its three phalanges (for the thumb: metacarpal and two phalanges).
        radii: Half widths at the base, the two joints and the tip.
        rest: Bend of the three joints at rest, degrees.
        fist: Bend of the three joints at curl 1.
        lean: Sideways bend of the three joints at rest, degrees.
        fold: Sideways bend added at curl 1; the thumb's way across the palm.
        spread: Turn at spread 1, degrees.
    """

    name: str
    base: tuple[float, float]
    heading: float
    bones: tuple[float, float, float]
    radii: tuple[float, float, float, float]
    rest: tuple[float, float, float]
    fist: tuple[float, float, float]
    lean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fold: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spread: float = 0.0

    @property
    def length(self) -> float:
        """From the base to the tip's bone end."""
        return sum(self.bones)

    def radius(self, s: Floats) -> Floats:
        """Half width at a distance from the base, with slight waists between the joints."""
        a, b, _ = self.bones
        at = [-30.0, -6.0, 0.5 * a, a, a + 0.55 * b, a + b, self.length]
        r0, r1, r2, r3 = self.radii
        width = [r0 * 0.82, r0, 0.5 * (r0 + r1) * 0.965, r1, 0.5 * (r1 + r2) * 0.96, r2, r3]
        return np.interp(s, at, width).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Frame:
    """How a hand's frame lies on the canvas.

    Attributes:
        side: +1 for the avatar's left hand (picture's right), -1 for the other.
        wrist: Canvas position.
        tilt: Degrees that the fingers lean towards the middle of the picture.
        turn: Degrees that the palm faces the middle of the picture rather than the wearer.
    """

    side: int
    wrist: tuple[float, float]
    tilt: float = 20.0
    turn: float = 15.0

    def to_canvas(self, points: Floats) -> Floats:
        """Canvas positions (n, 2) of points (n, 3) of the frame."""
        across = np.cos(np.radians(self.turn)) * points[:, 0]
        across = across + np.sin(np.radians(self.turn)) * points[:, 2]
        c, s = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        # Fingers (-y) lean to -x for the picture's right hand; the other is its mirror image.
        x = c * across + s * points[:, 1]
        y = -s * across + c * points[:, 1]
        return np.stack([self.wrist[0] + self.side * x, self.wrist[1] + y], axis=1).astype(
            np.float32
        )

    def turned(self, normals: Floats) -> Floats:
        """Normals of the frame, on the canvas."""
        c, s = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        ct, st = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        y = normals[..., 1]
        x = ct * normals[..., 0] + st * normals[..., 2]
        z = ct * normals[..., 2] - st * normals[..., 0]
        return np.stack([self.side * (c * x + s * y), -s * x + c * y, z], axis=-1).astype(
            np.float32
        )


@dataclass(frozen=True, slots=True)
class Bend:
    """A finger's pose: curl and spread as weights on top of rest."""

    curl: float = 0.0
    spread: float = 0.0


def fingers() -> tuple[Finger, ...]:
    """The five fingers, thumb first."""
    fist = (82.0, 98.0, 52.0)
    return (
        Finger(
            "Thumb", base=(31, -27), heading=49, bones=(50, 37, 26), radii=(18.0, 14.2, 12.4, 8.4),
            rest=(7, 12, 12), fist=(16, 22, 26), lean=(-8, -18, -10), fold=(-30, -34, -44),
            spread=20,
        ),
        Finger(
            "Index", base=(33, -113), heading=12, bones=(50, 31, 23), radii=(13.2, 11.9, 10.3, 7.4),
            rest=(9, 19, 11), fist=fist, lean=(-1, -4, -3), fold=(-2, -2, -2), spread=11,
        ),
        Finger(
            "Middle", base=(9, -121), heading=4, bones=(56, 35, 25), radii=(13.5, 12.1, 10.5, 7.6),
            rest=(13, 24, 13), fist=fist, lean=(0, -2, -1), fold=(0, 0, 0), spread=7,
        ),
        Finger(
            "Ring", base=(-15, -114), heading=-5, bones=(51, 33, 24), radii=(12.7, 11.4, 9.9, 7.2),
            rest=(16, 28, 14), fist=fist, lean=(0, 1, 2), fold=(1, 1, 1), spread=-9,
        ),
        Finger(
            "Pinky", base=(-37, -99), heading=-16, bones=(39, 26, 20), radii=(11.2, 9.9, 8.7, 6.4),
            rest=(18, 29, 14), fist=fist, lean=(0, 4, 4), fold=(3, 2, 1), spread=-15,
        ),
    )  # fmt: skip


def pose_points(finger: Finger, s: Floats, across: Floats, height: Floats, bend: Bend) -> Floats:
    """Where points of a finger lie in space (n, 3).

    Args:
        finger: Which one.
        s: (n,) distance from the base along the finger.
        across: (n,) towards its right side, canvas pixels.
        height: (n,) above the bone, towards its back.
        bend: The pose. The joints turn over a short arc rather than at a point.
    """
    stations = np.linspace(-34.0, finger.length + 14.0, _STEPS)
    a, b, _ = finger.bones
    flex = np.zeros(_STEPS)
    turn = np.full(_STEPS, np.radians(finger.heading))
    joints = ((0.0, 7.0), (a, 8.0), (a + b, 6.5))
    for k, (at, soft) in enumerate(joints):
        on = smoothstep(at - soft, at + soft, stations.astype(np.float32))
        angle = finger.rest[k] + (finger.fist[k] - finger.rest[k]) * bend.curl
        flex = flex + np.radians(angle) * on
        side = (
            finger.lean[k]
            + finger.fold[k] * bend.curl
            + (finger.spread * bend.spread if k == 0 else 0.0)
        )
        turn = turn + np.radians(side) * on
    heading = np.stack([np.sin(turn), -np.cos(turn)], axis=1)
    along = np.concatenate([heading * np.cos(flex)[:, None], -np.sin(flex)[:, None]], axis=1)
    back = np.concatenate([heading * np.sin(flex)[:, None], np.cos(flex)[:, None]], axis=1)
    right = np.stack([np.cos(turn), np.sin(turn), np.zeros(_STEPS)], axis=1)
    step = stations[1] - stations[0]
    path = np.cumsum(0.5 * (along[1:] + along[:-1]) * step, axis=0)
    path = np.vstack([np.zeros((1, 3)), path])
    origin = [np.interp(0.0, stations, path[:, i]) for i in range(3)]
    knuckle = arch_depth(vector(finger.base[0]), vector(finger.base[1]))
    path = path - origin + np.array([*finger.base, float(knuckle[0])])

    def at_station(table: Floats) -> Floats:
        return np.stack([np.interp(s, stations, table[:, i]) for i in range(3)], axis=1)

    return np.asarray(
        at_station(path) + at_station(right) * across[:, None] + at_station(back) * height[:, None],
        np.float32,
    )


def arch_depth(x: Floats, y: Floats) -> Floats:
    """Depth of the hand's back over the plane of the wrist: the arch of the knuckles."""
    across = np.clip(1.0 - (x / 74.0) ** 2, -1.5, 1.0)
    reach = smoothstep(20.0, -110.0, y)
    return np.asarray((8.0 + 22.0 * across) * reach, np.float32)
