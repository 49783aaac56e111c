"""All that plays or waits, and how it gives way to what comes in.

What a layer holds fades as what replaces it comes in. A hand is in one place: a gesture that moves
it elsewhere ends the one before.
"""

from collections.abc import Iterable, Sequence

from capsules.model import Layer
from capsules.targets import TargetKind
from engine.motion.conflicts import claim
from engine.motion.firing import Firing
from engine.motion.plans import target_table
from engine.motion.plays import Play

__all__ = ["MAX_PLAYS", "Roster"]

MAX_PLAYS = 96
"""How many capsules play or wait at most; the oldest give way."""

_CROSSFADE_MS = 250.0
# A trunk is heavier than a face; light and camera move the whole picture, which takes its time for
# the eye and the encoder.
_CROSSFADES_MS = {
    Layer.BODY: 600.0,
    Layer.LIGHT: 1200.0,
    Layer.CAMERA: 1200.0,
    Layer.ENVIRONMENT: 1200.0,
}
_DROPPED_MS = 120.0


class Roster:
    """The playings of one body. Single-threaded; times are ms of the session.

    Attributes:
        plays: The playings; after `settle` the weakest claim comes first.
    """

    def __init__(self) -> None:
        self.plays: list[Play] = []
        self._transforms = frozenset(
            index for index, item in enumerate(target_table()) if item.kind is TargetKind.TRANSFORM
        )

    def merge(self, firings: Sequence[Firing], burst: int, now_ms: float) -> None:
        """Lets a packet's entries take the place of those of the same event.

        Args:
            firings: The packet's.
            burst: Number of the event's first packet.
            now_ms: The time.
        """
        kinds = {(item.layer, item.holds) for item in firings}
        named = {item.cid for item in firings}
        for play in list(self.plays):
            merged = play.batch >= burst and play.source not in named
            if not merged or (play.plan.layer, play.holds) not in kinds:
                continue
            if play.start_ms > now_ms:
                self.plays.remove(play)
            elif not play.holds:
                play.fade_out(now_ms, _DROPPED_MS)

    def replace_held(
        self, layer: Layer, firings: Sequence[Firing], batch: int, now_ms: float
    ) -> None:
        """Fades what a layer held as what a packet holds comes in.

        Args:
            layer: The layer.
            firings: The packet's, one of which at least holds for the layer.
            batch: The packet's number.
            now_ms: The time.
        """
        coming = [item for item in firings if item.holds and item.layer is layer]
        named = {item.cid for item in coming}
        fade_ms = now_ms + min(item.start.offset_ms for item in coming)
        length_ms = _CROSSFADES_MS.get(layer, _CROSSFADE_MS)
        for play in list(self.plays):
            if not play.holds or play.plan.layer is not layer:
                continue
            # One claim for all that a layer holds, so that old and new cross-fade as equals.
            play.order = batch
            if play.source in named:
                continue
            if play.start_ms > now_ms:
                self.plays.remove(play)
            else:
                play.fade_out(fade_ms, length_ms)

    def free_hands(self, fresh: Sequence[Play], batch: int) -> None:
        """Ends gestures of earlier packets of a hand that a new one takes elsewhere."""
        taken = frozenset[int]().union(*(item.plan.moved for item in fresh)) & self._transforms
        start_ms = fresh[0].start_ms if fresh else 0.0
        for play in self.plays:
            older = play.batch < batch and not play.holds
            if older and play.plan.layer is Layer.HAND and play.plan.moved & taken:
                play.fade_out(start_ms, _CROSSFADE_MS)

    def drop(self, plays: Iterable[Play], now_ms: float) -> None:
        """Breaks playings off; what waits never starts."""
        for play in plays:
            if play.start_ms > now_ms:
                self.plays.remove(play)
            else:
                play.break_off(now_ms, _DROPPED_MS)

    def strike(self, gone: Sequence[Play]) -> None:
        """Takes playings out, at once."""
        self.plays = [item for item in self.plays if item not in gone]

    def settle(self) -> None:
        """Keeps within the bound and in order, after something has come in."""
        if len(self.plays) > MAX_PLAYS:
            by_worth = sorted(self.plays, key=lambda item: (not item.leaving(), item.batch))
            self.plays = by_worth[len(by_worth) - MAX_PLAYS :]
        self.plays.sort(key=claim)
