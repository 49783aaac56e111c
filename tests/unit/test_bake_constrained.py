from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import spatial

from capsules.bake.constrained import with_edges
from capsules.bake.mesh import signed_areas


def _edges(faces: NDArray[np.int32]) -> set[tuple[int, int]]:
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    return {(int(a), int(b)) for a, b in pairs}


def _triangulated(points: NDArray[np.float32]) -> NDArray[np.int32]:
    return np.asarray(spatial.Delaunay(points.astype(np.float64)).simplices, np.int32)


def _area(points: NDArray[np.float32], faces: NDArray[np.int32]) -> float:
    return float(np.abs(signed_areas(points, faces)).sum())


def test_an_edge_past_two_near_points_is_kept() -> None:
    # Delaunay joins the two points in the middle; the line between the far ones crosses that.
    points = np.array([(0, 0), (10, 0), (5, 0.4), (5, -0.4), (5, 8), (5, -8)], np.float32)
    faces = _triangulated(points)
    assert (0, 1) not in _edges(faces)

    turned = with_edges(points, faces, [np.array([0, 1], np.int32)])

    assert (0, 1) in _edges(turned)
    assert _area(points, turned) == pytest.approx(_area(points, faces), rel=1e-5)


def test_a_triangulation_that_has_the_edges_stays_as_it_is() -> None:
    points = np.random.default_rng(3).uniform(0.0, 100.0, (60, 2)).astype(np.float32)
    faces = _triangulated(points)
    lines = [face[:2] for face in faces[:20]]

    np.testing.assert_array_equal(with_edges(points, faces, lines), faces)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(8, 60))
def test_any_line_is_kept_without_overlaps(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.0, 100.0, (count, 2)).astype(np.float32)
    faces = _triangulated(points)
    # A line from left to right does not cross itself.
    line = np.argsort(points[:, 0])[:: max(1, count // 6)].astype(np.int32)

    turned = with_edges(points, faces, [line])

    wanted = {(min(a, b), max(a, b)) for a, b in pairwise(line)}
    assert wanted <= _edges(turned)
    assert len(turned) == len(faces)
    assert _area(points, turned) == pytest.approx(_area(points, faces), rel=1e-4)
