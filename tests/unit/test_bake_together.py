import json
from collections.abc import Mapping
from importlib import resources

import numpy as np
import pytest

from capsules.avatar import Avatar
from capsules.bake.canvas import Floats
from capsules.bake.folds import flipped, unfolded
from capsules.bake.mesh import Ints, signed_areas
from capsules.bake.rig import RigOptions, build_rig
from capsules.bake.together import TOGETHER, unfolded_together
from capsules.weights import WeightResolver, correctives
from tests.drawn_face import drawn_face, drawn_mask, drawn_photo, with_open_lips


def _grid(side: int) -> tuple[Floats, Ints]:
    y, x = np.mgrid[0:side, 0:side]
    points = np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32) * 10.0
    a = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.stack([a, a + 1, a + side, a + 1, a + side + 1, a + side], axis=1)
    return points, faces.reshape(-1, 3).astype(np.int32)


def _push(points: Floats, at: tuple[float, float], by: float) -> Floats:
    near = np.exp(-(((points - np.array(at)) ** 2).sum(axis=1)) / (2 * 14.0**2))
    return np.asarray(near[:, None] * np.array([by, 0.0]), np.float32)


_POINTS, _FACES = _grid(12)


def test_movements_whose_sum_folds_share_what_is_too_much() -> None:
    moves = {"one": _push(_POINTS, (50.0, 50.0), 17.0), "two": _push(_POINTS, (58.0, 50.0), 17.0)}
    assert len(flipped(_POINTS, _FACES, moves["one"] + moves["two"], least=0.0))

    out = unfolded_together(_POINTS, _FACES, moves, [{"one": 1.0, "two": 1.0}], {})

    assert (signed_areas(_POINTS + out["one"] + out["two"], _FACES) > 0.0).all()
    for name, move in moves.items():
        assert (signed_areas(_POINTS + out[name], _FACES) > 0.0).all()
        assert 0.4 * np.abs(move).max() < np.abs(out[name]).max() <= np.abs(move).max() + 1e-3


def test_movements_that_go_well_together_stay_as_they_are() -> None:
    moves = {"one": _push(_POINTS, (30.0, 50.0), 4.0), "two": _push(_POINTS, (80.0, 50.0), 4.0)}

    out = unfolded_together(_POINTS, _FACES, moves, [{"one": 1.0, "two": 1.0}], {})

    for name, move in moves.items():
        np.testing.assert_array_equal(out[name], move)


def test_names_without_a_movement_are_passed_over() -> None:
    moves = {"one": _push(_POINTS, (50.0, 50.0), 4.0)}

    out = unfolded_together(_POINTS, _FACES, moves, [{"one": 1.0, "none": 1.0}, {}], {})

    assert set(out) == {"one"}


def test_what_is_held_stays_while_its_neighbours_give_way() -> None:
    middle = int(np.argmin(((_POINTS - (50.0, 50.0)) ** 2).sum(axis=1)))
    moves = np.zeros_like(_POINTS)
    moves[middle] = (10.0, 0.0)
    held = np.zeros(len(_POINTS), np.bool_)
    held[middle] = True

    out = unfolded(_POINTS, _FACES, moves, held=held)

    np.testing.assert_array_equal(out[middle], moves[middle])
    assert (signed_areas(_POINTS + out, _FACES) > 0.0).all()


def test_what_never_yields_stays_even_if_triangles_stay_turned_over() -> None:
    moves = np.zeros_like(_POINTS)
    moves[40] = (60.0, 0.0)
    held = np.zeros(len(_POINTS), np.bool_)
    held[40] = True

    out = unfolded(_POINTS, _FACES, moves, held=held, yielding=False)

    np.testing.assert_array_equal(out[40], moves[40])
    assert (signed_areas(_POINTS + unfolded(_POINTS, _FACES, moves, held=held), _FACES) > 0).all()


@pytest.fixture(scope="module", params=[0.0, 8.0], ids=["closed", "smiling"])
def avatar(request: pytest.FixtureRequest) -> Avatar:
    face = with_open_lips(drawn_face(), request.param) if request.param else drawn_face()
    photo = drawn_photo(face)
    return build_rig(photo, face, drawn_mask(photo), RigOptions("drawn", "not a real person"))


def _turned(avatar: Avatar, weights: Mapping[str, float]) -> int:
    part = avatar.part("face")
    moved = part.vertices.astype(np.float64)
    resolve = WeightResolver(correctives(avatar.parts))
    for name, weight in resolve(tuple(weights.items())):
        if name in part.bases:
            moved = moved + weight * part.bases[name].delta.astype(np.float64)
    rest = signed_areas(part.vertices, part.triangles)
    after = signed_areas(moved.astype(np.float32), part.triangles)
    return int(((rest > 0.05) & (after <= 0.0)).sum())


def test_no_triangle_turns_over_where_movements_go_together(avatar: Avatar) -> None:
    turned = {names: _turned(avatar, dict.fromkeys(names, 1.0)) for names in TOGETHER}

    assert {names: count for names, count in turned.items() if count} == {}


def test_no_triangle_turns_over_in_any_viseme(avatar: Avatar) -> None:
    text = (resources.files("capsules") / "data" / "visemes.json").read_text()
    turned = {name: _turned(avatar, weights) for name, weights in json.loads(text).items()}

    assert {name: count for name, count in turned.items() if count} == {}


def test_no_triangle_turns_over_with_one_basis_alone(avatar: Avatar) -> None:
    assert {name for name in avatar.basis_names if _turned(avatar, {name: 1.0})} == set()


@pytest.mark.parametrize("opened", [0.1, 0.5, 1.0])
def test_no_triangle_turns_over_however_far_lips_close_over_an_open_jaw(
    avatar: Avatar, opened: float
) -> None:
    for closed in (0.3, 0.7, 1.0):
        assert _turned(avatar, {"jawOpen": opened, "mouthClose": closed}) == 0
