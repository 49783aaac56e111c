"""Faces found by the real models in a real portrait, and in what was done to it."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.checks import PhotoLimits, check_face, choose_face, face_width_px
from capsules.bake.errors import (
    BlurredFaceError,
    ClosedEyesError,
    ExposureError,
    HiddenFaceError,
    ModelMissingError,
    NoFaceError,
    PhotoRefusedError,
    SeveralFacesError,
    SmallFaceError,
)
from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace, Photo
from capsules.bake.quality import blur, eye_openings
from capsules.bake.tflite import TfliteModel
from tests.portraits import astronaut, model_folder

Picture = NDArray[np.uint8]

# By eye, to a pixel or two.
RIGHT_IRIS, LEFT_IRIS = (203.6, 101.0), (246.6, 103.4)
MOUTH_CORNERS = ((202.5, 139.5), (247.5, 140.0))

UPPER_LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder.open(model_folder())


@pytest.fixture(scope="module")
def portrait() -> Picture:
    return astronaut()


@pytest.fixture(scope="module")
def large(portrait: Picture) -> Picture:
    """Twice the size, for a face that is wide enough to be baked."""
    return resized(portrait, 2.0)


def resized(rgb: Picture, factor: float) -> Picture:
    way = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def turned(rgb: Picture, degrees: float) -> Picture:
    matrix = cv2.getRotationMatrix2D((224.0, 120.0), degrees, 1.0)
    return np.asarray(cv2.warpAffine(rgb, matrix, (512, 512)), np.uint8)


def exposed(rgb: Picture, stops: float) -> Picture:
    """The photo as if the shutter had been open longer by so many powers of two."""
    linear = (rgb / 255.0) ** 2.2 * 2.0**stops
    return np.asarray((np.clip(linear, 0.0, 1.0) ** (1 / 2.2) * 255.0).round(), np.uint8)


def with_eyes_closed(rgb: Picture, face: FoundFace, eyes: tuple[int, ...]) -> Picture:
    """Draws the upper lids down to the lower ones, with the skin above stretched."""
    grid: NDArray[np.float32] = np.indices(rgb.shape[:2]).astype(np.float32)
    rows, columns = grid[0], grid[1]
    for eye in eyes:
        upper = face.landmarks[list(UPPER_LIDS[eye]), :2]
        lower = face.landmarks[list(LOWER_LIDS[eye]), :2]
        reach = 0.35 * float(upper[-1, 0] - upper[0, 0])
        for column in range(int(upper[0, 0]) - 1, int(upper[-1, 0]) + 2):
            lid = float(np.interp(column, upper[:, 0], upper[:, 1]))
            end = float(np.interp(column, lower[:, 0], lower[:, 1]))
            top = lid - reach
            part = np.arange(int(top), int(end) + 1)
            rows[part, column] = top + (part - top) * (reach - 0.6) / max(end - top, 1e-3)
    return np.asarray(cv2.remap(rgb, columns, rows, cv2.INTER_CUBIC), np.uint8)


def only(finder: FaceFinder, rgb: Picture) -> FoundFace:
    (face,) = finder.faces(rgb)
    return face


def check(finder: FaceFinder, rgb: Picture) -> None:
    check_face(Photo(rgb, "", "PNG"), choose_face(finder.faces(rgb)))


def test_the_face_is_found_with_its_points_where_they_are(
    finder: FaceFinder, portrait: Picture
) -> None:
    face = only(finder, portrait)
    assert face.landmarks.shape == (468, 3)
    assert face.irises[0, 0] == pytest.approx(RIGHT_IRIS, abs=1.5)
    assert face.irises[1, 0] == pytest.approx(LEFT_IRIS, abs=1.5)
    assert face.landmarks[61, :2] == pytest.approx(MOUTH_CORNERS[0], abs=2.5)
    assert face.landmarks[291, :2] == pytest.approx(MOUTH_CORNERS[1], abs=3.0)
    assert face.score > 0.999
    assert face_width_px(face) == pytest.approx(93, abs=4)
    # The nose is nearer than the ears.
    assert face.landmarks[4, 2] < face.landmarks[234, 2] - 20


def test_iris_points_go_round_the_iris(finder: FaceFinder, portrait: Picture) -> None:
    for iris in only(finder, portrait).irises:
        centre, right, top, left, bottom = iris
        assert right[0] > centre[0] > left[0]
        assert top[1] < centre[1] < bottom[1]
        assert np.linalg.norm(right - left) == pytest.approx(7.5, abs=2.0)


def test_a_mirrored_portrait_gives_mirrored_answers(finder: FaceFinder, portrait: Picture) -> None:
    face = only(finder, portrait)
    other = only(finder, np.ascontiguousarray(portrait[:, ::-1]))
    assert (512 - other.irises[1, 0, 0], other.irises[1, 0, 1]) == pytest.approx(
        face.irises[0, 0], abs=1.0
    )
    assert other.yaw_degrees == pytest.approx(-face.yaw_degrees, abs=2.5)
    assert other.pitch_degrees == pytest.approx(face.pitch_degrees, abs=2.5)
    assert other.roll_degrees == pytest.approx(-face.roll_degrees, abs=2.5)


def test_the_portrait_looks_into_the_camera(finder: FaceFinder, portrait: Picture) -> None:
    face = only(finder, portrait)
    assert abs(face.yaw_degrees) < 6
    assert abs(face.pitch_degrees) < 10
    # Her left eye is lower in the picture.
    assert face.roll_degrees == pytest.approx(3.0, abs=2.0)


@pytest.mark.parametrize("degrees", [-40, -15, 20, 45])
def test_turning_the_picture_changes_the_roll_alone(
    finder: FaceFinder, portrait: Picture, degrees: float
) -> None:
    face, other = only(finder, portrait), only(finder, turned(portrait, degrees))
    assert other.roll_degrees == pytest.approx(face.roll_degrees - degrees, abs=2.5)
    assert other.yaw_degrees == pytest.approx(face.yaw_degrees, abs=4.0)
    assert other.pitch_degrees == pytest.approx(face.pitch_degrees, abs=4.0)


def test_points_hardly_depend_on_the_size(finder: FaceFinder, portrait: Picture) -> None:
    face, other = only(finder, portrait), only(finder, resized(portrait, 3.0))
    distance = np.linalg.norm(other.landmarks[:, :2] / 3.0 - face.landmarks[:, :2], axis=1)
    assert distance.mean() < 0.01 * face_width_px(face)


def test_faces_small_in_a_large_photo_are_found_the_largest_first(
    finder: FaceFinder, portrait: Picture, large: Picture
) -> None:
    photo = np.full((3000, 4000, 3), 120, np.uint8)
    photo[300:812, 3100:3612] = portrait
    photo[1500:2524, 500:1524] = large
    faces = finder.faces(photo)
    assert [round(face_width_px(face) / 93) for face in faces] == [2, 1]
    assert faces[0].irises[0, 0] == pytest.approx((500 + 407, 1500 + 202), abs=4)
    assert faces[1].irises[0, 0] == pytest.approx((3100 + 203.6, 300 + 101), abs=3)


def test_a_face_that_fills_the_photo_is_found(finder: FaceFinder, portrait: Picture) -> None:
    assert only(finder, np.ascontiguousarray(portrait[78:180, 176:276])).score > 0.9


@pytest.mark.parametrize("shape", [(64, 64), (64, 900), (900, 64), (601, 333)])
def test_noise_and_plain_colour_hold_no_face(finder: FaceFinder, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3), np.uint8)
    for rgb in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        assert finder.faces(rgb) == ()
        assert np.isfinite(finder.person(rgb)).all()
    with pytest.raises(NoFaceError):
        choose_face(finder.faces(noise))


def test_the_same_photo_gives_the_same_bytes(portrait: Picture) -> None:
    one, other = (FaceFinder.open(model_folder()) for _ in range(2))
    first, second = only(one, portrait), only(other, portrait)
    assert first.landmarks.tobytes() == second.landmarks.tobytes()
    assert first.eye_contours.tobytes() == second.eye_contours.tobytes()
    assert one.person(portrait).tobytes() == other.person(portrait).tobytes()


def test_a_face_is_followed_to_the_next_frame(finder: FaceFinder, portrait: Picture) -> None:
    face = only(finder, portrait)
    moved = np.roll(portrait, (3, 5), axis=(0, 1))
    followed = finder.track(moved, face)
    assert followed is not None
    shift = (followed.landmarks - face.landmarks)[:, :2].mean(axis=0)
    assert shift == pytest.approx((5, 3), abs=0.7)
    assert finder.track(np.zeros_like(portrait), face) is None


def test_the_mask_holds_the_person_and_not_the_background(
    finder: FaceFinder, portrait: Picture
) -> None:
    mask = finder.person(portrait, only(finder, portrait))
    assert mask.shape == (512, 512)
    hair, cheek, suit = mask[30, 240], mask[130, 200], mask[300, 150]
    assert min(hair, cheek, suit) > 0.95
    wall_left, wall_right, above = mask[60, 40], mask[60, 350], mask[5, 230]
    assert max(wall_left, wall_right, above) < 0.05
    # The hair ends within a few pixels.
    row = mask[80, 280:330]
    assert 2 <= np.count_nonzero((row > 0.05) & (row < 0.95)) <= 12


def test_a_face_of_93_pixels_is_refused_and_one_of_twice_that_passes(
    finder: FaceFinder, portrait: Picture, large: Picture
) -> None:
    with pytest.raises(SmallFaceError, match="px wide and has to be 160"):
        check(finder, portrait)
    check(finder, large)


def test_a_small_sharp_face_is_not_held_for_blurred(finder: FaceFinder, portrait: Picture) -> None:
    check_face(Photo(portrait, "", "PNG"), only(finder, portrait), PhotoLimits(min_width_px=90.0))
    for factor in (1.75, 3.0, 5.0):
        check(finder, resized(portrait, factor))


@pytest.mark.parametrize("factor", [2.0, 5.0])
def test_a_blurred_portrait_is_refused_at_any_size(
    finder: FaceFinder, portrait: Picture, factor: float
) -> None:
    rgb = resized(portrait, factor)
    measured = []
    for spread in (0.0, 0.003, 0.006, 0.01, 0.02):
        blurred = rgb
        if spread:
            blurred = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 93 * factor * spread), np.uint8)
        measured.append(blur(blurred, only(finder, blurred)))
    assert np.diff(measured).min() > 0.0
    assert measured[2] < PhotoLimits().max_blur < measured[3]
    with pytest.raises(BlurredFaceError):
        check(finder, np.asarray(cv2.GaussianBlur(rgb, (0, 0), 93 * factor * 0.015), np.uint8))


def test_closed_eyes_are_refused(finder: FaceFinder, large: Picture) -> None:
    face = only(finder, large)
    assert min(eye_openings(face)) > 0.3
    with pytest.raises(ClosedEyesError, match="the right eye is closed"):
        check(finder, with_eyes_closed(large, face, (0, 1)))
    with pytest.raises(ClosedEyesError, match="the left eye is closed"):
        check(finder, with_eyes_closed(large, face, (1,)))


@pytest.mark.parametrize(("stops", "message"), [(-5, "too dark"), (1.5, "too bright")])
def test_bad_exposure_is_refused(
    finder: FaceFinder, large: Picture, stops: float, message: str
) -> None:
    with pytest.raises(ExposureError, match=message):
        check(finder, exposed(large, stops))


@pytest.mark.parametrize("stops", [-3, -1, 0.5])
def test_passable_exposure_passes(finder: FaceFinder, large: Picture, stops: float) -> None:
    check(finder, exposed(large, stops))


@pytest.mark.parametrize("colour", [(10, 10, 10), (230, 230, 230), (90, 120, 200)])
def test_a_mask_and_a_bar_over_the_eyes_are_refused(
    finder: FaceFinder, large: Picture, colour: tuple[int, int, int]
) -> None:
    left, top, width, height = only(finder, large).box
    columns = slice(int(left - 0.1 * width), int(left + 1.1 * width))
    for part in ((0.4, 1.1), (0.15, 0.45)):
        covered = large.copy()
        covered[int(top + part[0] * height) : int(top + part[1] * height), columns] = colour
        with pytest.raises(PhotoRefusedError) as caught:
            check(finder, covered)
        assert isinstance(caught.value, NoFaceError | HiddenFaceError | ClosedEyesError)


def test_hair_over_the_forehead_is_not_held_for_a_cover(finder: FaceFinder, large: Picture) -> None:
    left, top, width, height = only(finder, large).box
    covered = large.copy()
    covered[int(top - 0.1 * height) : int(top + 0.2 * height), int(left) : int(left + width)] = 20
    check(finder, covered)


def test_several_people_are_listed_and_one_can_be_chosen(
    finder: FaceFinder, large: Picture
) -> None:
    pair = np.concatenate((large, resized(large, 1.0)[:, ::-1]), axis=1)
    faces = finder.faces(pair)
    with pytest.raises(SeveralFacesError, match="2 faces were found: 1: "):
        choose_face(faces)
    chosen = choose_face(faces, 2)
    check_face(Photo(pair, "", "PNG"), chosen)


def test_models_are_opened_from_a_folder_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "Modèle 模型.tflite"
    shutil.copyfile(model_folder().file("face_detection"), path)
    assert TfliteModel(path).side_px == 128


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    content = model_folder().file("face_detection").read_bytes()
    path = tmp_path / "half.tflite"
    for damaged in (b"", b"no model", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ModelMissingError, match=r"half\.tflite is not a model"):
            TfliteModel(path)


def test_opening_the_models_writes_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    FaceFinder.open(model_folder())
    assert capfd.readouterr().err == ""
