"""The capsule index: our KD-tree beside a linear scan in numpy and SciPy's cKDTree."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from benchmarks.report import Figure, Report
from capsules.index import VadIndex
from capsules.model import Capsule, Emotion, Layer, Track

__all__ = ["run"]

SIZES = (100, 1_000, 10_000)
NEIGHBOURS = 3
BUDGET_US = 500.0  # 10,000 capsules, k = 3, with weights


def run(*, quick: bool) -> Report:
    """Microseconds a lookup with weights; the same queries for all three."""
    report = Report("index")
    generator = np.random.default_rng(1)
    queries = generator.uniform(-1, 1, (300 if quick else 3_000, 3))
    for size in SIZES:
        points = generator.uniform(-1, 1, (size, 3))
        index = VadIndex([_capsule(number, point) for number, point in enumerate(points)])
        tree = cKDTree(points)
        ours = _time(partial(index.blend, k=NEIGHBOURS), queries)
        scan = _time(partial(_scan, points), queries)
        scipy = _time(partial(_tree, tree), queries)
        report.figures[f"kdtree.{size}_us"] = Figure.of(ours, "us")
        report.figures[f"scan.{size}_us"] = Figure.of(scan, "us")
        report.figures[f"scipy.{size}_us"] = Figure.of(scipy, "us")
        report.ratios[f"scan_over_kdtree.{size}"] = round(
            float(np.median(scan) / np.median(ours)), 2
        )
    report.limit(f"kdtree.{SIZES[-1]}_us", "p99", BUDGET_US)
    return report


def _capsule(number: int, point: NDArray[np.float64]) -> Capsule:
    valence, arousal, dominance = (float(value) for value in point)
    return Capsule(
        cid=f"VF_{number:05d}",
        layer=Layer.FACE,
        description="a point",
        emotion=Emotion(valence=valence, arousal=arousal, dominance=dominance),
        duration_ms=500,
        tracks=(Track(target="jawOpen", curve=[(0, 0.0), (200, 1.0)]),),
    )


def _tree(tree: cKDTree, vad: tuple[float, float, float]) -> object:
    return _weights(*tree.query(vad, NEIGHBOURS))


def _scan(points: NDArray[np.float64], vad: tuple[float, float, float]) -> object:
    distances = np.sqrt(((points - vad) ** 2).sum(axis=1))
    nearest = np.argpartition(distances, NEIGHBOURS)[:NEIGHBOURS]
    return _weights(distances[nearest], nearest)


def _weights(distances: NDArray[np.float64], nearest: NDArray[np.intp]) -> object:
    weights = 1.0 / (distances + 0.001)
    return list(zip(nearest.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _time(
    query: Callable[[tuple[float, float, float]], object], queries: NDArray[np.float64]
) -> list[float]:
    times = []
    for row in queries[:50]:
        query((float(row[0]), float(row[1]), float(row[2])))
    for row in queries:
        vad = (float(row[0]), float(row[1]), float(row[2]))
        start = time.perf_counter_ns()
        query(vad)
        times.append((time.perf_counter_ns() - start) / 1000)
    return times
