import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsules._clip_file import ClipFile
from capsules.clip import Clip, ClipReader, Matte, _premultiply, open_clip
from capsules.errors import ClipError
from tests.unit.clips import FPS, write_clip

WAIT_S = 5.0
KINDS: list[tuple[str, str, Matte]] = [
    ("vp9", "a.webm", "alpha"),
    ("vp9", "a.webm", "none"),
    ("vp9-opaque", "a.webm", "side_by_side"),
    ("av1", "a.mp4", "side_by_side"),
    ("av1", "a.webm", "side_by_side"),
    ("h264", "a.mp4", "side_by_side"),
    ("h264", "a.mp4", "none"),
]


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path = tmp_path_factory.mktemp("clips") / "long.webm"
    return open_clip("ER_TEST", write_clip(path, count=40, keyframes=9))


@pytest.mark.parametrize(("codec", "name", "matte"), KINDS)
def test_facts_of_a_file_are_read(codec: str, name: str, matte: Matte, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, codec, size=(96, 64), count=23, matte=matte)
    clip = open_clip("ER_TEST", path, matte=matte, rect=(0.1, 0.2, 0.3, 0.4), after="face")
    assert clip == Clip(
        "ER_TEST", path, 96, 64, float(FPS), 23, matte, (0.1, 0.2, 0.3, 0.4), "face"
    )
    assert clip.duration_ms == pytest.approx(920.0)


@pytest.mark.parametrize(("codec", "name", "matte"), KINDS)
def test_every_frame_is_premultiplied_rgba(
    codec: str, name: str, matte: Matte, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / name, codec, size=(96, 64), count=23, matte=matte)
    reader = ClipReader(open_clip("ER_TEST", path, matte=matte))
    for number in range(23):
        picture = reader.read(number)
        assert picture.shape == (64, 96, 4)
        assert picture.dtype == np.uint8
        left, right = picture[8:56, 8:40].reshape(-1, 4), picture[8:56, 56:88].reshape(-1, 4)
        assert np.abs(left[:, :3].mean() - (20 + 4 * number)) < 3.0
        assert left[:, 3].min() >= 252
        if matte == "none":
            assert right[:, 3].min() == 255
        else:
            assert right.max() <= 3  # clear, and so is its premultiplied colour
    reader.close()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers=st.lists(st.integers(0, 39), min_size=1, max_size=12))
def test_frames_are_the_same_in_any_order(numbers: list[int], long_clip: Clip) -> None:
    one_by_one = ClipReader(long_clip)
    expected = [one_by_one.read(number) for number in range(40)]
    reader = ClipReader(long_clip)
    for number in numbers:
        np.testing.assert_array_equal(reader.read(number), expected[number])
    reader.close()
    one_by_one.close()


def test_viewers_at_different_places_do_not_make_each_other_seek(
    long_clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought: list[int] = []
    decode_from = ClipFile.decode_from

    def noted(file: ClipFile, number: int) -> Iterator[VideoFrame]:
        sought.append(number)
        return decode_from(file, number)

    monkeypatch.setattr(ClipFile, "decode_from", noted)
    reader = ClipReader(long_clip)
    for step in range(12):
        for start in (0, 9, 27):
            reader.read(start + step)
    assert sorted(sought) == [0, 9, 27]
    assert reader.open_files == 3
    reader.close()


def closing_after(
    frames: int, reader: ClipReader, monkeypatch: pytest.MonkeyPatch
) -> list[VideoFrame]:
    """Closes a reader while it decodes, after so many frames; the list of those that came."""
    decoded: list[VideoFrame] = []
    decode_from = ClipFile.decode_from

    def noted(file: ClipFile, number: int) -> Iterator[VideoFrame]:
        for frame in decode_from(file, number):
            decoded.append(frame)
            if len(decoded) == frames:
                closer = threading.Thread(target=reader.close)
                closer.start()
                closer.join(WAIT_S)
                assert not closer.is_alive()
            yield frame

    monkeypatch.setattr(ClipFile, "decode_from", noted)
    return decoded


def test_closing_does_not_wait_for_a_long_seek(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(16, 16), count=120, keyframes=120)
    reader = ClipReader(open_clip("ER_TEST", path, matte="none"))
    decoded = closing_after(3, reader, monkeypatch)
    with pytest.raises(ClipError, match=r"a\.mp4: was closed while it was read"):
        reader.read(119)
    assert len(decoded) < 10
    assert not any(place.is_open for place in reader._places)
    with pytest.raises(ClipError, match="is closed"):
        reader.read(0)


def test_frame_that_comes_as_the_reader_is_closed_is_the_last(
    long_clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = ClipReader(long_clip)
    closing_after(1, reader, monkeypatch)
    assert reader.read(0).shape == (64, 64, 4)
    assert not any(place.is_open for place in reader._places)


def test_reader_keeps_few_files_open(long_clip: Clip) -> None:
    reader = ClipReader(long_clip)
    for number in (30, 20, 10, 0, 35, 25, 15, 5):
        reader.read(number)
    assert reader.open_files == 4
    reader.close()


def test_premultiplied_colour_is_rounded_exactly() -> None:
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    picture = np.stack([colour] * 3 + [alpha], axis=2).astype(np.uint8)
    _premultiply(picture)
    expected = np.floor(colour * alpha / 255 + 0.5)
    for channel in range(3):
        np.testing.assert_array_equal(picture[..., channel], expected)
    np.testing.assert_array_equal(picture[..., 3], alpha)


def test_frame_that_is_not_there_is_an_index_error(long_clip: Clip) -> None:
    reader = ClipReader(long_clip)
    for number in (-1, 40):
        with pytest.raises(IndexError):
            reader.read(number)
    reader.close()
    reader.close()


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"gone\.webm: cannot be read: No such file"):
        open_clip("ER_TEST", tmp_path / "gone.webm")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.webm", b"", "is no WebM or MP4 file"),
        ("a.mp4", b"not a video at all" * 100, "is no WebM or MP4 file"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "expected .webm or .mp4"),
        ("a.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "is no WebM or MP4 file"),
    ],
)
def test_other_files_are_refused(name: str, content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipError, match=expected):
        open_clip("ER_TEST", tmp_path / name, matte="none")


