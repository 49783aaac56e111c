"""What the avatar does when nothing is asked of it: it breathes, looks, sways and blinks.

All of it is a function of time and seed (and of the events that draw its attention), so that any
frame rate samples the same motion. It keeps back where capsules play once on the same targets.
"""

import math
from collections.abc import Sequence

from engine.motion.blinks import Blinks
from engine.motion.chance import uniform
from engine.motion.curves import smooth
from engine.motion.gaze import Gaze
from engine.motion.plans import target_index

__all__ = ["Idle"]

_BREATHS_A_MINUTE = 14.0
_KEPT_WHEN_BUSY = 0.3
_TOO_WIDE = 0.33
_FLASH = 0.16
_FLASH_RISE_MS = 110.0
_FLASH_FALL_MS = 380.0
_FLASH_HEAD_START_MS = 33.0
_FLASH_PAUSE_MS = 350.0
_STREAM = 0x1D1E

# target, amplitude, slow and fast frequency in hertz: sums of sines that never meet again
_SWAYS: tuple[tuple[str, float, float, float], ...] = (
    ("headYaw", 0.075, 0.071, 0.193),
    ("headPitch", 0.050, 0.089, 0.241),
    ("headRoll", 0.060, 0.061, 0.157),
    ("bodySway", 0.060, 0.047, 0.113),
    ("bodyLean", 0.030, 0.053, 0.131),
    ("handLeft.x", 1.6, 0.083, 0.211),
    ("handRight.x", 1.6, 0.079, 0.227),
    ("handLeft.rotate", 0.7, 0.067, 0.173),
    ("handRight.rotate", 0.7, 0.073, 0.181),
    *(
        (f"hand{side}{finger}Curl", 0.022, 0.11 + 0.013 * place, 0.31 + 0.017 * place)
        for side in ("Left", "Right")
        for place, finger in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky"))
    ),
)
_RISES: tuple[tuple[str, float, float, float], ...] = (
    ("mouthSmileLeft", 0.030, 0.041, 0.103),
    ("mouthSmileRight", 0.030, 0.041, 0.109),
    ("browInnerUp", 0.022, 0.059, 0.149),
    ("cheekSquintLeft", 0.012, 0.037, 0.101),
    ("cheekSquintRight", 0.012, 0.037, 0.101),
)
_BREATHING: tuple[tuple[str, float], ...] = (
    ("breath", 0.45),
    ("bodyLean", 0.012),
    ("headPitch", 0.012),
    ("handLeft.y", -3.0),
    ("handRight.y", -3.0),
)


class _Wave:
    """A sum of two sines on one target, with phases drawn once."""

    __slots__ = ("amplitude", "fast", "fast_phase", "index", "slow", "slow_phase")

    def __init__(self, index: int, motion: tuple[str, float, float, float], seed: int) -> None:
        _, self.amplitude, slow, fast = motion
        self.index = index
        self.slow, self.fast = 0.002 * math.pi * slow, 0.002 * math.pi * fast
        self.slow_phase = 2.0 * math.pi * uniform(seed, _STREAM, index, 1)
        self.fast_phase = 2.0 * math.pi * uniform(seed, _STREAM, index, 2)

    def at(self, now_ms: float) -> float:
        """In [-1, 1]."""
        return 0.65 * math.sin(self.slow * now_ms + self.slow_phase) + 0.35 * math.sin(
            self.fast * now_ms + self.fast_phase
        )


