"""Small movements between events: a face that feels something is never quite still.

Every few seconds one of the micro-capsules near the mood is played on top of its face. They are
never part of a mood's blend: each plays once, and what is held stays as it is. A face at ease has
no quick ones, which would be twitches, and moves now this and now that.
"""

from collections import deque

from capsules.library import Library
from capsules.model import Layer
from engine.clock import NS_PER_MS
from engine.motion.chance import uniform
from engine.packet import BlendEntry, Mood

__all__ = ["MicroMoves"]

_PAUSE_MS = (2_500.0, 7_000.0)
# After an event its own gestures have the face.
_AFTER_EVENT_MS = (1_200.0, 3_000.0)
# So many of the nearest are drawn from; the last ones do not come again at once.
_NEAR = 24
_NOT_AGAIN = 12
# Further away than this nothing says anything of the mood.
_APT = 0.45
_WEIGHTS = (0.7, 1.0)
# Micro-expressions of less than half a second are of those who are stirred.
_QUICK_MS, _STIRRED = 500, 0.15
# What has just moved rather waits; so many are tried for one that moves something else.
_OTHERS, _TRIED = 2, 6
_STREAM = 0x6D6963  # keeps these draws apart from others of the same seed


class MicroMoves:
    """One session's. Deterministic from its seed and calls; not thread-safe.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = 0
        self._due_ns: int | None = None
        self._paused_ns: int | None = None  # until when it is due is drawn
        self._last: deque[str] = deque(maxlen=_NOT_AGAIN)
        self._moved: deque[str] = deque(maxlen=_OTHERS)

    def pause(self, now_ns: int) -> None:
        """An event is answered: the next movement waits for its gestures."""
        self._drawn += 1
        self._paused_ns = now_ns

    def due(self, library: Library, mood: Mood, now_ns: int) -> BlendEntry | None:
        """The movement whose time has come, if it has.

        Args:
            library: Whose micro-capsules are played; without any there is never one.
            mood: What is shown.
            now_ns: The time.
        """
        if self._paused_ns is not None:
            # While one event follows another, none of them draws how long it is waited for.
            if now_ns < self._paused_ns + _AFTER_EVENT_MS[0] * NS_PER_MS:
                return None
            self._due_ns = self._paused_ns + self._wait_ns(_AFTER_EVENT_MS)
            self._paused_ns = None
        elif self._due_ns is None:
            self._drawn += 1
            self._due_ns = now_ns + self._wait_ns(_PAUSE_MS)
        if now_ns < self._due_ns:
            return None
        index = library.micro()
        if not len(index):
            return None
        self._drawn += 1
        self._due_ns = now_ns + self._wait_ns(_PAUSE_MS)
        near = index.nearest((mood.valence, mood.arousal, mood.dominance), _NEAR)
        apt = [
            cid
            for cid, gap in near
            if gap <= _APT and cid not in self._last and library.allows(cid)
        ]
        cid = self._fit(library, apt, mood)
        if cid is None:
            return None
        self._last.append(cid)
        low, high = _WEIGHTS
        weight = round((low + (high - low) * self._draw(2)) * 256) / 256
        return BlendEntry(cid, weight, Layer.FACE)

    def _fit(self, library: Library, apt: list[str], mood: Mood) -> str | None:
        """One of those by chance, rather one that moves something else than the last ones."""
        begin = int(self._draw(1) * len(apt)) if apt else 0
        fit: list[tuple[bool, str, str]] = []
        for cid in (apt[begin:] + apt[:begin])[:_TRIED]:
            capsule = library.capsules[cid]
            if capsule.duration_ms < _QUICK_MS and mood.arousal < _STIRRED:
                continue
            target = capsule.tracks[0].target if capsule.tracks else ""
            moved = target.removesuffix("Left").removesuffix("Right")
            fit.append((moved in self._moved, cid, moved))
            if moved not in self._moved:
                break
        if not fit:
            return None
        _, cid, moved = min(fit, key=lambda item: item[0])
        self._moved.append(moved)
        return cid

    def _wait_ns(self, limits_ms: tuple[float, float]) -> int:
        low, high = limits_ms
        return int((low + (high - low) * self._draw(0)) * NS_PER_MS)

    def _draw(self, what: int) -> float:
        return uniform(self._seed, _STREAM, self._drawn, what)
