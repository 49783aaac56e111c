from dataclasses import replace

import numpy as np
import pytest

from capsules.bake.checks import PhotoLimits, check_face, choose_face, face_width_px, notice
from capsules.bake.errors import (
    BlurredFaceError,
    ClosedEyesError,
    ExposureError,
    FaceNumberError,
    HiddenFaceError,
    NoFaceError,
    PhotoRefusedError,
    SeveralFacesError,
    SmallFaceError,
    TiltedFaceError,
    TurnedFaceError,
)
from capsules.bake.quality import blur, brightness, eye_openings, overexposed
from tests.unit.faces import face, photo_of, with_openings


def test_a_good_photo_passes() -> None:
    found = face()
    check_face(photo_of(found), found)


def test_no_face_is_refused_with_what_would_do() -> None:
    with pytest.raises(NoFaceError, match=r"no face was found; a photo from the front will do"):
        choose_face([])


def test_the_only_face_is_chosen() -> None:
    found = face()
    assert choose_face([found]) is found
    assert choose_face([found], 1) is found


def test_several_faces_are_listed_and_one_can_be_chosen() -> None:
    faces = [face(300.0, 600.0, 250.0), face(280.0, 200.0, 250.0)]
    with pytest.raises(SeveralFacesError) as caught:
        choose_face(faces)
    message = str(caught.value)
    assert message.startswith("2 faces were found: 1: 300 px wide at (600, ")
    assert "2: 280 px wide at (200, " in message
    assert "--face N" in message
    assert choose_face(faces, 2) is faces[1]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_number_that_no_face_has_is_refused(number: int) -> None:
    with pytest.raises(FaceNumberError, match=rf"no face {number}; found were 1 to 2: 1: 300 px"):
        choose_face([face(300.0), face(280.0)], number)


def test_a_bystander_too_small_to_bake_is_no_choice() -> None:
    faces = [face(400.0), face(100.0)]
    assert choose_face(faces) is faces[0]
    with pytest.raises(SeveralFacesError):
        choose_face([face(400.0), face(170.0)])
    with pytest.raises(SeveralFacesError):
        choose_face([face(150.0), face(100.0)])


@pytest.mark.parametrize(("width", "fits"), [(159.0, False), (161.0, True)])
def test_a_face_needs_160_pixels_between_its_edges(width: float, fits: bool) -> None:
    found = face(width)
    assert face_width_px(found) == pytest.approx(width)
    if fits:
        check_face(photo_of(found), found)
        return
    with pytest.raises(SmallFaceError, match=r"159 px wide and has to be 160; .* 1\.0 times"):
        check_face(photo_of(found), found)


@pytest.mark.parametrize(
    ("yaw", "pitch", "message"),
    [
        (31.0, 0.0, "turned 31 degrees to the person's left; up to 30 will do"),
        (-45.0, 0.0, "turned 45 degrees to the person's right"),
        (0.0, 33.0, "turned 33 degrees up"),
        (0.0, -38.0, "turned 38 degrees down"),
    ],
)
def test_a_turned_face_is_refused(yaw: float, pitch: float, message: str) -> None:
    found = replace(face(), yaw_degrees=yaw, pitch_degrees=pitch)
    with pytest.raises(TurnedFaceError, match=message):
        check_face(photo_of(found), found)


@pytest.mark.parametrize("roll", [14.5, -14.5])
def test_a_slightly_tilted_face_passes(roll: float) -> None:
    found = replace(face(), yaw_degrees=-29.0, pitch_degrees=29.0, roll_degrees=roll)
    check_face(photo_of(found), found)


@pytest.mark.parametrize(
    ("roll", "message"),
    [
        (17.0, "tilted 17 degrees towards the person's left shoulder; up to 15 .* straighten"),
        (-50.0, "tilted 50 degrees towards the person's right shoulder"),
        (91.0, "the photo lies on its side; turn it"),
        (-88.0, "the photo lies on its side; turn it"),
        (176.0, "the photo is upside down; turn it"),
    ],
)
def test_a_face_that_is_not_upright_is_refused(roll: float, message: str) -> None:
    found = replace(face(), roll_degrees=roll)
    with pytest.raises(TiltedFaceError, match=message):
        check_face(photo_of(found), found)
    check_face(photo_of(found), found, PhotoLimits(max_tilt_degrees=180.0))


