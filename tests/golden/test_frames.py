"""Frames of the CPU backend against pictures that were looked at and committed.

`python tests/golden/test_frames.py` draws them anew: look at each before committing it. They are
grey PNGs of a frame's planes, Y over U and V, as I420 holds them. Samples may differ by 2, and
their mean by 0.05: processors round floating point alike, but compilers may contract it.
"""

from pathlib import Path

import av
import numpy as np
import pytest

from compositor.backend import I420
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.light import directional
from compositor.numba_backend import NumbaCompositor
from tests.unit.avatars import synthetic_avatar

FRAMES = Path(__file__).parent / "frames"
SIZE = FrameSize(192, 192)
BASES = tuple((f"b{k:02d}", 0.8) for k in range(16))
SCENES = {
    "rest": DrawList("synthetic", SIZE),
    "bases": DrawList("synthetic", SIZE, BASES),
    "hands": DrawList(
        "synthetic",
        SIZE,
        transforms=(
            PartTransform("handLeft", -60.0, -120.0, 30.0, 1.2),
            PartTransform("handRight", 40.0, -80.0, -45.0, 0.9),
        ),
    ),
    "light": DrawList("synthetic", SIZE, light=Light(directional(1.0, 0.6, 1.0), 0.3, 0.5, 1.2)),
    "camera": DrawList("synthetic", FrameSize(144, 192), camera=Camera(30.0, -40.0, 1.6, 8.0)),
    "probe": DrawList("synthetic", SIZE, probe=0xA5C3),
}


def draw(scene: str) -> I420:
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.5))
    return compositor.render([SCENES[scene]])[0]


@pytest.mark.parametrize("scene", SCENES)
def test_frame_matches_the_committed_picture(scene: str) -> None:
    with av.open(str(FRAMES / f"{scene}.png")) as file:
        expected = next(file.decode(video=0)).to_ndarray(format="gray")
    drawn = draw(scene)
    assert drawn.shape == expected.shape
    difference = np.abs(drawn.astype(np.int64) - expected)
    assert difference.max() <= 2
    assert difference.mean() <= 0.05


def write_all() -> None:
    """Draws every scene anew."""
    FRAMES.mkdir(exist_ok=True)
    for scene in SCENES:
        frame = av.VideoFrame.from_ndarray(draw(scene), format="gray")
        with av.open(str(FRAMES / f"{scene}.png"), "w", format="image2") as file:
            stream = file.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "gray"
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))


if __name__ == "__main__":
    write_all()
