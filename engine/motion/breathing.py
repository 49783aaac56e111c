"""Breathing: no two breaths last or rise the same, and each is drawn in faster than it is let out.

At rest people take 12 to 18 breaths a minute and breathe out about 1.5 to 2 times as long as in;
while speaking they draw in quickly and breathe out along with the words. A sigh now and then is a
breath about twice as deep (Vlemincx et al., "Why do you sigh?", 2009).
"""

import math

from engine.motion.chance import RESTART_MS, normal, restart, uniform
from engine.motion.curves import smooth
from engine.motion.manners import Manner

__all__ = ["Breathing"]

_SPREAD = 0.10
_DEPTH_SPREAD = 0.12
_SIGH = 1.55  # times as deep, and the root of it as long
_STREAM = 0xB4EA


class Breathing:
    """The chest's rise and fall. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
        manner: How it breathes to begin with.
    """

    def __init__(self, seed: int, manner: Manner) -> None:
        self._seed = seed
        self._manner = manner
        self._count = 0
        self._start_ms = -uniform(seed, _STREAM) * 60_000.0 / manner.breaths_a_minute
        self._draw()

    def turn(self, manner: Manner, now_ms: float) -> None:
        """Breathes otherwise, from the next breath on."""
        self._run(now_ms)
        self._manner = manner

    def at(self, now_ms: float) -> float:
        """How far breathed in: -1 at the end of a breath, about 1 at its top."""
        self._run(now_ms)
        age_ms = now_ms - self._start_ms
        inhaled_ms = self._inhale * self._length_ms
        if age_ms < inhaled_ms:
            level = smooth(age_ms / inhaled_ms)
        else:
            # Quickest at first, and a rest at the end of the breath.
            left = (age_ms - inhaled_ms) / (0.93 * (self._length_ms - inhaled_ms))
            level = 1.0 - smooth(min(1.0, left) ** 0.82)
        return 2.0 * self._depth * level - 1.0

    def _run(self, now_ms: float) -> None:
        if now_ms - self._start_ms - self._length_ms > RESTART_MS:
            self._start_ms, self._count = restart(now_ms)
            self._draw()
        while now_ms >= self._start_ms + self._length_ms:
            self._start_ms += self._length_ms
            self._draw()

    def _draw(self) -> None:
        """The next breath."""
        self._count += 1
        manner, key = self._manner, (self._seed, _STREAM, self._count)
        sigh = _SIGH if uniform(*key, 1) < manner.sighs else 1.0
        mean_ms = 60_000.0 / manner.breaths_a_minute
        power = _SPREAD * max(-2.0, min(2.0, normal(*key, 2)))
        self._length_ms = mean_ms * math.exp(power) * math.sqrt(sigh)
        self._inhale = manner.inhale * (0.93 + 0.14 * uniform(*key, 3))
        depth = 1.0 + _DEPTH_SPREAD * max(-2.0, min(2.0, normal(*key, 4)))
        self._depth = manner.breath_depth * depth * sigh
