"""Portraits of many kinds, from file to avatar with the real models, or refused with the reason."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.bake_faces import likeness, rgb_of, seen
from benchmarks.bake_mesh import flipped
from benchmarks.scene import CACHE
from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.avatar import Avatar
from capsules.bake.baking import BakeRequest, make_avatar
from capsules.bake.errors import (
    BlurredFaceError,
    ClosedEyesError,
    ExposureError,
    FaceNumberError,
    HiddenFaceError,
    NoFaceError,
    PhotoRefusedError,
    PhotoSizeError,
    SeveralFacesError,
    SmallFaceError,
    TiltedFaceError,
    TurnedFaceError,
)
from capsules.bake.finder import FaceFinder
from capsules.bake.models import ModelFolder
from capsules.bake.photo import read_photo
from capsules.pack import load_pack
from compositor.drawlist import Camera, DrawList, FrameSize, Light
from compositor.numba_backend import NumbaCompositor
from control_plane.cli import main
from tests.drawn_portraits import (
    bearded,
    drawn,
    in_skin,
    resized,
    saved,
    turned_about,
    with_glasses,
    with_mask,
)
from tests.portraits import astronaut, model_folder

Picture = NDArray[np.uint8]

_BANDS = ((0.8, 0.75, 0.7), (0.0, 0.0, 0.0), (0.25, 0.25, 0.25), (0.35, 0.3, 0.25))
FROM_THE_SIDE = Light(sh=tuple(value for band in _BANDS for value in band) + (0.0,) * 15)
SMILE = (("mouthSmileLeft", 0.8), ("mouthSmileRight", 0.8))
CLOSED = (("eyeBlinkLeft", 1.0), ("eyeBlinkRight", 1.0))

GOOD: dict[str, tuple[str, Callable[[], Picture]]] = {
    "dark skin and glasses": (
        "png",
        lambda: resized(with_glasses(in_skin(drawn(), (0.2, 0.15, 0.12))), 800),
    ),
    "beard, tilted head": (
        "webp",
        lambda: rolled(bearded(in_skin(drawn(), (0.6, 0.5, 0.42))), 12.0),
    ),
    "pale, smiling, chin down, 4000 px": (
        "jpg",
        lambda: resized(in_skin(drawn(*SMILE, ("headPitch", -0.6)), (1.2, 1.25, 1.3)), 4000),
    ),
    "light from the side, looking aside": (
        "jpg",
        lambda: drawn(("headYaw", -1.0), light=FROM_THE_SIDE),
    ),
    "mouth open, tilted head": (
        "png",
        lambda: drawn(("jawOpen", 0.5), ("headRoll", -1.0)),
    ),
}


def rolled(rgb: Picture, degrees: float) -> Picture:
    """The portrait with the camera tilted."""
    side = rgb.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1.0)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(rgb, matrix, (side, side), borderMode=border), np.uint8)


@pytest.fixture(scope="module")
def models() -> ModelFolder:
    return model_folder()


@pytest.fixture(scope="module")
def finder(models: ModelFolder) -> FaceFinder:
    return FaceFinder.open(models)


@pytest.mark.slow
@pytest.mark.parametrize("kind", GOOD)
def test_a_portrait_becomes_an_avatar_that_looks_like_it(
    kind: str, models: ModelFolder, finder: FaceFinder, tmp_path: Path
) -> None:
    suffix, draw = GOOD[kind]
    file = saved(draw(), tmp_path / f"portrait.{suffix}")
    request = BakeRequest(file, "someone", "not a real person")
    avatar = make_avatar(request, models, cache_dir=CACHE.parent)
    assert avatar.basis_names >= set(ARKIT_BLENDSHAPES)
    assert avatar.provenance.models == models.sums
    assert avatar.provenance.synthetic
    for names in (("jawOpen",), ("mouthSmileLeft", "mouthSmileRight"), ("eyeBlinkLeft",)):
        assert flipped(avatar, names) == 0, names
    compositor = NumbaCompositor()
    compositor.load(avatar)
    draw_list = DrawList("someone", FrameSize(768, 768), camera=Camera(y=-90.0, zoom=2.2))
    (frame,) = compositor.render([draw_list])
    photo = read_photo(file).rgb
    found = likeness(seen(finder, rgb_of(frame)), seen(finder, photo))
    assert found.shape < 0.02
    assert found.texture > 0.95


def two() -> Picture:
    return np.concatenate([drawn(), drawn(*SMILE)[:, ::-1]], axis=1)


BAD: dict[str, tuple[type[PhotoRefusedError], str, Callable[[], Picture]]] = {
    "sunglasses": (HiddenFaceError, "an eye seems", lambda: with_glasses(drawn(), dark=True)),
    "a mask": (HiddenFaceError, "seems to be covered", lambda: with_mask(drawn())),
    "tilted 20 degrees": (TiltedFaceError, "straighten the photo", lambda: rolled(drawn(), 20.0)),
    "on its side": (TiltedFaceError, "lies on its side", lambda: np.rot90(drawn())),
    "closed eyes": (ClosedEyesError, "eye is closed", lambda: drawn(*CLOSED)),
    "300 px": (SmallFaceError, "has to be 160", lambda: resized(drawn(), 300)),
    "out of focus": (
        BlurredFaceError,
        "blurred",
        lambda: np.asarray(cv2.GaussianBlur(drawn(), (0, 0), 8.0), np.uint8),
    ),
    "night": (ExposureError, "too dark", lambda: in_skin(drawn(), (0.01, 0.01, 0.01))),
    "flash": (ExposureError, "too bright", lambda: in_skin(drawn(), (4.0, 5.0, 6.0))),
    "nobody": (NoFaceError, "no face was found", lambda: np.full((400, 500, 3), 128, np.uint8)),
    "two people": (SeveralFacesError, "2 faces were found", two),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_portrait_is_refused_for_the_right_reason(
    kind: str, models: ModelFolder, tmp_path: Path
) -> None:
    error, message, draw = BAD[kind]
    file = saved(draw(), tmp_path / "portrait.jpg")
    with pytest.raises(error, match=message):
        make_avatar(BakeRequest(file, "someone", "not a real person"), models)


@pytest.mark.parametrize(("degrees", "side"), [(60.0, "left"), (-60.0, "right")])
def test_a_face_that_looks_aside_is_refused(
    degrees: float, side: str, models: ModelFolder, finder: FaceFinder, tmp_path: Path
) -> None:
    front = drawn()
    (face,) = finder.faces(front)
    file = saved(turned_about(front, face, degrees), tmp_path / "aside.png")
    with pytest.raises(TurnedFaceError, match=f"degrees to the person's {side}"):
        make_avatar(BakeRequest(file, "someone", "not a real person"), models)


def test_one_of_several_people_can_be_chosen_and_no_other(
    models: ModelFolder, tmp_path: Path
) -> None:
    file = saved(two(), tmp_path / "two.png")
    stages: list[str] = []

    class EnoughError(Exception):
        pass

    def begin(stage: str, _share: float) -> None:
        stages.append(stage)
        if stage == "building the rig":
            raise EnoughError

    with pytest.raises(EnoughError):
        make_avatar(BakeRequest(file, "someone", "not a real person", face=2), models, begin)
    with pytest.raises(FaceNumberError, match="there is no face 3; found were 1 to 2"):
        make_avatar(BakeRequest(file, "someone", "not a real person", face=3), models)


def test_a_picture_too_small_for_any_face_is_refused(models: ModelFolder, tmp_path: Path) -> None:
    file = saved(resized(drawn(), 40), tmp_path / "tiny.png")
    with pytest.raises(PhotoSizeError, match="40 x 40"):
        make_avatar(BakeRequest(file, "someone", "not a real person"), models)


@pytest.mark.slow
def test_a_real_portrait_is_baked_by_the_command_to_the_same_bytes_every_time(
    models: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = saved(astronaut(), tmp_path / "portrait.png")
    arguments = ["bake", str(photo), "--name", "collins", "--consent", "public domain, by NASA"]
    arguments += ["--models", str(models.path)]
    assert main([*arguments, "--avatars", str(tmp_path / "one")]) == 1
    assert "--allow-small bakes it as it is" in capsys.readouterr().err
    for folder in ("one", "two"):
        assert main([*arguments, "--allow-small", "--avatars", str(tmp_path / folder)]) == 0
    one, two = tmp_path / "one" / "collins", tmp_path / "two" / "collins"
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir())
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    provenance = load_pack(one).provenance
    assert provenance.models == models.sums
    assert provenance.sha256 == hashlib.sha256(photo.read_bytes()).hexdigest()


def _frame(avatar: Avatar) -> NDArray[np.float32]:
    """The luma (512, 512) of an avatar that winks and speaks."""
    compositor = NumbaCompositor()
    compositor.load(avatar)
    weights = (("eyeBlinkLeft", 1.0), ("jawOpen", 0.5))
    (frame,) = compositor.render([DrawList(avatar.name, FrameSize(512, 512), weights)])
    return np.asarray(frame[:512], np.float32)


def test_points_that_were_found_can_be_written_and_baked_again(
    models: ModelFolder, tmp_path: Path
) -> None:
    file, points = saved(drawn(), tmp_path / "portrait.png"), tmp_path / "points.json"
    request = BakeRequest(file, "someone", "not a real person", hands=False, write_landmarks=points)
    found = make_avatar(request, models)
    again = BakeRequest(file, "someone", "not a real person", hands=False, landmarks=points)
    given = make_avatar(again, models)
    # Written with two decimals: the mesh may be laid a little otherwise, the picture is the same.
    assert np.abs(_frame(found) - _frame(given)).mean() < 0.15


def test_the_points_of_a_refused_face_are_written_all_the_same(
    models: ModelFolder, tmp_path: Path
) -> None:
    points = tmp_path / "points.json"
    file = saved(drawn(*CLOSED), tmp_path / "closed.png")
    with pytest.raises(ClosedEyesError):
        make_avatar(
            BakeRequest(file, "someone", "not a real person", write_landmarks=points), models
        )
    assert points.stat().st_size > 1000
