"""One playing of one capsule: where it is in its curves, and how strongly it counts."""

import math

from capsules.model import Easing
from engine.motion.curves import Ease, ease, smooth, smoothstep
from engine.motion.plans import CapsulePlan

__all__ = ["HEAD_START_MS", "MIN_WEIGHT", "RETARGET_MS", "Play", "soften"]

MIN_WEIGHT = 0.05
RETARGET_MS = 250.0
HEAD_START_MS = 33.0
"""How far into its movement a reaction starts, so that the frame made at the event shows it."""

_HALT_MS = 25.0  # how far on a movement that is broken off still runs

_retargeting = ease(Easing.QUADRATIC_OUT)
_NEVER = float("inf")


def soften(weight: float) -> float:
    """The weight as it counts: nothing under 0.05, all of it from 0.1 on, without a step."""
    if weight >= 2.0 * MIN_WEIGHT:
        return weight
    return max(0.0, 2.0 * (weight - MIN_WEIGHT))


class Play:
    """One playing of a plain capsule. Times are ms of the session.

    Attributes:
        plan: The capsule.
        source: Id of the capsule that was asked for: a combined one, or the same.
        batch: Number of the packet that fired it, as the body counts them.
        packet: Sequence of the packet that asked for it last.
        start_ms: When it starts.
        holds: Whether it stays until replaced.
        pace: Factor on the speed of its curves.
        strength: Factor on its weight.
        head_start_ms: How far into its curves it starts.
        fade_in: Shape of its fade in.
        with_speech: Whether it belongs to speech and ends with it.
        speech: Sequence of the packet whose speech onset it waits for; 0: none.
        after_onset_ms: How long after that onset it is to start.
        order: Newness, for conflicts.
    """

    __slots__ = (
        "_fade_ms",
        "_fade_start_ms",
        "_halt_ms",
        "_skew_ms",
        "_warp",
        "_weight_from",
        "_weight_ms",
        "_weight_to",
        "after_onset_ms",
        "batch",
        "fade_in",
        "head_start_ms",
        "holds",
        "order",
        "pace",
        "packet",
        "plan",
        "source",
        "speech",
        "start_ms",
        "strength",
        "with_speech",
    )

    def __init__(self, plan: CapsulePlan, source: str, batch: int, weight: float) -> None:
        self.plan = plan
        self.source = source
        self.batch = batch
        self.packet = 0
        self.order = batch
        self.start_ms = 0.0
        self.holds = plan.holds
        self.pace = 1.0
        self.strength = 1.0
        self.head_start_ms = 0.0
        self.fade_in: Ease = plan.fade_in
        self.with_speech = False
        self.speech = 0
        self.after_onset_ms = 0.0
        self._weight_from = self._weight_to = weight
        self._weight_ms = -_NEVER
        self._fade_start_ms = _NEVER
        self._fade_ms = 1.0
        self._skew_ms: float | None = None
        self._warp: tuple[float, float, float] | None = None
        self._halt_ms = _NEVER

    @property
    def goal(self) -> float:
        """The weight it was asked to reach."""
        return self._weight_to

    def leaving(self) -> bool:
        """Whether a fade-out is under way or set."""
        return self._fade_start_ms != _NEVER

    def fade_out(self, start_ms: float, length_ms: float) -> None:
        """Fades it out from `start_ms` on; the earlier end of two fades holds."""
        if start_ms + length_ms < self._fade_start_ms + self._fade_ms:
            self._fade_start_ms, self._fade_ms = start_ms, length_ms

    def break_off(self, now_ms: float, length_ms: float) -> None:
        """Relaxes from where it is: its curves come to a halt while it fades out."""
        self._halt_ms = min(self._halt_ms, now_ms)
        self.fade_out(now_ms, length_ms)

    def retarget(self, weight: float, now_ms: float) -> None:
        """Moves on to another weight from what it is now, and stays after all if it was fading."""
        self._weight_from = self._weight(now_ms)
        self._weight_to = weight
        self._weight_ms = now_ms
        self._fade_start_ms = self._halt_ms = _NEVER

    def local_ms(self, now_ms: float, skew_ms: float) -> float:
        """Where it is in its curves, before looping; `skew_ms` is what the tempo has added."""
        if self._skew_ms is None:
            self._skew_ms = skew_ms
        if now_ms > self._halt_ms:
            now_ms = self._halt_ms - _HALT_MS * math.expm1((self._halt_ms - now_ms) / _HALT_MS)
        elapsed_ms = now_ms - self.start_ms + skew_ms - self._skew_ms + self.head_start_ms
        local_ms = elapsed_ms * self.pace
        if self._warp is None:
            return local_ms
        begins_ms, stroke_ms, stretch = self._warp
        if local_ms <= begins_ms:
            return local_ms
        ahead_ms = local_ms - begins_ms
        if ahead_ms < (stroke_ms - begins_ms) * stretch:
            return begins_ms + ahead_ms / stretch
        return local_ms - (stroke_ms - begins_ms) * (stretch - 1.0)

    def preparation_ms(self, now_ms: float, skew_ms: float, tempo: float) -> float | None:
        """How long from now, or from its start, it still takes to its stroke.

        Args:
            now_ms: The time.
            skew_ms: What the tempo has added to the curves' time.
            tempo: How fast that time passes.

        Returns:
            None where it has no stroke, or where that is over or has been given a time already.
        """
        stroke_ms = self.plan.stroke_ms
        if stroke_ms is None or self._warp is not None:
            return None
        left_ms = stroke_ms - self._begun_ms(now_ms, skew_ms)
        return left_ms / (self.pace * tempo) if left_ms > 0.0 else None

    def stretch(self, factor: float, now_ms: float, skew_ms: float) -> None:
        """Takes longer, or less long, from now to its stroke; what comes after keeps its pace."""
        if self.plan.stroke_ms is not None:
            self._warp = self._begun_ms(now_ms, skew_ms), self.plan.stroke_ms, factor

    def _begun_ms(self, now_ms: float, skew_ms: float) -> float:
        """Where it is in its curves, or will be when it starts."""
        if now_ms <= self.start_ms:
            return self.head_start_ms * self.pace
        return self.local_ms(now_ms, skew_ms)

    def attack(self, local_ms: float) -> float:
        """Its fade in, [0, 1]."""
        fade_in_ms = self.plan.fade_in_ms
        return 1.0 if local_ms >= fade_in_ms else self.fade_in(local_ms / fade_in_ms)

    def level(self, now_ms: float, local_ms: float) -> float:
        """How strongly it counts, but for its fade in."""
        level = self._weight(now_ms) * self.strength
        over_ms = local_ms - self.plan.duration_ms
        if over_ms > 0.0 and not self.holds:
            tail_ms = self.plan.fade_out_ms
            level *= 1.0 - smooth(over_ms / tail_ms) if tail_ms else 0.0
        return level

    def cover(self, now_ms: float, local_ms: float) -> float:
        """How much its pictures cover, [0, 1]: its weight, and its fades by smoothstep."""
        share = self.attack(local_ms)
        if not self.holds and self.plan.fade_out_ms:
            share = min(share, 1.0 - (local_ms - self.plan.duration_ms) / self.plan.fade_out_ms)
        share = min(share, 1.0 - (now_ms - self._fade_start_ms) / self._fade_ms)
        return min(1.0, soften(self._reached(now_ms) * self.strength)) * smoothstep(share)

    def over(self, now_ms: float, local_ms: float) -> bool:
        """Whether it has nothing more to show."""
        if now_ms >= self._fade_start_ms + self._fade_ms:
            return True
        return not self.holds and local_ms >= self.plan.duration_ms + self.plan.fade_out_ms

    def _reached(self, now_ms: float) -> float:
        """How far it has come from one weight to the other."""
        share = _retargeting((now_ms - self._weight_ms + HEAD_START_MS) / RETARGET_MS)
        return self._weight_from + share * (self._weight_to - self._weight_from)

    def _weight(self, now_ms: float) -> float:
        weight = self._reached(now_ms)
        if now_ms > self._fade_start_ms:
            weight *= 1.0 - smooth((now_ms - self._fade_start_ms) / self._fade_ms)
        return weight
