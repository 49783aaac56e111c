import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import spatial

from capsules.bake.biharmonic import Biharmonic
from capsules.bake.canvas import Floats

_SIDE = 21


@pytest.fixture(scope="module")
def square() -> tuple[Floats, NDArray[np.int32]]:
    """A jittered grid of 21 by 21 points, 10 px apart, and its triangles."""
    x, y = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE))
    points = 10.0 * np.stack([x, y], axis=-1).reshape(-1, 2)
    inner = ((points > 5) & (points < 195)).all(axis=1)
    points[inner] += np.random.default_rng(1).uniform(-2.0, 2.0, (int(inner.sum()), 2))
    return points.astype(np.float32), spatial.Delaunay(points).simplices.astype(np.int32)


def _rim(points: Floats, width: float) -> NDArray[np.bool_]:
    return np.asarray(((points < width) | (points > 200 - width)).any(axis=1))


def test_held_vertices_move_as_told(square: tuple[Floats, NDArray[np.int32]]) -> None:
    points, triangles = square
    held = _rim(points, 15)
    moves = np.zeros_like(points)
    middle = len(points) // 2
    held[middle], moves[middle] = True, (7.0, -3.0)

    out = Biharmonic(points, triangles).solve(held, moves)

    np.testing.assert_array_equal(out[held], moves[held])


def test_what_is_not_held_is_not_read(square: tuple[Floats, NDArray[np.int32]]) -> None:
    points, triangles = square
    held = _rim(points, 15)
    moves = np.zeros_like(points)
    moves[~held] = 99.0

    assert np.abs(Biharmonic(points, triangles).solve(held, moves)).max() < 1e-4


def test_a_linear_movement_is_carried_on_exactly(square: tuple[Floats, NDArray[np.int32]]) -> None:
    points, triangles = square
    wanted = (points @ np.array([[0.02, -0.01], [0.03, 0.05]]) + 1.0).astype(np.float32)

    out = Biharmonic(points, triangles).solve(_rim(points, 25), wanted)

    np.testing.assert_allclose(out, wanted, atol=2e-3)


def test_movement_fades_smoothly_to_what_is_held(
    square: tuple[Floats, NDArray[np.int32]],
) -> None:
    points, triangles = square
    away = np.linalg.norm(points - 100.0, axis=1)
    held = _rim(points, 15) | (away < 12)
    moves = np.where((away < 12)[:, None], [0.0, 10.0], 0.0)

    out = Biharmonic(points, triangles).solve(held, moves.astype(np.float32))

    rings = [out[(away >= r) & (away < r + 12), 1].mean() for r in (0, 20, 35, 50, 65)]
    assert rings == sorted(rings, reverse=True)
    assert out[:, 1].max() < 11.0
    assert out[:, 1].min() > -1.0
    # Flat at the top and at the foot: no crease where vertices are held.
    assert rings[0] - rings[1] < rings[1] - rings[2]


def test_all_held_gives_what_was_told(square: tuple[Floats, NDArray[np.int32]]) -> None:
    points, triangles = square
    moves = np.random.default_rng(2).normal(size=points.shape).astype(np.float32)

    out = Biharmonic(points, triangles).solve(np.ones(len(points), np.bool_), moves)

    np.testing.assert_array_equal(out, moves)
