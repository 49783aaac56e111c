"""The compositor: sessions x active bases x frame sizes, both backends, split into stages.

Beside it, in the same run, two things a user would pick instead: OpenCV's `remap` and
`addWeighted`, and a graph of FFmpeg's overlay filters. What belongs to one group takes turns tick
by tick, so that noise of the machine falls on all alike.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import cv2

from benchmarks.layers import FfmpegLayers, OpenCvLayers
from benchmarks.pinning import one_core
from benchmarks.report import Budget, Figure, Report
from benchmarks.scene import basis_order, mira, moving
from compositor.backend import Compositor
from compositor.drawlist import DrawList, FrameSize
from compositor.errors import BackendUnavailableError, CompositorError
from compositor.select import adapter_names, open_compositor
from compositor.stages import STAGES, StageTimed

__all__ = ["Sampling", "Ticks", "measure", "run"]

SIZES = {"512": FrameSize(512, 512), "1080p": FrameSize(1920, 1080)}
SESSIONS = (1, 8, 64)
SOFTWARE_PX = 8 * 512 * 512  # a software adapter draws no larger ticks: they take seconds
BASES = (0, 4, 16, 64)
LAYERS = 16
PERIOD = 30  # different draw lists of each session
STAGE_ROUNDS = 5

BUDGET_MS = 5.0  # numba, one session, 512, 16 bases
BUDGET_GROWTH = 1.15  # 64 bases over 16
BUDGET_OPENCV = 0.2  # ours over OpenCV's chain
BUDGET_GPU_MS, BUDGET_GPU_EACH_MS = 0.5, 0.1


@dataclass(frozen=True, slots=True)
class Sampling:
    """For how long the contenders of a group are measured in turn.

    Attributes:
        seconds: No round starts after that.
        least: But so many rounds there are.
        most: And no more than that.
        warm: Rounds before that are not counted.
    """

    seconds: float
    least: int
    most: int = 500
    warm: int = 2


FULL = Sampling(seconds=7.0, least=4)
QUICK = Sampling(seconds=0.8, least=2, warm=1)


@dataclass(slots=True)
class Ticks:
    """What ticks of one contender took, ms."""

    total_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def add_stages(self, stages_ms: Mapping[str, float]) -> None:
        """The stages of one tick more."""
        for stage, value in stages_ms.items():
            self.stages_ms.setdefault(stage, []).append(value)

    def write(self, report: Report, name: str, sessions: int = 1) -> None:
        """Figures of the stages, the whole, and frames a second over all ticks."""
        for stage, values in self.stages_ms.items():
            report.figures[f"{name}.{stage}_ms"] = Figure.of(values, "ms a tick")
        report.figures[f"{name}.total_ms"] = Figure.of(self.total_ms, "ms a tick")
        count = len(self.total_ms)
        fps = round(1000.0 * sessions * count / sum(self.total_ms), 1)
        report.figures[f"{name}.fps"] = Figure(fps, fps, fps, count, "frames/s")


Contender = Callable[[int], object]
"""Draws the tick of that number."""


def run(*, quick: bool, allow_software: bool = False) -> Report:
    """Milliseconds a tick, in which every session gets one frame.

    Args:
        quick: Fewer samples.
        allow_software: Whether to measure wgpu on a software adapter, where there is no GPU.
    """
    report = Report("compositor")
    sampling = QUICK if quick else FULL
    with one_core() as pinned:
        began, began_busy = time.perf_counter(), time.process_time()
        numba = open_compositor("cpu")
        numba.load(mira())
        found = _matrix(report, "numba", numba, sampling, _others(numba))
        numba.close()
        busy = (time.process_time() - began_busy) / (time.perf_counter() - began)
        report.notes["core"] = f"{pinned}; of the time on the CPU backend, {busy:.0%} were ours"
        _gpu(report, sampling, allow_software=allow_software)
    _judge(report, found)
    report.notes["tick"] = "one call of render with a draw list of each session; fps counts frames"
    report.notes["b0"] = "the avatar at rest, the same draw list again and again"
    report.notes["opencv"] = (
        f"{LAYERS} layers of 512 x 512 by remap (float32 maps, ready beforehand) and addWeighted, "
        "then I420; one thread"
    )
    report.notes["ffmpeg"] = (
        f"{LAYERS} overlay filters over yuva420p pictures of 512 x 512; it only lays finished "
        "pictures over each other: nothing is moved, so an in-between pose comes out doubled"
    )
    return report


def _others(compositor: Compositor) -> dict[str, Contender]:
    """What is measured beside one session at 512 x 512."""
    cv2.setNumThreads(1)
    size = SIZES["512"]
    poses = [DrawList("mira", size, ((name, 1.0),)) for name in basis_order()[:LAYERS]]
    frames = compositor.render(poses)
    opencv, ffmpeg = OpenCvLayers(frames), FfmpegLayers(frames)
    return {
        f"opencv.512.layers{LAYERS}": opencv.render,
        f"ffmpeg.512.layers{LAYERS}": ffmpeg.render,
    }


def _gpu(report: Report, sampling: Sampling, *, allow_software: bool) -> None:
    try:
        gpu, hardware = _open_gpu(allow_software=allow_software)
    except BackendUnavailableError as error:
        report.notes["wgpu"] = f"not measured: {error} (--software measures a software adapter)"
        return
    report.notes["wgpu"] = gpu.name if hardware else f"{gpu.name}, a software adapter"
    try:
        gpu.load(mira())
        _matrix(report, "wgpu", gpu, sampling, {}, most_px=None if hardware else SOFTWARE_PX)
    except CompositorError as error:
        report.notes["wgpu"] += f"; stopped: {error}"
        report.budgets.append(Budget("wgpu.failures", 0, 1))
    finally:
        gpu.close()
    if hardware and "wgpu.512.s64.b16.total_ms" in report.figures:
        report.limit("wgpu.512.s1.b16.total_ms", "p50", BUDGET_GPU_MS)
        each = report.figures["wgpu.512.s64.b16.total_ms"].p50 / 64
        report.budgets.append(Budget("wgpu.512.s64.b16 a frame", BUDGET_GPU_EACH_MS, each))


def _open_gpu(*, allow_software: bool) -> tuple[Compositor, bool]:
    """The GPU, and whether it is one in hardware.

    Raises:
        BackendUnavailableError: There is none, or no software adapter either.
    """
    try:
        return open_compositor("gpu"), True
    except BackendUnavailableError:
        names = adapter_names() if allow_software else ()
        if not names:
            raise
        return open_compositor("gpu", names[0]), False


def _matrix(
    report: Report,
    backend: str,
    compositor: Compositor,
    sampling: Sampling,
    others: Mapping[str, Contender],
    *,
    most_px: int | None = None,
) -> dict[str, Ticks]:
    """Every size and number of sessions, up to so many pixels; all numbers of bases in turn."""
    found: dict[str, Ticks] = {}
    for size_name, size in SIZES.items():
        for sessions in SESSIONS:
            if most_px is not None and sessions * size.width * size.height > most_px:
                continue
            names = {bases: f"{backend}.{size_name}.s{sessions}.b{bases}" for bases in BASES}
            contenders: dict[str, Contender] = {
                name: partial(_draw, compositor, _draw_lists(bases, size, sessions))
                for bases, name in names.items()
            }
            if size_name == "512" and sessions == 1:
                contenders |= others
            measured = measure(contenders, sampling)
            if isinstance(compositor, StageTimed):
                own = {name: contenders[name] for name in names.values()}
                _time_stages(compositor, own, measured, sampling)
            for name, ticks in measured.items():
                ticks.write(report, name, sessions if name not in others else 1)
            found |= measured
    return found


def _draw_lists(bases: int, size: FrameSize, sessions: int) -> list[list[DrawList]]:
    return [
        [moving(bases, size, frame, session) for session in range(sessions)]
        for frame in range(PERIOD)
    ]


def _draw(compositor: Compositor, draw_lists: Sequence[Sequence[DrawList]], tick: int) -> None:
    compositor.render(draw_lists[tick % len(draw_lists)])


def _time_stages(
    timed: StageTimed,
    contenders: Mapping[str, Contender],
    found: Mapping[str, Ticks],
    sampling: Sampling,
) -> None:
    """Rounds of their own for the stages: taking their times costs time."""
    timed.time_stages(True)
    for turn in range(sampling.warm + max(STAGE_ROUNDS, sampling.least)):
        for name, draw in contenders.items():
            draw(turn)
            times = timed.stage_times()
            if turn >= sampling.warm:
                found[name].add_stages({stage: times.get(stage, 0.0) for stage in STAGES})
    timed.time_stages(False)


def measure(contenders: Mapping[str, Contender], sampling: Sampling) -> dict[str, Ticks]:
    """Lets the contenders draw in turn, and takes their times."""
    found = {name: Ticks() for name in contenders}
    began = time.perf_counter()
    for turn in range(sampling.warm + sampling.most):
        counted = turn - sampling.warm
        if counted >= sampling.least and time.perf_counter() - began > sampling.seconds:
            break
        for name, draw in contenders.items():
            start = time.perf_counter_ns()
            draw(turn)
            total_ms = (time.perf_counter_ns() - start) / 1e6
            if counted >= 0:
                found[name].total_ms.append(total_ms)
    return found


def _judge(report: Report, found: Mapping[str, Ticks]) -> None:
    """Ratios are medians over the rounds: noise that falls on both sides of one cancels out."""
    one, many = found["numba.512.s1.b16"], found["numba.512.s1.b64"]
    report.limit("numba.512.s1.b16.total_ms", "p50", BUDGET_MS)
    report.ratios["numba.512.s1.b64_over_b16"] = _ratio(many, one)
    report.limit_ratio("numba.512.s1.b64_over_b16", BUDGET_GROWTH)
    for name in ("opencv", "ffmpeg"):
        other = found[f"{name}.512.layers{LAYERS}"]
        report.ratios[f"numba_over_{name}.512"] = _ratio(one, other)
    report.limit_ratio("numba_over_opencv.512", BUDGET_OPENCV)


def _ratio(over: Ticks, under: Ticks) -> float:
    pairs = zip(over.total_ms, under.total_ms, strict=True)
    return round(median(one / other for one, other in pairs), 3)
