"""How the avatar moves by itself, beside what is published of people; and what a frame of it costs.

All is measured on draw lists, in virtual time, of a session that nobody disturbs.
"""

import itertools
import time
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Budget, Figure, Report
from capsules.library import load_library
from capsules.targets import TargetKind, targets
from compositor.drawlist import DrawList, FrameSize
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_S
from engine.motion.idle import EYE_DEG, HEAD_DEG
from engine.packet import Attention, IdPacket
from engine.voice.port import Speech

__all__ = ["Course", "run"]

FPS = 60
MINUTES, QUICK_MINUTES = 10, 2
SEED = 5
BUDGET_FRAME_MS = 0.3  # packet -> draw list takes 1 ms at most; a frame by itself a part of that
AT_VIEWER_DEG = 4.0
SACCADE_DEG = 0.5
SETTLE_S = 5
SENTENCE_S = 20.0
# What people do, where in that range, and by how much a course may miss it.
EXPECTED: dict[str, tuple[float, float]] = {
    "viewer_share.listening": (0.65, 0.05),
    "viewer_share.speaking": (0.40, 0.05),
    "blinks_a_minute.idle": (16.0, 4.0),
    "breaths_a_minute.idle": (15.0, 3.0),
    "exhale_over_inhale.idle": (1.75, 0.25),
    "sway_slope.idle": (-1.5, 0.5),
}

Floats = NDArray[np.float64]
_Path = TypeVar("_Path", NDArray[np.float64], NDArray[np.bool_])


@dataclass(frozen=True, slots=True)
class Course:
    """What was drawn, one value a frame.

    Attributes:
        gaze: Where it looks, (N, 2) degrees from the viewer: head and eyes together.
        eyes: Of that, what the eyes do.
        head: And the head.
        lids: How far they are closed, [0, 1].
        breath: How far it has breathed in.
        sway: Of the trunk, as a weight.
    """

    gaze: Floats
    eyes: Floats
    head: Floats
    lids: Floats
    breath: Floats
    sway: Floats


def run(*, quick: bool) -> Report:
    """Statistics of ten minutes of each manner, and of the time a frame takes."""
    report = Report("motion")
    minutes = QUICK_MINUTES if quick else MINUTES
    frame_ms: list[float] = []
    for attention in (Attention.IDLE, Attention.LISTENING, None, Attention.READING):
        name = "speaking" if attention is None else attention.value
        course = _course(attention, minutes, frame_ms)
        _blinks(report, name, course)
        _looks(report, name, course)
        if attention is Attention.IDLE:
            _breaths(report, name, course)
            _sway(report, name, course)
    report.figures["body_frame_ms"] = Figure.of(frame_ms, "ms")
    report.limit("body_frame_ms", "p50", BUDGET_FRAME_MS)
    if not quick:  # two minutes of chance say little
        for name, (middle, around) in EXPECTED.items():
            found = report.ratios.get(name)
            # NumPy's own numbers are not JSON's.
            missed = float(abs((report.figures[name].p50 if found is None else found) - middle))
            report.budgets.append(Budget(f"{name} off {middle:g}", around, missed))
    return report


def _course(attention: Attention | None, minutes: int, frame_ms: list[float]) -> Course:
    """A session that attends to one thing, or speaks all the time."""
    bases = frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
    body = Body(load_library(), BodyOptions("mira", FrameSize(64, 64), SEED, has_basis=bases))
    mute = Speech("", np.zeros(int(SENTENCE_S * 48_000), np.float32), ())
    frames: list[DrawList] = []
    body.frame(0)
    for number in range(1, (60 * minutes + SETTLE_S) * FPS):
        now_ns = number * NS_PER_S // FPS
        if attention is not None and number % (5 * FPS) == 1:
            body.apply(IdPacket(number, "motion", now_ns, attention=attention), now_ns)
        if attention is None and number % int(SENTENCE_S * FPS) == 1:
            body.begin_speech(mute, now_ns)
        began = time.perf_counter_ns()
        frame = body.frame(now_ns)
        frame_ms.append((time.perf_counter_ns() - began) / 1e6)
        if number >= SETTLE_S * FPS:
            frames.append(frame)
    return _measured(frames)


