"""The VAD index against a plain scan of all points."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.index import VadIndex
from capsules.model import Capsule, Emotion, Layer, Track

Vad = tuple[float, float, float]

TRACK = Track(target="jawOpen", curve=[(0, 0.0), (100, 0.5)])
# A coarse grid beside the continuum: equal distances and equal points are common on it.
COORDINATE = st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]) | st.floats(-1.0, 1.0, width=32)
VAD = st.tuples(COORDINATE, COORDINATE, COORDINATE)


def capsules(points: list[Vad]) -> list[Capsule]:
    return [
        Capsule(
            cid=f"VF_{number:05d}",
            layer=Layer.FACE,
            description="A test",
            duration_ms=100,
            tracks=(TRACK,),
            emotion=Emotion(valence=v, arousal=a, dominance=d),
        )
        for number, (v, a, d) in enumerate(points)
    ]


def scan(points: list[Vad], vad: Vad, k: int) -> list[str]:
    """The k nearest by looking at every point, equal distances by cid."""

    def square(point: Vad) -> float:
        dx, dy, dz = (a - b for a, b in zip(point, vad, strict=True))
        return dx * dx + dy * dy + dz * dz

    ranked = sorted((square(point), number) for number, point in enumerate(points))
    return [f"VF_{number:05d}" for _, number in ranked[:k]]


@settings(deadline=None, max_examples=300)
@given(points=st.lists(VAD, max_size=80), vad=VAD, k=st.integers(1, 6))
def test_nearest_is_what_a_scan_finds(points: list[Vad], vad: Vad, k: int) -> None:
    found = VadIndex(capsules(points)).nearest(vad, k)
    assert [cid for cid, _ in found] == scan(points, vad, k)
    for cid, distance in found:
        assert distance == pytest.approx(math.dist(points[int(cid[3:])], vad), abs=1e-12)


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32), vad=VAD)
def test_nearest_is_what_a_scan_finds_among_thousands(seed: int, vad: Vad) -> None:
    draw = random.Random(seed).uniform
    points = [(draw(-1, 1), draw(-1, 1), draw(-1, 1)) for _ in range(3000)]
    index = VadIndex(capsules(points))
    for query in (vad, points[0], (0.0, 0.0, 0.0)):
        assert [cid for cid, _ in index.nearest(query)] == scan(points, query, 3)


def test_equal_distances_are_ordered_by_cid_whatever_the_order_given() -> None:
    made = capsules([(0.5, 0.0, 0.0)] * 40)
    expected = ["VF_00000", "VF_00001", "VF_00002"]
    for given_order in (made, made[::-1]):
        assert [cid for cid, _ in VadIndex(given_order).nearest((0.0, 0.0, 0.0))] == expected


@settings(deadline=None)
@given(points=st.lists(VAD, min_size=1, max_size=30), vad=VAD)
def test_blend_weights_sum_to_one_and_favour_the_nearest(points: list[Vad], vad: Vad) -> None:
    weights = [weight for _, weight in VadIndex(capsules(points)).blend(vad)]
    assert sum(weights) == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)
    assert len(weights) == min(3, len(points))


def test_blend_weights_are_inverse_distances() -> None:
    index = VadIndex(capsules([(0.0, 0.0, 0.0), (0.3, 0.0, 0.0)]))
    (_, near), (_, far) = index.blend((0.1, 0.0, 0.0))
    assert near / far == pytest.approx((0.2 + 0.001) / (0.1 + 0.001))


def test_a_capsule_on_the_emotion_takes_nearly_all() -> None:
    index = VadIndex(capsules([(0.2, 0.2, 0.2), (0.9, 0.2, 0.2)]))
    assert index.blend((0.2, 0.2, 0.2))[0][1] > 0.99


def test_capsules_without_an_emotion_are_left_out() -> None:
    made = capsules([(0.1, 0.1, 0.1), (0.9, 0.9, 0.9)])
    made[0] = made[0].model_copy(update={"emotion": None})
    index = VadIndex(made)
    assert len(index) == 1
    assert [cid for cid, _ in index.nearest((0.1, 0.1, 0.1))] == ["VF_00001"]


def test_an_empty_index_finds_nothing() -> None:
    assert VadIndex([]).blend((0.0, 0.0, 0.0)) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_query_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="expected finite numbers"):
        VadIndex(capsules([(0.0, 0.0, 0.0)])).nearest((0.0, bad, 0.0))


def test_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="k is 0, expected at least 1"):
        VadIndex(capsules([(0.0, 0.0, 0.0)])).nearest((0.0, 0.0, 0.0), 0)
