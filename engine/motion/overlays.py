"""Clips that play, as the overlays of a draw list.

Clips that meet the same part in the same way cross-fade: the one of the strongest claim counts by
its own weight, the next by what is left of 1. Where claims change places, shares follow in 80 ms.
An overlay shows two clips at most. A third waits until the one that counts least has left.
"""

from dataclasses import dataclass

from capsules.model import BlendMode
from compositor.drawlist import ClipFrame, Overlay, OverlayMode
from engine.motion.plans import ClipPlan
from engine.motion.plays import Play

__all__ = ["OverlayMixer"]

_DIGITS = 4
_MOST = 2  # clips of an overlay
# Of one part's overlays: what replaces, then what shades, then what shines.
_MODES: dict[BlendMode, tuple[int, OverlayMode]] = {
    BlendMode.OVERRIDE: (0, "override"),
    BlendMode.MULTIPLY: (1, "multiply"),
    BlendMode.ADDITIVE: (2, "additive"),
}


# The most that shares move: what the fastest fade of a clip takes, so that only claims that change
# places are slowed down. A frame right after another may move them too: it answers an event.
_RATE_PER_MS = 0.0125
_LEAST_STEP = 0.1


@dataclass(frozen=True, slots=True)
class _Laid:
    """One frame of a clip, and how strongly its capsule wants it."""

    play: Play
    clip: str
    number: int
    cover: float


class OverlayMixer:
    """Collects the clips of one frame; `overlays` holds what came of them."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, BlendMode], list[_Laid]] = {}
        self._shares: dict[Play, float] = {}
        self._now_ms = 0.0
        self._step = 1.0
        self.overlays: tuple[Overlay, ...] = ()

    def begin(self, now_ms: float) -> None:
        """Nothing plays, for a new frame; times never go back."""
        self._groups.clear()
        self._step = max(_LEAST_STEP, _RATE_PER_MS * (now_ms - self._now_ms))
        self._now_ms = now_ms

    def lay(self, play: Play, clip: ClipPlan, local_ms: float) -> None:
        """Adds a playing capsule's clip; call in the order of `engine.motion.conflicts.claim`.

        Args:
            play: The capsule's playing.
            clip: Its pictures.
            local_ms: Where it is, before looping.
        """
        plan = play.plan
        time = local_ms % plan.duration_ms if plan.loops else local_ms
        number = min(clip.frame_count - 1, int(time * clip.fps / 1000.0))
        laid = _Laid(play, clip.cid, number, play.cover(self._now_ms, local_ms))
        self._groups.setdefault((clip.after, plan.mode), []).append(laid)

    def settle(self) -> None:
        """Makes the overlays; call after the last capsule."""
        before, self._shares = self._shares, {}
        if not self._groups:
            self.overlays = ()
            return
        groups = sorted(self._groups.items(), key=lambda item: (item[0][0], _MODES[item[0][1]][0]))
        made: list[Overlay] = []
        for (after, mode), laid in groups:
            was = [before.get(item.play, 0.0) for item in laid]
            shares = _toward(was, _of_two(was, _goals(laid)), self._step)
            self._shares.update(zip((item.play for item in laid), shares, strict=True))
            frames = _frames(laid, shares)
            if frames:
                made.append(Overlay(after, _MODES[mode][1], frames))
        self.overlays = tuple(made)


def _goals(laid: list[_Laid]) -> list[float]:
    """What each is to get, the weakest claim first; they sum to at most 1."""
    left = 1.0
    goals: list[float] = []
    for item in reversed(laid):
        goal = min(item.cover, left)
        left -= goal
        goals.append(goal)
    return goals[::-1]


def _toward(shares: list[float], goals: list[float], most: float) -> list[float]:
    """All as far on their way as none moves by more than `most`: their sum stays within 1."""
    farthest = max(abs(goal - share) for share, goal in zip(shares, goals, strict=True))
    if farthest <= most:
        return goals
    way = most / farthest
    return [share + way * (goal - share) for share, goal in zip(shares, goals, strict=True)]


def _of_two(shares: list[float], goals: list[float]) -> list[float]:
    """The goals of those that show and of those that can: 0 for what has to leave or to wait."""
    by_goal = sorted(range(len(goals)), key=lambda index: (-goals[index], -index))
    wanted = by_goal[:_MOST]
    shown = {index for index, share in enumerate(shares) if share > 0.0}
    coming = [index for index in wanted if index not in shown][: _MOST - len(shown)]
    stays = (shown & set(wanted)) | set(coming)
    return [goal if index in stays else 0.0 for index, goal in enumerate(goals)]


def _frames(laid: list[_Laid], shares: list[float]) -> tuple[ClipFrame, ...]:
    """Frames of those that show; their rounded weights sum to at most 1."""
    left = 1.0
    found: dict[tuple[str, int], float] = {}
    for item, share in zip(reversed(laid), reversed(shares), strict=True):
        weight = min(round(share, _DIGITS), left)
        if weight > 0.0:
            left = round(left - weight, _DIGITS)
            place = (item.clip, item.number)
            found[place] = round(found.get(place, 0.0) + weight, _DIGITS)
    return tuple(ClipFrame(*place, weight) for place, weight in sorted(found.items()))