def _measured(frames: list[DrawList]) -> Course:
    weights = [dict(frame.weights) for frame in frames]

    def path(name: str, sign: float = 1.0) -> Floats:
        return np.array([sign * item.get(name, 0.0) for item in weights])

    across = path("eyeLookOutLeft") - path("eyeLookInLeft")
    along = path("eyeLookUpLeft") - path("eyeLookDownLeft")
    eyes = np.stack([across * EYE_DEG[0], along * EYE_DEG[1]], axis=1)
    head = np.stack([path("headYaw") * HEAD_DEG[0], path("headPitch") * HEAD_DEG[1]], axis=1)
    lids = path("eyeBlinkLeft")
    return Course(eyes + head, eyes, head, lids, path("breath"), path("bodySway"))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[bool, int]]:
    """Lengths of what is on and off in turn, without the first and the last."""
    found = [(bool(on), sum(1 for _ in run)) for on, run in itertools.groupby(flags)]
    return found[1:-1]


def _a_minute(events: NDArray[np.bool_]) -> Figure:
    """How often something happens, minute by minute."""
    whole = np.concatenate([[False], events])
    counts = [float(part.sum()) for part in _pieces(whole, 60 * FPS, 60 * FPS)]
    return Figure.of(counts, "1/min")


def _blinks(report: Report, name: str, course: Course) -> None:
    shut = course.lids > 0.6
    starts = shut[1:] & ~shut[:-1]
    report.figures[f"blinks_a_minute.{name}"] = _a_minute(starts)
    gaps = np.diff(np.flatnonzero(starts)) / FPS
    report.figures[f"blink_interval_s.{name}"] = Figure.of(list(gaps), "s")
    if name == "idle":  # who reads keeps the lids lower all the time
        lengths = [length * 1000.0 / FPS for on, length in _runs(course.lids > 0.25) if on]
        report.figures[f"blink_ms.{name}"] = Figure.of(lengths, "ms")


def _looks(report: Report, name: str, course: Course) -> None:
    near = np.hypot(*course.gaze.T) < AT_VIEWER_DEG
    report.ratios[f"viewer_share.{name}"] = round(float(near.mean()), 3)
    for on, kind in ((True, "viewer"), (False, "away")):
        lengths = [length / FPS for state, length in _runs(near) if state is on and length > 6]
        report.figures[f"look_{kind}_s.{name}"] = Figure.of(lengths, "s")
    sizes = _saccades(course.eyes)
    report.figures[f"saccade_deg.{name}"] = Figure.of(sizes, "deg")


def _saccades(eyes: Floats) -> list[float]:
    """Sizes of quick movements of the eyes, degrees."""
    quick = np.hypot(*np.diff(eyes, axis=0).T) * FPS > 25.0  # degrees a second
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quick, [False]]).astype(int)))
    sizes = [float(np.hypot(*(eyes[end] - eyes[start]))) for start, end in edges.reshape(-1, 2)]
    return [size for size in sizes if size >= SACCADE_DEG]


def _breaths(report: Report, name: str, course: Course) -> None:
    low = course.breath < -0.2
    report.figures[f"breaths_a_minute.{name}"] = _a_minute(low[:-1] & ~low[1:])
    change = np.diff(course.breath)
    rising, falling = np.count_nonzero(change > 0.0), np.count_nonzero(change <= 0.0)
    report.ratios[f"exhale_over_inhale.{name}"] = round(falling / rising, 3)


def _sway(report: Report, name: str, course: Course) -> None:
    """Slope of the sway's power over frequency on log scales, from 0.05 to 0.8 Hz."""
    moved = course.sway[:: FPS // 10] - course.sway.mean()
    parts = [np.abs(np.fft.rfft(part * np.hanning(600))) ** 2 for part in _pieces(moved, 600, 300)]
    hertz = np.fft.rfftfreq(600, 0.1)
    power = np.mean(parts, axis=0)
    seen = (hertz >= 0.05) & (hertz <= 0.8)
    slope = np.polyfit(np.log10(hertz[seen]), np.log10(power[seen]), 1)[0]
    report.ratios[f"sway_slope.{name}"] = round(float(slope), 2)
    report.ratios[f"head_yaw_rms_deg.{name}"] = round(float(course.head[:, 0].std()), 3)


def _pieces(path: _Path, length: int, step: int) -> list[_Path]:
    return [path[start : start + length] for start in range(0, len(path) - length + 1, step)]
