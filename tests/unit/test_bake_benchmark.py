"""The measures of the benchmark of baking, on faces and avatars whose answers are known."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.bake import WEIGHTS, Course
from benchmarks.bake_faces import DRIVERS, Seen, interocular, likeness, measures
from benchmarks.bake_mesh import flipped, lid_gaps
from capsules.avatar import Avatar, Basis, Part
from capsules.bake.found import FoundFace
from capsules.bake.landmark_file import complete_face, read_landmarks
from tests.unit.avatars import PROVENANCE, grid, plain_part, solid

LANDMARKS = Path(__file__).parents[1] / "integration" / "data" / "mira_landmarks.json"


def face() -> FoundFace:
    return read_landmarks(LANDMARKS, 1024, 1024)


def moved(found: FoundFace, scale: float, degrees: float) -> tuple[FoundFace, NDArray[np.float64]]:
    """The face turned and scaled about the picture's middle, and the map that does so."""
    matrix = np.asarray(cv2.getRotationMatrix2D((512.0, 512.0), degrees, scale), np.float64)

    def mapped(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)

    landmarks = np.concatenate(
        [mapped(found.landmarks[:, :2]), scale * found.landmarks[:, 2:]], axis=1
    ).astype(np.float32)
    return complete_face(landmarks, mapped(found.irises), mapped(found.eye_contours)), matrix


def cloud(seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0.5, 1.0, (64, 64)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (1024, 1024), interpolation=cv2.INTER_CUBIC), np.float32)


def test_a_face_is_like_itself_however_it_lies_in_the_picture() -> None:
    here = Seen(cloud(1), face())
    there, matrix = moved(here.face, 0.8, 20.0)
    picture = cv2.warpAffine(here.luma, matrix, (1024, 1024), flags=cv2.INTER_AREA)
    found = likeness(Seen(np.asarray(picture, np.float32), there), here)
    assert found.shape == pytest.approx(0.0, abs=1e-4)
    assert found.texture > 0.95


def test_another_skin_and_another_shape_are_not_like_it() -> None:
    here = Seen(cloud(1), face())
    assert likeness(Seen(cloud(2), face()), here).texture < 0.5
    wide = here.face.landmarks.copy()
    wide[:, 0] = 512 + 1.2 * (wide[:, 0] - 512)
    found = likeness(Seen(cloud(1), replace(here.face, landmarks=wide)), here)
    assert found.shape > 0.02


def test_every_measure_follows_what_it_is_named_for() -> None:
    found = face()
    unit = interocular(found)
    before = measures(found, unit)
    landmarks, contours = found.landmarks.copy(), found.eye_contours.copy()
    landmarks[14, 1] += 0.2 * unit
    landmarks[[61, 291], 1] -= 0.1 * unit
    contours[:, 64:69, 1] -= 0.05 * unit
    lids = contours[:, 11:14, 1]
    lids += 0.5 * (contours[:, 3:6, 1] - lids)
    after = measures(replace(found, landmarks=landmarks, eye_contours=contours), unit)
    change = {name: after[name] - before[name] for name in before}
    assert change["mouth opening"] == pytest.approx(0.2, abs=0.01)
    assert change["corner lift"] == pytest.approx(0.1, abs=1e-4)
    assert change["brow height"] == pytest.approx(0.05, abs=1e-4)
    assert after["eye opening"] == pytest.approx(before["eye opening"] / 2, rel=0.1)


def test_correlation_and_crosstalk_of_a_movement() -> None:
    still = [0.0] * len(WEIGHTS)
    change = {
        "mouth opening": still,
        "corner lift": [0.3 * weight for weight in WEIGHTS],
        "brow height": still,
        "eye opening": [-0.2 * weight for weight in WEIGHTS],
    }
    course = Course(DRIVERS["blink"], change)
    assert course.correlation == pytest.approx(1.0)
    assert course.reach == pytest.approx(0.2)
    assert course.crosstalk() == pytest.approx(
        {"mouth opening": 0.0, "corner lift": 1.5, "brow height": 0.0}
    )
    # Mouth opening and corner lift are of one region.
    assert set(Course(DRIVERS["smile"], change).crosstalk()) == {"brow height", "eye opening"}
    assert Course(DRIVERS["jaw open"], change).correlation == 0.0


def folded() -> Part:
    """A grid whose second column of vertices passes the third at weight 1."""
    vertices, uv, triangles = grid((0.0, 0.0, 400.0, 400.0), 4, 4)
    delta = np.zeros_like(vertices, np.float16)
    delta[vertices[:, 0] == 100.0, 0] = 150.0
    collapse = np.zeros_like(delta)
    collapse[vertices[:, 0] == 100.0, 0] = 100.0
    bases = {"folds": Basis(delta), "collapses": Basis(collapse)}
    return Part("face", vertices, uv, triangles, solid((9, 9, 9, 255)), bases=bases)


def test_flipped_triangles_are_counted_and_collapsed_ones_are_not() -> None:
    avatar = Avatar("test", 1024, (folded(),), PROVENANCE)
    assert flipped(avatar, ()) == 0
    assert flipped(avatar, ("collapses",)) == 0
    assert flipped(avatar, ("folds",)) == 8


def test_curled_fingers_are_no_flipped_triangles() -> None:
    hand = replace(folded(), name="handLeft")
    assert flipped(Avatar("test", 1024, (hand,), PROVENANCE), ("folds",)) == 0


@pytest.mark.parametrize("gap_px", [0.0, 2.0])
def test_a_gap_between_lids_is_measured(gap_px: float) -> None:
    """Eyes of 100 x 20 px, over which lids come down from above and leave the gap open."""
    parts = [plain_part("background", (0, 0, 1024, 1024), solid((80, 80, 80, 255)))]
    for name, left in (("irisRight", 350.0), ("irisLeft", 550.0)):
        parts.append(plain_part(name, (left, 340.0, 100.0, 20.0), solid((200, 200, 200, 255))))
    for side, left in (("Right", 340.0), ("Left", 540.0)):
        lid = plain_part(f"lid{side}", (left, 310.0, 120.0, 30.0), solid((180, 140, 120, 255)))
        delta = np.zeros((len(lid.vertices), 2), np.float16)
        delta[lid.vertices[:, 1] == 340.0, 1] = 20.0 - gap_px
        parts.append(replace(lid, bases={f"eyeBlink{side}": Basis(delta)}))
    gaps = lid_gaps(Avatar("test", 1024, tuple(parts), PROVENANCE))
    assert gaps == pytest.approx((gap_px / 100.0,) * 2, abs=0.002)
