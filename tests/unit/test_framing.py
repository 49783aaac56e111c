from pathlib import Path

import numpy as np
import pytest

from capsules.library import load_library
from capsules.pack import builtin_avatar
from compositor.drawlist import Camera, DrawList, FrameSize, PartTransform
from compositor.geometry import canvas_to_frame
from compositor.numba_backend import NumbaCompositor
from engine.body import Body, BodyOptions
from engine.framing import framing

BUBBLE, PANEL = FrameSize(300, 150), FrameSize(320, 600)
CANVAS = 1024


def shown(size: FrameSize) -> tuple[float, float, float, float]:
    """What of the canvas a frame shows at rest: left, top, right, bottom."""
    m = canvas_to_frame(framing(size), size, CANVAS)
    return -m.c / m.a, -m.f / m.e, (size.width - m.c) / m.a, (size.height - m.f) / m.e


@pytest.mark.parametrize("side", [200, 512, 1080])
def test_square_frames_show_the_canvas_as_it_is(side: int) -> None:
    assert framing(FrameSize(side, side)) == Camera()


def test_bubble_shows_head_and_shoulders_in_its_middle() -> None:
    left, top, right, bottom = shown(BUBBLE)
    assert (left + right) / 2 == CANVAS / 2
    assert top < 70  # the hair's top
    assert bottom > 660  # well below the shoulders' line


def test_panel_shows_all_from_above_the_head_to_below_the_hands() -> None:
    left, top, right, bottom = shown(PANEL)
    assert top < 60
    assert bottom > 1000
    assert right - left > 630
    assert bottom < 1110  # avatars' bodies end below


@pytest.mark.parametrize(
    ("width", "height"), [(300, 150), (640, 360), (400, 300), (320, 600), (360, 640), (300, 400)]
)
def test_no_frame_shows_more_than_the_background(width: int, height: int) -> None:
    left, top, right, bottom = shown(FrameSize(width, height))
    assert left > -145
    assert top > -145
    assert right < 1170
    assert bottom < 1110


def test_shapes_between_are_framed_between() -> None:
    zooms = [framing(FrameSize(width, 300)).zoom for width in range(300, 640, 20)]
    assert zooms == sorted(zooms, reverse=True)
    assert framing(FrameSize(1200, 300)).zoom == framing(FrameSize(600, 300)).zoom


def test_body_starts_at_its_shapes_framing() -> None:
    body = Body(load_library(), BodyOptions("mira", BUBBLE, seed=3))
    camera, rest = body.frame(0).camera, framing(BUBBLE)
    assert camera.zoom == pytest.approx(rest.zoom, abs=0.01)
    assert camera.y == pytest.approx(rest.y, abs=2)


@pytest.mark.parametrize("size", [BUBBLE, PANEL, FrameSize(200, 200)])
def test_mira_is_whole_in_every_shape(size: FrameSize, tmp_path: Path) -> None:
    """Her coverage leaves the frame's upper corners and top line free, and keeps its middle."""
    compositor = NumbaCompositor()
    compositor.load(builtin_avatar("mira", tmp_path))
    hands = (
        PartTransform("handLeft", -60.0, -330.0),
        PartTransform("handRight", 60.0, -330.0),
    )
    for transforms in ((), hands):
        scene = DrawList("mira", size, (), transforms, framing(size), coverage=True)
        matte = compositor.render([scene])[0][: size.height, size.width :]
        assert matte[0].max() == 16, "the head is cut off"
        covered = np.flatnonzero(matte[size.height // 2] > 128)
        assert abs(covered.mean() - size.width / 2) < 0.03 * size.width
        assert matte[-1, size.width // 2] == 235, "she ends above the frame's end"