class Idle:
    """The avatar's own small life. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        index = target_index()
        self._sways = [_Wave(index[item[0]], item, seed) for item in _SWAYS]
        self._rises = [_Wave(index[item[0]], item, seed) for item in _RISES]
        self._breathing = [(index[name], amount) for name, amount in _BREATHING]
        self._shoulders = index["shoulderShrug"]
        self._brows = tuple(
            index[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
        )
        self._head_pitch = index["headPitch"]
        self._look = _look_targets(index)
        self._gaze = Gaze(seed)
        self._blinks = Blinks(seed)
        self._breath_phase = 2.0 * math.pi * uniform(seed, _STREAM, 3)
        self._blinking: bool | None = None
        self._flash_ms = float("-inf")

    def notice(self, now_ms: float, visibly: bool) -> None:
        """An event has come: the eyes return to the viewer.

        Args:
            now_ms: The time.
            visibly: Whether the brows flash too, for want of any other reaction at once.
        """
        self._gaze.attend(now_ms)
        if visibly and now_ms - self._flash_ms >= _FLASH_PAUSE_MS:
            self._flash_ms = now_ms

    def add(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        """Adds the idle motion to `values` (one a target, in table order; not clamped).

        Args:
            now_ms: The time.
            values: What capsules make of the targets.
            busy: How much each target is taken up, [0, 1].
        """
        give = 1.0 - _KEPT_WHEN_BUSY
        for wave in self._sways:
            index = wave.index
            values[index] += wave.amplitude * wave.at(now_ms) * (1.0 - give * busy[index])
        for wave in self._rises:
            index = wave.index
            level = 0.5 + 0.5 * wave.at(now_ms)
            values[index] += wave.amplitude * level * (1.0 - give * busy[index])
        self._breathe(now_ms, values, busy)
        self._look_about(now_ms, values, busy)
        self._flash(now_ms, values)

    def lids(self, now_ms: float, eye_wide: float) -> float:
        """How far a blink closes the lids, [0, 1]; wide eyes do not blink, nor by half."""
        closed = self._blinks.closed(now_ms)
        if closed <= 0.0:
            self._blinking = None
            return 0.0
        if self._blinking is None:
            self._blinking = eye_wide < _TOO_WIDE
        return closed if self._blinking else 0.0

    def _breathe(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        turns = now_ms * _BREATHS_A_MINUTE / 60_000.0
        # No two breaths last the same; the second harmonic draws in faster than it lets out.
        angle = 2.0 * math.pi * turns + self._breath_phase
        angle += 0.5 * math.sin(0.157 * angle) + 0.35 * math.sin(angle)
        wave = math.sin(angle)
        for index, amount in self._breathing:
            values[index] += amount * wave * (1.0 - 0.5 * busy[index])
        values[self._shoulders] += 0.03 * (0.5 + 0.5 * wave)

    def _look_about(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        for shift in self._gaze.advance(now_ms):
            if shift.blinks:
                self._blinks.blink_at(shift.start_ms)
        x, y = self._gaze.direction(now_ms)
        left, right, up, down = self._look
        taken = max(busy[index] for pair in self._look for index in pair)
        share = 1.0 - (1.0 - _KEPT_WHEN_BUSY) * taken
        for pair, amount in ((left, x), (right, -x), (up, y), (down, -y)):
            if amount > 0.0:
                for index in pair:
                    values[index] += share * amount

    def _flash(self, now_ms: float, values: list[float]) -> None:
        age_ms = now_ms - self._flash_ms + _FLASH_HEAD_START_MS
        if age_ms >= _FLASH_RISE_MS + _FLASH_FALL_MS:
            return
        rise = min(1.0, age_ms / _FLASH_RISE_MS)
        level = rise * (2.0 - rise) * (1.0 - smooth((age_ms - _FLASH_RISE_MS) / _FLASH_FALL_MS))
        for index in self._brows:
            values[index] += _FLASH * level
        values[self._head_pitch] += 0.5 * _FLASH * level


def _look_targets(index: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """The two eyes' bases for looking to the avatar's left, its right, up and down."""
    names = (
        ("eyeLookOutLeft", "eyeLookInRight"),
        ("eyeLookInLeft", "eyeLookOutRight"),
        ("eyeLookUpLeft", "eyeLookUpRight"),
        ("eyeLookDownLeft", "eyeLookDownRight"),
    )
    return tuple((index[one], index[other]) for one, other in names)
