"""Which capsule wins where several move one target.

Capsules are laid over each other from the weakest claim to the strongest: by priority, then the
newer, then blend mode (additive, multiply, override), then layer authority (`Layer`'s order; the
face has the most). Each meets what lies under it in proportion to its weight, so that nothing
snaps when a fade passes: an additive one adds and the sum is clamped to the target's range, a
multiply scales, an override replaces. Overrides of one claim share the target by their weights
rather than hide each other: three blended faces are one face.
"""

from capsules.model import BlendMode, Layer
from engine.motion.curves import sample
from engine.motion.plans import TrackPlan, target_table
from engine.motion.plays import Play

__all__ = ["Claim", "Mixer", "claim"]

Claim = tuple[int, int]

_MODES = (BlendMode.ADDITIVE, BlendMode.MULTIPLY, BlendMode.OVERRIDE)
_MODE_RANK = {mode: rank for rank, mode in enumerate(_MODES)}
_AUTHORITY = {layer: -rank for rank, layer in enumerate(Layer)}


def claim(play: Play) -> tuple[int, int, int, int]:
    """Sort key: the strongest claim comes last."""
    plan = play.plan
    return plan.priority, play.order, _MODE_RANK[plan.mode], _AUTHORITY[plan.layer]


class Mixer:
    """Lays capsules over each other; `values` holds one value a target, in table order."""

    def __init__(self) -> None:
        self._rest = [item.rest for item in target_table()]
        self.values = list(self._rest)
        self._claim: Claim | None = None
        self._shares: dict[int, list[float]] = {}

    def begin(self) -> None:
        """Back to rest, for a new frame."""
        self.values[:] = self._rest
        self._claim = None
        self._shares.clear()

    def lay(
        self, play: Play, tracks: tuple[TrackPlan, ...], time: float, weight: float, attack: float
    ) -> None:
        """Lays one capsule over what is there; call in the order of `claim`.

        Args:
            play: The capsule's playing.
            tracks: Which of its curves.
            time: Where in them, ms.
            weight: How strongly it counts, but for its fade in.
            attack: Its fade in, for curves that begin away from rest.
        """
        plan = play.plan
        place = (plan.priority, play.order)
        if place != self._claim:
            self.settle()
            self._claim = place
        if plan.mode is BlendMode.ADDITIVE:
            self._add(tracks, time, weight, attack)
        elif plan.mode is BlendMode.MULTIPLY:
            self._scale(tracks, time, weight, attack)
        else:
            self._share(tracks, time, weight, attack)

    def settle(self) -> None:
        """Lays down the overrides collected so far; call after the last capsule."""
        values = self.values
        for index, (share, total) in self._shares.items():
            if share > 0.0:
                values[index] += min(1.0, share) * (total / share - values[index])
        self._shares.clear()

    def _add(
        self, tracks: tuple[TrackPlan, ...], time: float, weight: float, attack: float
    ) -> None:
        values = self.values
        for track in tracks:
            value = sample(track.times, track.values, time) * weight
            value = values[track.index] + (value * attack if track.fades_in else value)
            values[track.index] = min(track.maximum, max(track.minimum, value))

    def _scale(
        self, tracks: tuple[TrackPlan, ...], time: float, weight: float, attack: float
    ) -> None:
        for track in tracks:
            share = weight * attack if track.fades_in else weight
            factor = 1.0 + min(1.0, share) * (sample(track.times, track.values, time) - 1.0)
            value = self.values[track.index] * factor
            self.values[track.index] = min(track.maximum, max(track.minimum, value))

    def _share(
        self, tracks: tuple[TrackPlan, ...], time: float, weight: float, attack: float
    ) -> None:
        share = weight * attack
        for track in tracks:
            value = sample(track.times, track.values, time)
            value = min(track.maximum, max(track.minimum, value))
            entry = self._shares.setdefault(track.index, [0.0, 0.0])
            entry[0] += share
            entry[1] += share * value
