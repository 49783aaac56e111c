from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from capsules.clip import ClipReader, open_clip
from compositor.drawlist import FrameSize
from engine.offline.errors import TakeError
from engine.offline.features import Neutral, similarity
from engine.offline.files import Still, write_webm
from engine.offline.placement import applied, placed
from engine.offline.tracks import Take, open_take, track_face
from tests.unit.clips import write_clip
from tests.unit.faces import face


class Finder:
    """Sees the face in frames that are told, and remembers how it was asked."""

    def __init__(self, seen: list[bool]) -> None:
        self._seen = iter(seen)
        self.searched = 0

    def faces(self, rgb: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        self.searched += 1
        return (face(),) if next(self._seen) else ()

    def track(
        self, rgb: NDArray[np.uint8], found: FoundFace, *, steady: bool = False
    ) -> FoundFace | None:
        return replace(found, yaw_degrees=found.yaw_degrees + 1.0) if next(self._seen) else None


def finder(seen: list[bool]) -> FaceFinder:
    return cast("FaceFinder", Finder(seen))


@pytest.fixture
def take(tmp_path: Path) -> Take:
    return open_take(write_clip(tmp_path / "a.webm", count=10))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.webm", "vp9-opaque"), ("a.mp4", "h264"), ("a.webm", "av1")]
)
def test_recordings_of_several_kinds_are_read(tmp_path: Path, name: str, codec: str) -> None:
    take = open_take(write_clip(tmp_path / name, codec, count=12))
    frames = list(take.frames())
    assert (take.width, take.height, len(frames)) == (64, 64, 12)
    assert take.fps == pytest.approx(25.0, rel=0.01)
    assert take.times_ms[-1] == pytest.approx(440.0, abs=1.0)
    rgb, alpha = frames[5]
    assert rgb.shape == (64, 64, 3)
    assert alpha is None


def test_alpha_is_kept_and_grey_is_behind_it(take: Take) -> None:
    rgb, alpha = list(take.frames())[5]
    assert take.has_alpha
    assert alpha is not None
    assert alpha[:, :28].min() == 255
    assert alpha[:, 36:].max() == 0
    assert (rgb[:, 40:] == 128).all()


def test_alpha_is_whole_at_widths_that_no_vector_divides(tmp_path: Path) -> None:
    size = FrameSize(130, 66)
    picture = np.full((66, 130, 4), 90, np.uint8)
    picture[..., 3] = 0
    path = tmp_path / "a.webm"
    write_webm(iter([picture] * 6), path, Still("a", size, 25, transparent=True, loop=False))
    clip = open_clip("VF_A", path)
    reader = ClipReader(clip)
    for number, (_, alpha) in enumerate(open_take(path).frames()):
        np.full((400, 400, 4), 255, np.uint8)  # leaves bytes of 255 where frames will be
        assert alpha is not None
        assert alpha.max() == 0
        assert reader.read(number)[..., 3].max() == 0
    reader.close()


def test_a_picture_stays_as_it_was_coded(tmp_path: Path) -> None:
    """Red on blue: on the way through RGB its colours would run."""
    drawn = np.full((96, 64), 90, np.uint8)
    drawn[64:] = 128
    drawn[64:80, ::2], drawn[80:, 1::2] = 90, 200
    path = tmp_path / "a.webm"
    write_webm(
        iter([drawn] * 3), path, Still("a", FrameSize(64, 64), 25, transparent=False, loop=False)
    )
    with av.open(str(path)) as container:
        coded = [frame.to_ndarray() for frame in container.decode(video=0)]
    pictures = list(open_take(path).pictures())
    assert len(pictures) == 3
    for picture, own in zip(pictures, coded, strict=True):
        assert (picture == own).all()


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "vp9"), ("a.mp4", "h264")])
def test_pictures_show_what_frames_do(tmp_path: Path, name: str, codec: str) -> None:
    take = open_take(write_clip(tmp_path / name, codec, count=4))
    for picture, (rgb, _) in zip(take.pictures(), take.frames(), strict=True):
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - rgb).max() < 5


def test_pictures_have_whole_blocks_of_colour(tmp_path: Path) -> None:
    take = open_take(write_clip(tmp_path / "a.webm", size=(65, 63), count=3))
    assert (take.width, take.height) == (65, 63)
    assert [picture.shape for picture in take.pictures()] == [(93, 64)] * 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.m3u8", b"#EXTM3U", "ends in '.m3u8'"),
        ("a.webm", b"no video at all", "cannot be read as a video: Invalid data"),
        ("a.mp4", b"", "a.mp4 is empty"),
        ("missing.webm", None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TakeError, match=said):
        open_take(tmp_path / name)


def test_a_folder_of_pictures_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=r"is a folder, expected one file of \.webm"):
        open_take(tmp_path)


def test_one_frame_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="its frames are 1, expected at least two"):
        open_take(write_clip(tmp_path / "a.webm", count=1))


def test_a_face_is_followed_from_frame_to_frame(take: Take) -> None:
    found = track_face(take, finder([True] * 10))
    assert [one.yaw_degrees for one in found.faces] == list(range(10))
    assert found.lost == 0


def test_a_face_that_is_lost_stays_where_it_was(take: Take) -> None:
    # In the fourth frame neither following nor searching finds it.
    found = track_face(take, finder([True, True, True, False, False, *([True] * 6)]))
    assert found.lost == 1
    assert found.faces[3] == found.faces[2]


def test_a_face_that_is_lost_too_often_ends_the_import(take: Take) -> None:
    with pytest.raises(TakeError, match="lost by frame"):
        track_face(take, finder([True, *([False] * 20)]))


def test_a_recording_without_a_face_is_refused(take: Take) -> None:
    with pytest.raises(TakeError, match="no face was found"):
        track_face(take, finder([False]))


def test_moving_and_coming_nearer_is_no_expression() -> None:
    still, moved = face(300.0, 200.0, 200.0), face(450.0, 380.0, 160.0)
    moved = replace(moved, irises=_iris_of(moved))
    still = replace(still, irises=_iris_of(still))
    seen = Neutral(still).observe(moved)
    assert np.abs(seen.moves).max() < 1e-5


def test_what_moves_against_the_head_is_seen_in_units_of_the_face() -> None:
    still = face(300.0)
    marks = still.landmarks.copy()
    marks[13, 1] += 10.0  # an inner lip
    neutral = Neutral(still)
    seen = neutral.observe(replace(still, landmarks=marks, yaw_degrees=5.0))
    assert seen.moves.reshape(-1, 2)[13, 1] == pytest.approx(10.0 / neutral.unit, rel=1e-3)
    assert seen.turn.tolist() == [5.0, 0.0, 0.0]


def test_a_similarity_is_found_again() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(20, 2))
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    scale, found, shift = similarity(points, 3.0 * points @ turn.T + (5.0, -2.0))
    assert scale == pytest.approx(3.0)
    assert found == pytest.approx(turn)
    assert shift == pytest.approx([5.0, -2.0])


def test_the_canvas_is_laid_under_a_face_of_another_size_and_place() -> None:
    canvas, taken = face(300.0, 512.0, 350.0).landmarks, face(150.0, 90.0, 70.0).landmarks
    found = placed(canvas.astype(np.float64), taken.astype(np.float64))
    assert found.scale == pytest.approx(0.5, rel=1e-4)
    at = applied(found, canvas.astype(np.float64))
    assert np.abs(at - taken[:, :2]).max() < 0.01


def _iris_of(found: FoundFace) -> NDArray[np.float32]:
    corners = found.landmarks[[33, 362], :2]
    return np.repeat(corners[:, None], 5, axis=1).astype(np.float32)
