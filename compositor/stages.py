"""Where a frame's time goes: what a backend tells a benchmark about its last `render`."""

import time
from collections.abc import Mapping
from typing import Literal, Protocol, get_args, runtime_checkable

__all__ = ["STAGES", "Stage", "StageClock", "StageTimed"]

Stage = Literal["accumulate", "draw", "convert", "readback"]

STAGES: tuple[Stage, ...] = get_args(Stage)
"""accumulate: the bases summed and the vertices placed. draw: textures changed by residuals and
light, meshes drawn. convert: grading and I420. readback: the frames brought to the caller."""


@runtime_checkable
class StageTimed(Protocol):
    """A compositor that can time its stages. The thread that owns it makes these calls too."""

    def time_stages(self, on: bool) -> None:
        """Whether to take times from the next `render` on. Off at first; taking them may cost."""

    def stage_times(self) -> Mapping[Stage, float]:
        """Milliseconds of each stage in the last `render`; 0 for one that it does not have.

        They need not add up to the whole call, which also plans and uploads.
        """


class StageClock:
    """Sums the time between laps by stage; for stages that run on the calling thread."""

    __slots__ = ("_last_ns", "_sums_ns")

    def __init__(self) -> None:
        self._sums_ns: dict[Stage, int] = dict.fromkeys(STAGES, 0)
        self._last_ns = 0

    def restart(self) -> None:
        """Forgets all sums, and starts the first lap."""
        self._sums_ns = dict.fromkeys(STAGES, 0)
        self._last_ns = time.perf_counter_ns()

    def lap(self, stage: Stage | None) -> None:
        """Ends a lap and gives it to a stage, or to none."""
        now_ns = time.perf_counter_ns()
        if stage is not None:
            self._sums_ns[stage] += now_ns - self._last_ns
        self._last_ns = now_ns

    def times_ms(self) -> Mapping[Stage, float]:
        """The sums."""
        return {stage: total / 1e6 for stage, total in self._sums_ns.items()}
