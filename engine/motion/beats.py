"""The head keeps time with speech: a small nod, now with raised brows, on stressed vowels.

A hand that is up beats along; one at rest stays there.

People's heads dip on stressed syllables (Graf et al., "Visual Prosody", 2002). Speech that comes
without stress marks stresses its long vowels.
"""

from capsules.arkit import VISEMES
from capsules.targets import HAND_PARTS
from engine.motion.chance import uniform
from engine.motion.curves import smooth
from engine.motion.plans import target_index
from engine.voice.port import Speech

__all__ = ["Beats"]

_VOWELS = frozenset(VISEMES.index(name) for name in ("aa", "E", "ih", "oh", "ou"))
_STRESSED_MS = 75.0
_APART_MS = 420.0
_DIP_MS = 150.0
_RETURN_MS = 330.0
_NOD = 0.11
_TURN = 0.06
_BROWS = 0.14
_HAND_PX = 16.0
_HAND_DEG = 3.0
_UP_PX = (60.0, 140.0)  # from where on a hand counts as raised, and wholly so
_STREAM = 0xBEA7


class Beats:
    """Small nods along with placed speech. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        index = target_index()
        self._seed = seed
        self._pitch, self._yaw = index["headPitch"], index["headYaw"]
        self._brows = (index["browInnerUp"], index["browOuterUpLeft"], index["browOuterUpRight"])
        self._hands = tuple((index[f"{part}.y"], index[f"{part}.rotate"]) for part in HAND_PARTS)
        self._beats: list[tuple[float, int]] = []  # time, number
        self._count = 0
        self._last_ms = float("-inf")

    def begin(self, speech: Speech, onset_ms: float, now_ms: float) -> None:
        """Places the beats of a piece of speech; those over by `now_ms` are forgotten."""
        self._drop_before(now_ms)
        for stress_ms in speech.stresses_ms or _long_vowels(speech):
            time_ms = onset_ms + stress_ms
            if time_ms - self._last_ms >= _APART_MS:
                self._count += 1
                self._beats.append((time_ms, self._count))
                self._last_ms = time_ms

    def cut(self, now_ms: float) -> None:
        """Forgets the beats still to come; one under way runs out."""
        self._beats = [beat for beat in self._beats if beat[0] - _DIP_MS <= now_ms]
        self._last_ms = float("-inf")

    def add(self, now_ms: float, values: list[float]) -> None:
        """Adds the motion to `values` (one a target, in table order; not clamped)."""
        self._drop_before(now_ms)
        for time_ms, number in self._beats:
            if time_ms - _DIP_MS > now_ms:
                break
            # Deepest on the vowel itself.
            level = smooth((now_ms - time_ms + _DIP_MS) / _DIP_MS)
            level *= 1.0 - smooth((now_ms - time_ms) / _RETURN_MS)
            size = 0.5 + uniform(self._seed, _STREAM, number, 1)
            values[self._pitch] -= _NOD * size * level
            self._beat_hands(size * level, values)
            side = 2.0 * uniform(self._seed, _STREAM, number, 2) - 1.0
            values[self._yaw] += _TURN * side * level
            if uniform(self._seed, _STREAM, number, 3) < 0.35:
                for index in self._brows:
                    values[index] += _BROWS * size * level

    def _drop_before(self, now_ms: float) -> None:
        while self._beats and self._beats[0][0] + _RETURN_MS < now_ms:
            del self._beats[0]

    def _beat_hands(self, level: float, values: list[float]) -> None:
        low, high = _UP_PX
        for y, rotate in self._hands:
            raised = smooth((-values[y] - low) / (high - low))
            values[y] += _HAND_PX * raised * level
            values[rotate] += _HAND_DEG * raised * level


def _long_vowels(speech: Speech) -> list[float]:
    return [
        shape.start_ms
        for shape in speech.visemes
        if shape.viseme in _VOWELS and shape.duration_ms >= _STRESSED_MS
    ]
