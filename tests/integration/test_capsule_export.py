"""`capsulecast capsule export` with the built-in avatar, read back by the decoders of others."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from control_plane.cli import main
from control_plane.settings import cache_home

SMALL = ("--size", "192x192")


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAPSULECAST_CACHE_DIR", str(cache_home()))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def decoded(path: Path, decoder: str | None = None) -> list[VideoFrame]:
    with av.open(str(path)) as container:
        if decoder is None:
            return list(container.decode(video=0))
        stream = container.streams.video[0]
        codec = av.CodecContext.create(decoder, "r")
        assert isinstance(codec, VideoCodecContext)
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        return [frame for packet in [*packets, None] for frame in codec.decode(packet)]


def test_a_capsule_becomes_a_webm_of_its_length(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "wink.webm"
    assert main(["capsule", "export", "VF_WINK_LEFT", str(out), *SMALL, "--fps", "25"]) == 0
    frames = decoded(out)
    assert f"{len(frames)} frames, {len(frames) / 25:.2f} s" in capsys.readouterr().out
    assert 0.7 < len(frames) / 25 < 1.2
    assert [round(1000 * (frame.time or 0.0)) for frame in frames[:3]] == [0, 40, 80]
    first, middle, last = (
        frames[at].to_ndarray(format="gray").astype(int) for at in (0, len(frames) // 3, -1)
    )
    # The eye on the picture's right shuts and opens again.
    left_eye = (slice(58, 72), slice(100, 120))
    assert np.abs(middle[left_eye] - first[left_eye]).mean() > 10.0
    assert np.abs(last[left_eye] - first[left_eye]).mean() < 2.0


def test_transparent_webm_has_the_avatar_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "wink.webm"
    assert main(["capsule", "export", "VF_WINK_LEFT", str(out), *SMALL, "--transparent"]) == 0
    frames = decoded(out, "libvpx-vp9")
    assert frames[0].format.name == "yuva420p"
    alpha = frames[0].to_ndarray(format="rgba")[..., 3]
    assert alpha[:8].max() == 0
    assert alpha[60:80, 86:106].min() == 255


def test_an_expression_becomes_a_gif_that_loops(tmp_path: Path) -> None:
    out = tmp_path / "delight.gif"
    flags = [*SMALL, "--fps", "10", "--loop", "--transparent", "--idle"]
    assert main(["capsule", "export", "delight", str(out), *flags]) == 0
    assert b"NETSCAPE2.0" in out.read_bytes()
    assert b"AI-generated" in out.read_bytes()
    pictures = [frame.to_ndarray(format="rgba") for frame in decoded(out)]
    assert len(pictures) > 10
    assert {0, 255} == set(np.unique(pictures[5][..., 3]).tolist())


def test_av1_and_colours_behind(tmp_path: Path) -> None:
    out = tmp_path / "nod.webm"
    flags = [*SMALL, "--codec", "av1", "--background", "color:#ff0000", "--seconds", "0.5"]
    assert main(["capsule", "export", "VF_NOD", str(out), *flags]) == 0
    frames = decoded(out)
    assert len(frames) == 15
    corner = frames[7].to_ndarray(format="rgb24")[2, 2].astype(int)
    assert np.abs(corner - (254, 0, 0)).max() < 12


def test_two_exports_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("a.webm", "b.webm"):
        flags = [*SMALL, "--idle", "--seed", "5", "--seconds", "0.6"]
        assert main(["capsule", "export", "VF_NOD", str(tmp_path / name), *flags]) == 0
    assert (tmp_path / "a.webm").read_bytes() == (tmp_path / "b.webm").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["VF_NOWHERE", "x.webm"], 1, "VF_NOWHERE"),
        (["VF_NOD", "x.mov"], 1, "'.mov'"),
        (["VF_NOD", "x.webm", "--background", "plaid"], 2, "plaid"),
        (["VF_NOD", "x.webm", "--background", "picture:beach"], 2, "beach"),
        (["VF_NOD", "x.webm", "--seconds", "600"], 2, "600"),
        (["VF_NOD", "x.webm", "--avatar", "../etc"], 2, "../etc"),
        (["VF_NOD", "x.webm", "--size", "7x7"], 2, "7x7"),
    ],
)
def test_what_cannot_be_exported_is_told_in_a_line(
    tmp_path: Path,
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["capsule", "export", *arguments]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("capsulecast: ")
    assert said in line
    assert not (tmp_path / arguments[1]).exists()