def test_codec_whose_frames_cannot_be_counted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="encoded as vp8, expected vp9, av1, h264"):
        open_clip("ER_TEST", write_clip(tmp_path / "a.webm", "vp8"), matte="none")


@pytest.mark.parametrize(
    ("codec", "name", "known"), [("vp9", "a.webm", b"V_VP9"), ("h264", "a.mp4", b"avc1")]
)
def test_codec_that_nobody_knows_is_refused(
    codec: str, name: str, known: bytes, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / name, codec)
    path.write_bytes(path.read_bytes().replace(known, b"V_XYZ"[: len(known)]))
    with pytest.raises(ClipError, match="encoded as something unknown, expected vp9, av1, h264"):
        open_clip("ER_TEST", path, matte="none")


@pytest.mark.parametrize(("count", "keyframes"), [(129, 1000), (150, 130)])
def test_keyframes_far_apart_are_refused(count: int, keyframes: int, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(16, 16), count=count, keyframes=keyframes)
    expected = rf"no keyframe in the {min(count, keyframes)} frames from frame 0 on.*'-g 60'"
    with pytest.raises(ClipError, match=expected):
        open_clip("ER_TEST", path, matte="none")


def test_keyframes_as_seldom_as_allowed_are_taken(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(16, 16), count=150, keyframes=128)
    assert open_clip("ER_TEST", path, matte="none").frame_count == 150


@pytest.mark.parametrize(
    ("loop_ms", "frames"),
    [(None, None), (1.0, 1), (400.0, 10), (401.0, 11), (1600.0, 40), (9e9, 40)],
)
def test_loop_ends_with_the_frame_that_its_length_reaches(
    loop_ms: float | None, frames: int | None, long_clip: Clip
) -> None:
    assert open_clip("ER_TEST", long_clip.path, loop_ms=loop_ms).loop_frames == frames


def test_file_without_alpha_is_refused_where_alpha_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="has no alpha"):
        open_clip("ER_TEST", write_clip(tmp_path / "a.webm", "vp9-opaque"))


def test_clip_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(16, 16), count=62, fps=1)
    with pytest.raises(ClipError, match=r"62\.0 s long, expected at most 60"):
        open_clip("ER_TEST", path, matte="none")


def test_clip_that_is_too_fast_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(16, 16), count=30, fps=100)
    with pytest.raises(ClipError, match="100 frames a second, expected 1 to 60"):
        open_clip("ER_TEST", path, matte="none")


def test_frames_that_are_too_large_are_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", "h264", size=(2064, 16), count=2)
    with pytest.raises(ClipError, match="2064x16, expected sides of 1 to 2048"):
        open_clip("ER_TEST", path, matte="none")
    assert open_clip("ER_TEST", path, matte="side_by_side").width == 1032


def test_damaged_frames_are_a_clip_error(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.webm", count=20, size=(256, 256))
    clip = open_clip("ER_TEST", path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + len(data) // 3] = bytes(len(data) // 3)
    path.write_bytes(data)
    with pytest.raises(ClipError, match=r"a\.webm"):
        _read_all(clip)


def test_file_that_changed_since_is_refused(tmp_path: Path) -> None:
    clip = open_clip("ER_TEST", write_clip(tmp_path / "a.webm", count=20))
    write_clip(tmp_path / "a.webm", count=12)
    reader = ClipReader(clip)
    for _ in range(2):
        with pytest.raises(ClipError, match="has changed"):
            reader.read(0)
    reader.close()


def _read_all(clip: Clip) -> None:
    reader = ClipReader(clip)
    for number in range(clip.frame_count):
        reader.read(number)
