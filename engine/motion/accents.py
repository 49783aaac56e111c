"""Small movements now and then: nods, a tilt of the head, a press of the lips.

Which ones and how often is a matter of manner. A listener also nods when the viewer pauses, as
people do (Dittmann and Llewellyn, "Relationship between vocalizations and head nods as listener
responses", 1968).
"""

import math
from collections.abc import Sequence

from engine.motion.chance import pick, uniform
from engine.motion.curves import smooth
from engine.motion.manners import Manner, Move
from engine.motion.plans import target_index
from engine.motion.renewals import Renewals

__all__ = ["Accents"]

_SPREAD = 0.45
_LEAST_MS = 1500.0
_PAUSE_MS = 250.0  # how long after the viewer has paused a nod begins
_RISE, _FALL = 0.3, 0.45  # shares of a move's length
_SIGNED = frozenset({"headYaw", "headRoll", "bodySway"})  # one target for both sides
_STREAM = 0xACCE


class Accents:
    """The small movements. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
        manner: How it behaves to begin with.
    """

    def __init__(self, seed: int, manner: Manner) -> None:
        self._seed = seed
        self._manner = manner
        self._index = target_index()
        self._moments = Renewals(seed, _STREAM, manner.move_ms, _SPREAD, _LEAST_MS)
        self._moving: list[_Moving] = []
        self._nods = 0

    def turn(self, manner: Manner, now_ms: float) -> None:
        """Moves otherwise from now on; what has begun runs out."""
        self._run(now_ms)
        self._manner = manner
        self._moments.retime(manner.move_ms, now_ms)

    def nod(self, move: Move, now_ms: float) -> None:
        """Answers a pause of the viewer's."""
        self._run(now_ms)
        self._drop_over(now_ms)
        self._nods += 1
        key = (self._seed, _STREAM, -self._nods)
        self._moving.append(_Moving(move, now_ms + _PAUSE_MS * (1.0 + uniform(*key, 1)), key))
        self._moments.postpone(now_ms + 2.0 * _LEAST_MS)

    def add(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        """Adds the movements to `values` (one a target, in table order; not clamped)."""
        self._run(now_ms)
        if not self._moving:
            return
        self._drop_over(now_ms)
        for item in self._moving:
            level = item.level(now_ms)
            for name, amount in item.targets:
                place = self._index[name]
                values[place] += amount * level * (1.0 - 0.7 * busy[place])

    def _run(self, now_ms: float) -> None:
        for start_ms, number in self._moments.due(now_ms):
            self._drop_over(start_ms)
            key = (self._seed, _STREAM, number)
            moves = self._manner.moves
            chosen = pick([share for _, share in moves], uniform(*key, 1))
            self._moving.append(_Moving(moves[chosen][0], start_ms, key))

    def _drop_over(self, now_ms: float) -> None:
        self._moving = [item for item in self._moving if now_ms < item.end_ms]


class _Moving:
    """One move on its way, of a size and pace of its own."""

    __slots__ = ("_length_ms", "_size", "_start_ms", "end_ms", "move", "targets")

    def __init__(self, move: Move, start_ms: float, key: tuple[int, int, int]) -> None:
        self.move = move
        self._start_ms = start_ms
        self._length_ms = move.length_ms * (0.85 + 0.3 * uniform(*key, 2))
        self._size = 0.7 + 0.6 * uniform(*key, 3)
        mirrored = move.sided and uniform(*key, 4) < 0.5
        self.targets = _mirrored(move.targets) if mirrored else move.targets
        self.end_ms = start_ms + self._length_ms

    def level(self, now_ms: float) -> float:
        """How far it has gone."""
        share = (now_ms - self._start_ms) / self._length_ms
        if share <= 0.0:
            return 0.0
        window = smooth(share / _RISE) * (1.0 - smooth((share - 1.0 + _FALL) / _FALL))
        if not self.move.beats:
            return self._size * window
        angle = 2.0 * math.pi * self.move.beats * share
        if self.move.swings:
            return self._size * window * math.sin(angle)
        return self._size * (1.0 - 0.4 * share) * (0.5 - 0.5 * math.cos(angle))


def _mirrored(targets: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """The same to the other side."""
    return tuple(
        (name, -amount) if name in _SIGNED else (_other_side(name), amount)
        for name, amount in targets
    )


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return f"{name.removesuffix('Left')}Right"
    return f"{name.removesuffix('Right')}Left" if name.endswith("Right") else name
