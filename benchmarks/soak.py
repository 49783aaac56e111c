"""Ten minutes of conversation with a browser watching: memory, threads, files, and A/V offset."""

import random
import time
from collections.abc import Sequence

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.latency import open_page
from benchmarks.product import chromium, serve
from benchmarks.report import Budget, Figure, Report

__all__ = ["offset_ms", "run"]

MINUTES, QUICK_MINUTES = 10.0, 1.5
WARM_S = 60.0
MOUTH = (0.42, 0.42, 0.16, 0.10)  # the box of Mira's mouth, shares of the picture
CLAPPER = "Pa. Pa. Pa. Pa. Pa. Pa."
CLAPPER_S = 6.0
GRID_MS = 5.0
MAX_LAG_MS = 300.0
LIMIT_RSS_MB = 10.0
LIMIT_LEAD_MS, LIMIT_LAG_MS = 45.0, 125.0  # sound early, sound late: ITU-R BT.1359
LINES = (
    "Hello there!",
    "I passed my exam today, I am so happy!",
    "Really? That is wonderful!",
    "My cat is ill and I am worried.",
    "What do you think about that?",
    "That is simply unacceptable.",
    "Thank you so much for listening.",
    "I do not know what to do next.",
    "Haha, that is hilarious!",
    "Let us talk about something calm.",
)


def run(*, quick: bool) -> Report:
    """RSS growth after the first minute, threads and files gained, and offset of sound to lips."""
    report = Report("soak")
    minutes = QUICK_MINUTES if quick else MINUTES
    with serve("--backend", "cpu") as served, chromium() as browser:
        page = open_page(browser, served.url, "soak")
        page.evaluate("([options, mouth]) => bench.open(options, mouth)", [{"seed": 1}, MOUTH])
        watcher = _Watcher(served.pid)
        offsets: list[float] = []
        generator = random.Random(1)
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < minutes * 60:
            page.evaluate("text => bench.say(text)", LINES[watcher.count % len(LINES)])
            time.sleep(generator.uniform(4.0, 7.0))
            watcher.sample(warm=elapsed < WARM_S / (4 if quick else 1))
            if watcher.count % 6 == 0:
                time.sleep(2.0)
                heard = page.evaluate("([t, s]) => bench.record(t, s)", [CLAPPER, CLAPPER_S])
                offsets.append(offset_ms(heard["sound"], heard["picture"]))
        watcher.judge(report)
    report.figures["av_offset_ms"] = Figure.of(offsets, "ms, above 0: the sound is late")
    report.budgets += [
        Budget("av_offset_ms: latest sound", LIMIT_LAG_MS, max(offsets)),
        Budget("av_offset_ms: earliest sound", LIMIT_LEAD_MS, -min(offsets)),
    ]
    report.notes["length"] = f"{minutes:g} minutes, {watcher.count} turns"
    return report


class _Watcher:
    """Memory, threads and files of the server and its children."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._warm: tuple[float, int, int] | None = None
        self._rss_mb: list[float] = []
        self._last = (0.0, 0, 0)
        self.count = 0

    def sample(self, *, warm: bool) -> None:
        family = [self._server, *self._server.children(recursive=True)]
        rss = sum(process.memory_info().rss for process in family) / 2**20
        threads = sum(process.num_threads() for process in family)
        files = len(self._server.open_files()) + len(self._server.net_connections())
        self._last = (rss, threads, files)
        self._rss_mb.append(rss)
        self.count += 1
        if warm or self._warm is None:
            self._warm = self._last

    def judge(self, report: Report) -> None:
        if self._warm is None:
            raise RuntimeError("nothing was sampled")
        report.figures["rss_mb"] = Figure.of(self._rss_mb, "MB")
        growth, threads, files = (b - a for a, b in zip(self._warm, self._last, strict=True))
        report.budgets += [
            Budget("rss_growth_mb", LIMIT_RSS_MB, round(growth, 2)),
            Budget("threads_gained", 2, threads),
            Budget("files_gained", 4, files),
        ]


def offset_ms(
    sound: Sequence[tuple[float, float]], picture: Sequence[tuple[float, float]]
) -> float:
    """How much later the sound comes than the lips, by the peak of their cross-correlation.

    Args:
        sound: (time in ms, loudness) pairs.
        picture: (time in ms, share of dark pixels in the mouth) pairs.

    Raises:
        ValueError: One of them never changes: there is nothing to compare.
    """
    start = max(sound[0][0], picture[0][0])
    end = min(sound[-1][0], picture[-1][0])
    grid = np.arange(start, end, GRID_MS)
    loud, dark = _normal(grid, sound), _normal(grid, picture)
    steps = int(MAX_LAG_MS / GRID_MS)
    lags = range(-steps, steps + 1)
    scores = [float(np.mean(_shift(loud, -lag) * dark)) for lag in lags]
    return float(lags[int(np.argmax(scores))] * GRID_MS)


def _normal(grid: NDArray[np.float64], pairs: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    times, values = np.array(pairs, dtype=float).T
    order = np.argsort(times)
    signal = np.interp(grid, times[order], values[order])
    smooth = np.convolve(signal, np.ones(9) / 9, mode="same")
    spread = float(smooth.std())
    if spread < 1e-6:
        raise ValueError("the signal never changes: was there sound, and is the mouth in its box?")
    result: NDArray[np.float64] = (smooth - smooth.mean()) / spread
    return result


def _shift(signal: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    shifted = np.roll(signal, steps)
    if steps > 0:
        shifted[:steps] = 0.0
    elif steps < 0:
        shifted[steps:] = 0.0
    return shifted
