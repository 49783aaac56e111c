import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.bake.canvas import BODY_SHEET, Floats, place
from capsules.bake.facs_cheeks import cheek_shapes
from capsules.bake.facs_eyes import eye_shapes, iris_shapes
from capsules.bake.facs_jaw import jaw_shapes
from capsules.bake.facs_lips import lip_shapes
from capsules.bake.folds import flipped, unfolded
from capsules.bake.glasses import wears_glasses
from capsules.bake.mesh import FRINGE_PX, face_mesh, signed_areas
from capsules.bake.rig import face_rig
from capsules.bake.shape import FaceRig
from capsules.bake.topology import anatomy
from tests.drawn_face import drawn_face, drawn_photo, with_open_lips

Shapes = dict[str, Floats]


def _rigged(apart_px: float) -> tuple[FaceRig, Shapes]:
    found = with_open_lips(drawn_face(), apart_px) if apart_px else drawn_face()
    face = anatomy(found, place(found))
    if not apart_px:
        line = 0.5 * (face.inner_upper + face.inner_lower)
        face = replace(face, inner_upper=line, inner_lower=line.copy())
    rig = face_rig(face, face_mesh(face))
    return rig, jaw_shapes(rig) | lip_shapes(rig) | cheek_shapes(rig) | eye_shapes(rig)


@pytest.fixture(scope="module")
def closed() -> tuple[FaceRig, Shapes]:
    return _rigged(0.0)


@pytest.fixture(scope="module")
def smiling() -> tuple[FaceRig, Shapes]:
    return _rigged(8.0)


def _gap(rig: FaceRig, moves: Floats) -> Floats:
    """How far the lips' edges, as they are seen, are apart in units; negative where they lap."""
    vertices = rig.mesh.vertices + moves
    curves = rig.mesh.curves
    between = vertices[curves["innerLower"]] - vertices[curves["innerUpper"]]
    fringe = 2.0 * FRINGE_PX if rig.gap.max() > 0.0 else 0.0
    return np.asarray((between[:, 1] + fringe) / rig.face.unit, np.float32)


def _mark(rig: FaceRig, moves: Floats, number: int) -> Floats:
    return np.asarray(moves[rig.mesh.marks[number]] / rig.face.unit, np.float32)


def test_every_arkit_shape_of_the_skin_moves_something(closed: tuple[FaceRig, Shapes]) -> None:
    _, shapes = closed

    assert set(shapes) == set(ARKIT_BLENDSHAPES)
    still = {name for name, moves in shapes.items() if np.abs(moves).max() < 0.3}
    assert still == set()