def test_a_dark_face_is_refused_and_a_dim_one_is_not() -> None:
    found = face()
    with pytest.raises(ExposureError, match=r"too dark: its bright parts are at \d+% of the range"):
        check_face(photo_of(found, gain=0.25), found)
    check_face(photo_of(found, gain=0.5), found)


def test_an_overexposed_face_is_refused() -> None:
    found = face()
    with pytest.raises(ExposureError, match=r"too bright: \d+% of it is overexposed"):
        check_face(photo_of(found, gain=2.0), found)


@pytest.mark.parametrize("width", [170.0, 400.0, 520.0])
def test_a_blurred_face_is_refused_at_any_size(width: float) -> None:
    found = face(width)
    with pytest.raises(BlurredFaceError, match=r"blurred: 0\.\d\d on a scale from 0 to 1"):
        check_face(photo_of(found, blur_px=width / 50), found)


def test_blur_is_the_same_at_any_size_and_grows_with_the_spread() -> None:
    measured = [
        [
            blur(photo_of(face(width), blur_px=width * spread).rgb, face(width))
            for spread in (0.004, 0.01, 0.02)
        ]
        for width in (200.0, 300.0, 500.0)
    ]
    assert np.ptp(measured, axis=0).max() < 0.05
    assert np.diff(measured, axis=1).min() > 0.05


def test_a_face_without_any_edge_is_blurred() -> None:
    flat = np.full((700, 800, 3), 150, np.uint8)
    assert blur(flat, face()) == 1.0


def test_a_covered_face_is_refused() -> None:
    found = replace(face(), score=0.99)
    with pytest.raises(HiddenFaceError, match=r"covered: certainty 4\.6, at least 12\.0 will do"):
        check_face(photo_of(found), found)


def test_a_covered_eye_is_refused() -> None:
    found = face()
    contours = found.eye_contours.copy()
    contours[1, [0, 8]] += (0.0, 0.05 * face_width_px(found))
    found = replace(found, eye_contours=contours)
    with pytest.raises(HiddenFaceError, match=r"an eye seems to be covered: .* 5\.0% of the face"):
        check_face(photo_of(found), found)


def test_a_score_that_says_one_is_sure() -> None:
    found = replace(face(), score=1.0)
    check_face(photo_of(found), found)


@pytest.mark.parametrize(("gap", "said"), [(0.0, False), (0.05, False), (0.07, True)])
def test_an_open_mouth_is_worth_a_warning_and_no_refusal(gap: float, said: bool) -> None:
    found = face()
    points = found.landmarks.copy()
    points[14, 1] += gap * float(np.linalg.norm(points[33, :2] - points[263, :2]))
    found = replace(found, landmarks=points)
    check_face(photo_of(found), found)
    assert ("the lips are 7% of the distance" in notice(found)) is said
    assert bool(notice(found)) is said


@pytest.mark.parametrize(("right", "left", "side"), [(0.1, 0.3, "right"), (0.3, 0.05, "left")])
def test_a_closed_eye_is_refused(right: float, left: float, side: str) -> None:
    found = with_openings(face(), right, left)
    assert eye_openings(found) == pytest.approx((right, left), abs=1e-3)
    with pytest.raises(ClosedEyesError, match=rf"the {side} eye is closed: opened by 0\.\d\d"):
        check_face(photo_of(found), found)


def test_limits_can_be_set() -> None:
    found = face(120.0)
    check_face(photo_of(found), found, PhotoLimits(min_width_px=90.0))
    faces = [face(400.0), face(170.0)]
    assert choose_face(faces, limits=PhotoLimits(min_width_px=180.0)) is faces[0]


def test_brightness_and_overexposure_are_those_of_the_face_alone() -> None:
    found = face(300.0)
    rgb = photo_of(found).rgb.copy()
    rgb[:, :150] = 255
    assert overexposed(rgb, found) < 0.1
    rgb[:, 150:] //= 4
    assert brightness(rgb, found) < 0.3


def test_every_refusal_is_a_refused_photo() -> None:
    for error in (NoFaceError, SeveralFacesError, FaceNumberError, SmallFaceError):
        assert issubclass(error, PhotoRefusedError)
