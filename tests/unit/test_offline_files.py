import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.clip import ClipReader, open_clip
from compositor.background import parse_background
from compositor.drawlist import FrameSize
from engine.offline.errors import ExportError
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.files import GENERATED, Still, write_gif, write_png, write_webm
from engine.offline.render import RenderOptions
from tests.unit.bodies import capsule, library
from tests.unit.face_avatar import face_avatar

SIZE = FrameSize(66, 48)
SEEN = Still("VF_TEST", SIZE, 25, transparent=True, loop=True)
AVATAR = face_avatar()
LIBRARY = library(
    capsule("VF_ONCE", {"jawOpen": [(0, 0.0), (60, 0.5), (120, 0.0)]}, duration_ms=120)
)
RENDER = RenderOptions(size=FrameSize(128, 128))


def pictures(count: int = 10) -> list[NDArray[np.uint8]]:
    """Straight RGBA with a clear right half; each has a colour of its own."""
    found = []
    for number in range(count):
        picture = np.full((SIZE.height, SIZE.width, 4), (200, 20 * number, 40, 255), np.uint8)
        picture[:, 32:, 3] = 0
        found.append(picture)
    return found


def test_webm_keeps_frames_times_alpha_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    write_webm(iter(pictures()), path, SEEN)
    with av.open(str(path)) as container:
        assert container.metadata["COMMENT"] == GENERATED
        assert container.metadata["title"] == "VF_TEST"
    clip = open_clip("VF_TEST", path)
    reader = ClipReader(clip)
    assert (clip.frame_count, clip.fps, clip.width, clip.height) == (10, 25.0, 66, 48)
    for number in (0, 9):
        picture = reader.read(number)
        assert np.abs(picture[24, 8].astype(int) - (200, 20 * number, 40, 255)).max() < 12
        assert picture[:, 36:, 3].max() == 0
    reader.close()


def test_equal_frames_give_an_equal_webm(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_webm(iter(pictures()), tmp_path / f"{name}.webm", SEEN)
    assert (tmp_path / "a.webm").read_bytes() == (tmp_path / "b.webm").read_bytes()


def test_gif_keeps_frames_times_transparency_and_comment(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    write_gif(iter(pictures()), path, SEEN)
    content = path.read_bytes()
    assert b"\x21\xfe" + bytes([len(GENERATED)]) + GENERATED.encode() in content
    assert b"NETSCAPE2.0" in content
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray(format="rgba")) for frame in container.decode()]
    assert [round(100 * (time or 0.0)) for time, _ in frames] == list(range(0, 40, 4))
    assert np.abs(frames[9][1][24, 8].astype(int) - (200, 180, 40, 255)).max() < 24
    assert frames[9][1][:, 36:, 3].max() == 0


def test_gif_that_does_not_loop_says_nothing_of_repeats(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    write_gif(iter(pictures()), path, Still("T", SIZE, 25, transparent=True, loop=False))
    assert b"NETSCAPE2.0" not in path.read_bytes()


def test_png_is_exact_and_its_comment_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture = pictures()[3]
    write_png(picture, path, SEEN)
    content = path.read_bytes()
    at = content.index(b"tEXtComment")
    length = int.from_bytes(content[at - 4 : at], "big")
    said = content[at : at + 4 + length]
    assert said.endswith(GENERATED.encode())
    checksum = content[at + 4 + length : at + 8 + length]
    assert checksum == zlib.crc32(said).to_bytes(4, "big")
    with av.open(str(path)) as container:
        (frame,) = container.decode(video=0)
        assert (frame.to_ndarray(format="rgba") == picture).all()


@pytest.mark.parametrize("background", ["studio", "transparent", "color:#336699"])
def test_a_folder_gets_a_picture_a_frame(tmp_path: Path, background: str) -> None:
    options = ExportOptions(render=RENDER, background=parse_background(background))
    done = export_capsule(LIBRARY, AVATAR, "VF_ONCE", tmp_path / "frames", options)
    names = sorted(path.name for path in done.path.iterdir())
    assert names == [f"frame_{number:05d}.png" for number in range(done.frames)]
    with av.open(str(done.path / names[0])) as container:
        (frame,) = container.decode(video=0)
        assert frame.format.name == ("rgba" if background == "transparent" else "rgb24")
        corner = frame.to_ndarray(format="rgba")[1, 1]
    if background == "color:#336699":
        assert np.abs(corner.astype(int) - (0x33, 0x66, 0x99, 255)).max() <= 4


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "a.webm"
    out.write_bytes(b"mine")
    with pytest.raises(ExportError, match="--force"):
        export_capsule(LIBRARY, AVATAR, "VF_ONCE", out, ExportOptions(render=RENDER))
    assert out.read_bytes() == b"mine"
    export_capsule(LIBRARY, AVATAR, "VF_ONCE", out, ExportOptions(render=RENDER, force=True))
    assert out.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    assert [path.name for path in tmp_path.iterdir()] == ["a.webm"]


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "frames"
    options = ExportOptions(render=RENDER, force=True)
    export_capsule(LIBRARY, AVATAR, "VF_ONCE", out, options)
    export_capsule(LIBRARY, AVATAR, "VF_ONCE", out, options)
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="not replaced"):
        export_capsule(LIBRARY, AVATAR, "VF_ONCE", out, options)
    assert (out / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.mp4", ExportOptions(render=RENDER), "'.mp4'"),
        ("a.gif", ExportOptions(render=RenderOptions(fps=60)), "fps is 60"),
        ("a.gif", ExportOptions(codec="av1"), "AV1"),
        (
            "a.webm",
            ExportOptions(codec="av1", background=parse_background("transparent")),
            "VP9 has alpha",
        ),
        ("missing/a.webm", ExportOptions(), "no folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_drawn(
    tmp_path: Path, name: str, options: ExportOptions, said: str
) -> None:
    with pytest.raises(ExportError, match=said):
        export_capsule(LIBRARY, AVATAR, "VF_ONCE", tmp_path / name, options)
    assert list(tmp_path.iterdir()) == []