@pytest.mark.parametrize("fixture", ["closed", "smiling"])
def test_no_triangle_turns_over_at_full_weight(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    rig, shapes = request.getfixturevalue(fixture)
    vertices, triangles = rig.mesh.vertices, rig.mesh.triangles
    for name, moves in shapes.items():
        if name == "mouthClose":  # undoes jawOpen and means nothing without it
            continue
        repaired = unfolded(vertices, triangles, moves)
        assert not len(flipped(vertices, triangles, repaired)), name
        assert np.abs(repaired).max() > 0.6 * np.abs(moves).max(), name


def test_repair_leaves_a_harmless_movement_alone(closed: tuple[FaceRig, Shapes]) -> None:
    rig, _ = closed
    moves = (0.05 * rig.mesh.vertices).astype(np.float32)

    assert unfolded(rig.mesh.vertices, rig.mesh.triangles, moves) is moves


def test_repair_turns_a_folded_triangle_back(closed: tuple[FaceRig, Shapes]) -> None:
    rig, _ = closed
    moves = np.zeros_like(rig.mesh.vertices)
    moves[rig.mesh.marks[50]] = (60.0, 0.0)
    assert len(flipped(rig.mesh.vertices, rig.mesh.triangles, moves))

    repaired = unfolded(rig.mesh.vertices, rig.mesh.triangles, moves)

    areas = signed_areas(rig.mesh.vertices + repaired, rig.mesh.triangles)
    assert (areas > 0.0).all()


@pytest.mark.parametrize(("word", "side"), [("Right", -1), ("Left", 1)])
def test_blink_brings_the_lids_together(
    closed: tuple[FaceRig, Shapes], word: str, side: int
) -> None:
    rig, shapes = closed
    vertices = rig.mesh.vertices + shapes[f"eyeBlink{word}"]
    curves, eye = rig.mesh.curves, rig.face.eyes[side]
    between = vertices[curves[f"lidLower{word}"]] - vertices[curves[f"lidUpper{word}"]]
    width = float(np.linalg.norm(eye.upper[-1] - eye.upper[0]))

    assert between[:, 1].max() < 0.01 * width
    # Neither lid shoots past the other.
    assert between[:, 1].min() > -0.2 * eye.opening - 3.0 * FRINGE_PX


def test_blink_leaves_the_other_eye_and_the_mouth_alone(closed: tuple[FaceRig, Shapes]) -> None:
    rig, shapes = closed
    moves = shapes["eyeBlinkLeft"]

    assert np.abs(moves[rig.place[:, 0] < -0.1]).max() < 0.05
    assert np.abs(moves[rig.place[:, 1] > 0.5]).max() < 0.05


def test_lashes_ride_on_the_lid_while_the_fold_stays(closed: tuple[FaceRig, Shapes]) -> None:
    rig, shapes = closed
    moves, curves = shapes["eyeBlinkLeft"], rig.mesh.curves
    middle = len(curves["lashLeft"]) // 2

    lid, lash, fold = (moves[curves[f"{c}Left"][middle], 1] for c in ("lidUpper", "lash", "fold"))
    assert lash == pytest.approx(lid)
    assert 0.0 < fold < 0.2 * lid


@pytest.mark.parametrize(
    "name",
    [
        "eyeSquintLeft",
        "eyeWideLeft",
        "eyeLookUpLeft",
        "browInnerUp",
        "browOuterUpLeft",
        "browDownLeft",
    ],
)
def test_lids_that_hardly_close_bare_no_thin_line_of_hidden_skin(
    closed: tuple[FaceRig, Shapes], name: str
) -> None:
    rig, shapes = closed
    moves, curves = shapes[name], rig.mesh.curves

    assert np.abs(moves).max() > 2.0
    np.testing.assert_allclose(moves[curves["foldLeft"]], moves[curves["lashLeft"]], atol=0.02)


def test_jaw_opens_the_lips_and_drops_the_chin(closed: tuple[FaceRig, Shapes]) -> None:
    rig, shapes = closed
    moves = shapes["jawOpen"]

    assert 0.30 < _gap(rig, moves).max() < 0.50
    assert _mark(rig, moves, 152)[1] > 0.33
    assert np.abs(moves[rig.place[:, 1] < 0.25]).max() < 0.03 * rig.face.unit


def test_mouth_close_undoes_the_opening_of_the_jaw(smiling: tuple[FaceRig, Shapes]) -> None:
    rig, shapes = smiling
    both = shapes["jawOpen"] + shapes["mouthClose"]

    assert _gap(rig, shapes["jawOpen"]).max() > 0.3
    assert _gap(rig, both)[3:-3].max() < 0.02
    assert 0.18 < _mark(rig, both, 152)[1] < 0.30  # lips meet over a jaw that is half open


@pytest.mark.parametrize("viseme", ["PP"])
def test_an_open_smile_closes_for_the_lips_own_sounds(
    smiling: tuple[FaceRig, Shapes], viseme: str
) -> None:
    rig, shapes = smiling
    data = json.loads((resources.files("capsules") / "data" / "visemes.json").read_text())
    moves = np.sum([weight * shapes[name] for name, weight in data[viseme].items()], axis=0)

    assert rig.gap.max() > 0.08
    assert _gap(rig, moves)[3:-3].max() < 0.025


@pytest.mark.parametrize(("word", "corner", "side"), [("Right", 61, -1), ("Left", 291, 1)])
def test_smile_raises_a_corner_outwards_and_only_that(
    closed: tuple[FaceRig, Shapes], word: str, corner: int, side: int
) -> None:
    rig, shapes = closed
    moves = shapes[f"mouthSmile{word}"]

    dx, dy = _mark(rig, moves, corner)
    assert side * dx > 0.05
    assert dy < -0.04
    other = _mark(rig, moves, 291 if corner == 61 else 61)
    assert np.abs(other).max() < 0.02


def test_a_smile_in_the_photo_leaves_less_to_add(smiling: tuple[FaceRig, Shapes]) -> None:
    rig, _ = smiling
    wide = replace(rig, smile=1.0)

    neutral, already = lip_shapes(replace(rig, smile=0.0)), lip_shapes(wide)
    assert np.abs(already["mouthSmileLeft"]).max() < 0.8 * np.abs(neutral["mouthSmileLeft"]).max()
    assert already["mouthFrownLeft"][:, 1].max() > 1.3 * neutral["mouthFrownLeft"][:, 1].max()


def test_pucker_narrows_the_mouth_and_frown_lowers_its_corners(
    closed: tuple[FaceRig, Shapes],
) -> None:
    rig, shapes = closed
    pucker = shapes["mouthPucker"]
    narrowed = _mark(rig, pucker, 291)[0] - _mark(rig, pucker, 61)[0]

    assert narrowed < -0.2 * 2.0 * rig.half_width
    assert _mark(rig, shapes["mouthFrownLeft"], 291)[1] > 0.05


def test_brows_rise_and_fall_without_the_eyes(closed: tuple[FaceRig, Shapes]) -> None:
    rig, shapes = closed

    assert _mark(rig, shapes["browInnerUp"], 107)[1] < -0.06
    assert _mark(rig, shapes["browOuterUpLeft"], 300)[1] < -0.04
    assert _mark(rig, shapes["browDownLeft"], 336)[1] > 0.04
    for name in ("browInnerUp", "browOuterUpLeft"):
        assert np.abs(shapes[name][rig.mesh.curves["lidLowerLeft"]]).max() < 0.05


def test_looks_move_irises_to_where_their_names_say(closed: tuple[FaceRig, Shapes]) -> None:
    rig, _ = closed
    left, right = iris_shapes(rig, 1), iris_shapes(rig, -1)

    assert left["eyeLookOutLeft"][0] > 3.0
    assert left["eyeLookInLeft"][0] < -3.0
    assert right["eyeLookOutRight"][0] < -3.0
    assert left["eyeLookUpLeft"][1] < -3.0
    assert right["eyeLookDownRight"][1] > 3.0


def test_glasses_are_told_from_a_bare_nose_and_calm_the_brows(
    closed: tuple[FaceRig, Shapes],
) -> None:
    rig, shapes = closed
    found = drawn_face()
    bare = BODY_SHEET.photo(drawn_photo(found), place(found))
    framed = bare.copy()
    x, y = BODY_SHEET.texels(rig.face.origin).round().astype(int)
    framed[y + 2 : y + 9, x - 60 : x + 60] = (0.1, 0.1, 0.12)

    assert not wears_glasses(rig.face, bare, BODY_SHEET)
    assert wears_glasses(rig.face, framed, BODY_SHEET)
    calm = eye_shapes(replace(rig, glasses=True))
    assert np.abs(calm["browInnerUp"]).max() < 0.6 * np.abs(shapes["browInnerUp"]).max()
    np.testing.assert_allclose(calm["eyeBlinkLeft"], shapes["eyeBlinkLeft"])
