"""Where the eyes look when nothing asks them to: mostly at the viewer.

A chain of fixations: most are micro-saccades about the viewer's eyes, now and then a small shift
away and back. An event calls the eyes back to the viewer.
"""

from dataclasses import dataclass

from engine.motion.chance import RESTART_MS, normal, restart, uniform
from engine.motion.curves import smooth

__all__ = ["Gaze", "GazeShift"]

_SHIFT = 0.14
_SHIFT_BLINKS = 0.5
_STREAM = 0x6A2E
_ATTEND_MS = 60.0
_ATTENTIVE_MS = 1400.0
_RELEASE_MS = 700.0


@dataclass(frozen=True, slots=True)
class GazeShift:
    """One saccade: from where the eyes were to (x, y), starting at `start_ms`.

    Attributes:
        start_ms: Time of the session.
        length_ms: How long the eyes travel.
        x: To the avatar's left, in weights of eyeLook bases.
        y: Up.
        blinks: Whether the lids close on the way.
    """

    start_ms: float
    length_ms: float
    x: float
    y: float
    blinks: bool = False


class Gaze:
    """The eyes' small movements: a function of time, seed and calls of `attend`.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0
        self._away = False
        self._from = GazeShift(0.0, 1.0, 0.0, 0.0)
        self._to = self._from
        self._next = self._following(0.0)
        self._attend_ms = float("-inf")
        self._attention_from = 0.0

    def attend(self, now_ms: float) -> None:
        """Brings the eyes back to the viewer for a while."""
        self._attention_from = self._attention(now_ms)
        self._attend_ms = now_ms

    def advance(self, now_ms: float) -> list[GazeShift]:
        """Moves on to `now_ms`; returns the shifts that began since the last call.

        After a gap of more than 10 s it starts anew from the viewer.
        """
        if now_ms - self._next.start_ms > RESTART_MS:
            start_ms, self._count = restart(now_ms)
            self._away = False
            self._from = self._to = GazeShift(start_ms, 1.0, 0.0, 0.0)
            self._next = self._following(start_ms)
        begun: list[GazeShift] = []
        while self._next.start_ms <= now_ms:
            self._from, self._to = self._to, self._next
            begun.append(self._next)
            self._next = self._following(self._to.start_ms)
        return begun

    def direction(self, now_ms: float) -> tuple[float, float]:
        """Where the eyes look (x to the avatar's left, y up), (0, 0) being the viewer."""
        share = smooth((now_ms - self._to.start_ms) / self._to.length_ms)
        free = 1.0 - self._attention(now_ms)
        x = self._from.x + share * (self._to.x - self._from.x)
        y = self._from.y + share * (self._to.y - self._from.y)
        return free * x, free * y

    def _attention(self, now_ms: float) -> float:
        age_ms = now_ms - self._attend_ms
        risen = self._attention_from + (1.0 - self._attention_from) * smooth(age_ms / _ATTEND_MS)
        return 0.85 * risen * (1.0 - smooth((age_ms - _ATTENTIVE_MS) / _RELEASE_MS))

    def _following(self, start_ms: float) -> GazeShift:
        self._count += 1
        count = self._count
        seed = self._seed
        stays_ms = (500.0 if self._away else 350.0) + 1300.0 * uniform(seed, _STREAM, count, 1) ** 2
        leaves = not self._away and uniform(seed, _STREAM, count, 2) < _SHIFT
        self._away = leaves
        if leaves:
            side = 1.0 if uniform(seed, _STREAM, count, 3) < 0.5 else -1.0
            x = side * (0.16 + 0.14 * uniform(seed, _STREAM, count, 4))
            y = 0.16 * (uniform(seed, _STREAM, count, 5) - 0.5)
        else:
            x = 0.022 * normal(seed, _STREAM, count, 6)
            y = 0.014 * normal(seed, _STREAM, count, 8)
        blinks = leaves and uniform(seed, _STREAM, count, 9) < _SHIFT_BLINKS
        return GazeShift(start_ms + stays_ms, 70.0 if leaves else 35.0, x, y, blinks)
