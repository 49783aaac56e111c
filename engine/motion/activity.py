"""What capsules that play once take up; whatever else moves the same targets keeps back."""

from capsules.model import BlendMode
from engine.motion.curves import sample, smooth
from engine.motion.plans import target_index, target_table
from engine.motion.plays import Play

__all__ = ["Activity"]

_EDGE_MS = 150.0


class Activity:
    """The gestures of one frame, as far as others have to know of them."""

    def __init__(self) -> None:
        self._head = (target_index()["headYaw"], target_index()["headPitch"])
        self.busy: list[float] = [0.0] * len(target_table())
        """How much each target is taken up, [0, 1]."""
        self.gestured = [0.0, 0.0]
        """Yaw and pitch of the head that gestures add."""

    def begin(self) -> None:
        """Nothing plays, for a new frame."""
        self.busy[:] = [0.0] * len(self.busy)
        self.gestured[:] = (0.0, 0.0)

    def count(self, play: Play, level: float, local_ms: float) -> None:
        """Counts a capsule that plays once.

        Args:
            play: Its playing.
            level: How strongly it counts, but for its fade in.
            local_ms: Where it is in its curves.
        """
        plan, busy = play.plan, self.busy
        taken = level * smooth(local_ms / _EDGE_MS)
        taken *= smooth((plan.duration_ms - local_ms) / _EDGE_MS)
        for index in plan.moved:
            busy[index] = max(busy[index], taken)
        if plan.mode is BlendMode.ADDITIVE and not plan.moved.isdisjoint(self._head):
            self._count_head(play, level, local_ms)

    def _count_head(self, play: Play, level: float, local_ms: float) -> None:
        for track in play.plan.tracks:
            if track.index in self._head:
                share = level * play.attack(local_ms) if track.fades_in else level
                amount = share * sample(track.times, track.values, local_ms)
                self.gestured[self._head.index(track.index)] += amount
