"""How the avatar sits: slow sway, shifts of weight, and the bearing that goes with its manner.

Faces that are held waver as well: nobody smiles or frowns for a minute without letting go a little
now and then.
"""

from collections.abc import Sequence

from engine.motion.chance import RESTART_MS, uniform
from engine.motion.drift import Drift
from engine.motion.manners import MANNERS, SPEAKING, Manner
from engine.motion.plans import target_index
from engine.motion.renewals import Renewals
from engine.motion.spring import Spring

__all__ = ["Posture"]

_SWAYS: tuple[tuple[str, float], ...] = (
    ("headYaw", 0.068),
    ("headPitch", 0.050),
    ("headRoll", 0.060),
    ("bodySway", 0.070),
    ("bodyLean", 0.030),
    ("handLeft.x", 1.6),
    ("handRight.x", 1.6),
    ("handLeft.rotate", 0.7),
    ("handRight.rotate", 0.7),
    ("mouthSmileLeft", 0.034),
    ("mouthSmileRight", 0.034),
    ("mouthPressLeft", 0.030),
    ("mouthPressRight", 0.030),
    ("mouthShrugLower", 0.026),
    ("browInnerUp", 0.034),
    ("browOuterUpLeft", 0.030),
    ("browOuterUpRight", 0.030),
    ("browDownLeft", 0.024),
    ("browDownRight", 0.024),
    ("eyeSquintLeft", 0.030),
    ("eyeSquintRight", 0.030),
    ("cheekSquintLeft", 0.014),
    ("cheekSquintRight", 0.014),
    *(
        (f"hand{side}{finger}Curl", 0.022)
        for side in ("Left", "Right")
        for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")
    ),
)
# A face's drift lies above its rest, below which it cannot go.
_RAISED: tuple[tuple[str, float], ...] = (
    ("mouthSmileLeft", 0.030),
    ("mouthSmileRight", 0.030),
    ("mouthPressLeft", 0.020),
    ("mouthPressRight", 0.020),
    ("mouthShrugLower", 0.016),
    ("browInnerUp", 0.026),
    ("browOuterUpLeft", 0.022),
    ("browOuterUpRight", 0.022),
    ("browDownLeft", 0.016),
    ("browDownRight", 0.016),
    ("eyeSquintLeft", 0.020),
    ("eyeSquintRight", 0.020),
    ("cheekSquintLeft", 0.012),
    ("cheekSquintRight", 0.012),
)
# How far what is held of a face lets go at most, and which of the wavers it goes with: mouth and
# brows each have one, and what is on the right is a little behind or ahead.
_WAVERS: tuple[tuple[str, float, int], ...] = (
    ("mouthSmileLeft", 0.34, 0),
    ("mouthSmileRight", 0.34, 1),
    ("cheekSquintLeft", 0.34, 0),
    ("cheekSquintRight", 0.34, 1),
    ("mouthFrownLeft", 0.18, 0),
    ("mouthFrownRight", 0.18, 1),
    ("mouthPressLeft", 0.30, 0),
    ("mouthPressRight", 0.30, 1),
    ("browOuterUpLeft", 0.22, 2),
    ("browOuterUpRight", 0.22, 3),
    ("browInnerUp", 0.22, 2),
    ("browDownLeft", 0.22, 2),
    ("browDownRight", 0.22, 3),
)
_LETS_GO = (1.0, 1.0, 1.0, 1.0)  # mouth and brows, and what the right of each has of its own
_ALIKE = 0.8  # how much left and right have in common
# What goes along with a shift of weight: the trunk leans over, and the head stays upright.
_SHIFT: tuple[tuple[str, float], ...] = (
    ("bodySway", 0.08),
    ("headRoll", -0.075),
    ("headYaw", -0.022),
    ("shoulderShrug", 0.012),
)
_SHIFT_SPREAD = 0.4
_LEAST_SHIFT_MS = 5000.0
_SHIFT_MS = 2100.0
_BEARING_MS = 1100.0
_STREAM = 0x5A1


class Posture:
    """The body at rest. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
        manner: How it behaves to begin with.
    """

    def __init__(self, seed: int, manner: Manner) -> None:
        index = target_index()
        self._seed = seed
        raised = dict(_RAISED)
        # One drift for all: what sways, then what lets go.
        self._drift = Drift(seed, _STREAM, [*(amount for _, amount in _SWAYS), *_LETS_GO])
        self._swaying = [(index[name], raised.get(name, 0.0)) for name, _ in _SWAYS]
        self._wavering = [(index[name], depth, number) for name, depth, number in _WAVERS]
        self._moments = Renewals(seed, _STREAM, manner.shift_ms, _SHIFT_SPREAD, _LEAST_SHIFT_MS)
        self._weight = Spring(_SHIFT_MS)
        self._ran_ms = 0.0
        self._shift = [(index[name], amount) for name, amount in _SHIFT]
        self._sway = Spring(_BEARING_MS, manner.sway)
        names = {name for item in (*MANNERS.values(), SPEAKING) for name, _ in item.pose}
        self._bearing = {name: Spring(_BEARING_MS) for name in sorted(names)}
        self._springs = [(index[name], spring) for name, spring in self._bearing.items()]

    def turn(self, manner: Manner, now_ms: float) -> None:
        """Sits otherwise from now on."""
        self._run(now_ms)
        self._moments.retime(manner.shift_ms, now_ms)
        self._sway.aim(manner.sway, now_ms)
        held = dict(manner.pose)
        for name, spring in self._bearing.items():
            spring.aim(held.get(name, 0.0), now_ms)

    def add(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        """Adds the posture to `values` (one a target, in table order; not clamped)."""
        self._run(now_ms)
        drifted = self._drift.at(now_ms)
        self._let_go(drifted[-len(_LETS_GO) :], values, busy)
        sway = self._sway.at(now_ms)
        for (place, raised), amount in zip(self._swaying, drifted, strict=False):
            values[place] += (sway * amount + raised) * (1.0 - 0.7 * busy[place])
        leant = self._weight.at(now_ms)
        for place, amount in self._shift:
            values[place] += amount * leant * (1.0 - 0.7 * busy[place])
        for place, spring in self._springs:
            values[place] += spring.at(now_ms) * (1.0 - 0.7 * busy[place])

    def _let_go(self, wavers: Sequence[float], values: list[float], busy: Sequence[float]) -> None:
        """What is held of a face, a little less of it now than before or after."""
        mouth, right_mouth, brows, right_brow = wavers
        levels = [
            0.5 - 0.5 * max(-1.0, min(1.0, level))
            for level in (
                mouth,
                _ALIKE * mouth + (1.0 - _ALIKE) * right_mouth,
                brows,
                _ALIKE * brows + (1.0 - _ALIKE) * right_brow,
            )
        ]
        for place, depth, number in self._wavering:
            if values[place] != 0.0:
                values[place] *= 1.0 - depth * levels[number] * (1.0 - busy[place])

    def _run(self, now_ms: float) -> None:
        if now_ms - self._ran_ms > RESTART_MS:
            self._weight = Spring(_SHIFT_MS)
        self._ran_ms = now_ms
        for start_ms, number in self._moments.due(now_ms):
            # Mostly to the other side, by a different amount each time.
            size = 0.35 + 0.65 * uniform(self._seed, _STREAM, number, 5)
            stays = uniform(self._seed, _STREAM, number, 6) < 0.15
            side = 1.0 if (number % 2 == 0) != stays else -1.0
            self._weight.aim(side * size, start_ms)
