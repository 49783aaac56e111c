import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor import picture_file
from compositor.drawlist import FrameSize
from compositor.errors import PictureError
from compositor.exif import orientation
from compositor.picture_file import picture_path, read_picture
from tests.unit.pictures import jpeg, png

SIZE = FrameSize(192, 128)
# Red and green above blue and white, as they are to be shown.
UPRIGHT = np.zeros((40, 60, 3), np.uint8)
UPRIGHT[:20, :30], UPRIGHT[:20, 30:] = (255, 0, 0), (0, 255, 0)
UPRIGHT[20:, :30], UPRIGHT[20:, 30:] = (0, 0, 255), (255, 255, 255)
# How a camera stores that with each EXIF orientation (CIPA DC-008, Orientation).
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.swapaxes(0, 1),
    6: np.rot90(UPRIGHT),
    7: np.rot90(UPRIGHT, 2).swapaxes(0, 1),
    8: np.rot90(UPRIGHT, -1),
}


def test_picture_is_found_by_its_name_alone(tmp_path: Path) -> None:
    png(tmp_path / "office.png", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    assert picture_path(tmp_path, "office") == tmp_path / "office.png"
    assert picture_path(tmp_path, "notes") is None
    assert picture_path(tmp_path, "office.png") is None


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("turned", STORED)
def test_photograph_is_shown_upright(turned: int, order: str, tmp_path: Path) -> None:
    jpeg(tmp_path / "photo.jpg", STORED[turned], turned, order=order)
    seen = read_picture(tmp_path / "photo.jpg", FrameSize(180, 120)).astype(int)
    corners = [seen[y, x].tolist() for y in (10, 110) for x in (10, 170)]
    wanted = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    assert np.abs(np.subtract(corners, wanted)).max() <= 12


@given(st.binary(max_size=80), st.sampled_from([b"", b"\xff\xe1\x00\x40Exif\0\0"]))
def test_orientation_of_whatever_is_in_a_file_is_one_of_eight(data: bytes, start: bytes) -> None:
    assert 1 <= orientation(b"\xff\xd8" + start + data) <= 8


def test_orientation_out_of_range_is_upright() -> None:
    entry = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, 9, 0)
    app1 = b"Exif\0\0MM" + struct.pack(">HI", 42, 8) + entry
    assert orientation(b"\xff\xd8\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1) == 1


@pytest.mark.parametrize("shape", [(1, 8000), (8000, 1), (1, 1), (3, 2), (2000, 30)])
@pytest.mark.parametrize("size", [SIZE, FrameSize(128, 1920), FrameSize(1920, 128)])
def test_pictures_of_extreme_shapes_cover_the_frame(
    shape: tuple[int, int], size: FrameSize, tmp_path: Path
) -> None:
    png(tmp_path / "strip.png", np.full((*shape, 3), (200, 40, 90), np.uint8))
    seen = read_picture(tmp_path / "strip.png", size)
    assert seen.shape == (size.height, size.width, 3)
    assert np.abs(seen.astype(int) - (200, 40, 90)).max() <= 1


def test_what_is_transparent_lies_over_black(tmp_path: Path) -> None:
    pixels = np.full((64, 96, 4), (250, 200, 150, 255), np.uint8)
    pixels[:, 32:64, 3] = 128
    pixels[:, 64:, 3] = 0
    png(tmp_path / "clear.png", pixels)
    seen = read_picture(tmp_path / "clear.png", SIZE)[60].astype(int)
    assert np.abs(seen[20] - (250, 200, 150)).max() <= 1
    assert np.abs(seen[96] - (125, 100, 75)).max() <= 2
    assert seen[180].max() == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.png", b"not a picture at all"),
        ("half.png", b"\x89PNG\r\n\x1a\n and no more"),
        ("list.png", b"ffconcat version 1.0\nfile /etc/hostname\n"),
        ("empty.jpg", b""),
        ("vector.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("film.jpg", b"GIF89a"),
    ],
)
def test_file_that_is_no_png_or_jpeg_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError, match=name.replace(".", r"\.")):
        read_picture(tmp_path / name, SIZE)


def test_files_of_other_formats_are_refused_whatever_their_name(tmp_path: Path) -> None:
    bitmap = tmp_path / "bitmap.png"
    header = struct.pack("<2sIHHI IiiHHIIiiII", b"BM", 58, 0, 0, 54, 40, 1, 1, 1, 24, *(0,) * 6)
    bitmap.write_bytes(header + bytes(4))
    with pytest.raises(PictureError, match="neither a PNG nor a JPEG"):
        read_picture(bitmap, SIZE)


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_file, "_MOST_PX", 2000)
    path = tmp_path / f"large.{kind}"
    if kind == "png":
        png(path, UPRIGHT)
    else:
        jpeg(path, UPRIGHT, 1)
    with pytest.raises(PictureError, match="more than 2,000 pixels"):
        read_picture(path, SIZE)
