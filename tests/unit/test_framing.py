from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar
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
    assert bottom > 1100
    assert right - left > 680
    assert bottom < 1127  # avatars' bodies end below


@pytest.mark.parametrize(
    ("width", "height"),
    [
        (128, 1920),
        (460, 200),
        (300, 150),
        (640, 360),
        (400, 300),
        (320, 600),
        (360, 640),
        (300, 400),
    ],
)
def test_no_frame_shows_more_than_the_background(width: int, height: int) -> None:
    left, top, right, bottom = shown(FrameSize(width, height))
    assert min(left, top) >= -160
    assert right <= 1184
    assert bottom < 1127


def test_shapes_between_are_framed_between() -> None:
    wide = [framing(FrameSize(width, 300)).zoom for width in range(300, 1920, 20)]
    assert wide == sorted(wide, reverse=True)
    tall = [framing(FrameSize(300, height)).zoom for height in range(300, 640, 20)]
    assert tall == sorted(tall, reverse=True)


@pytest.mark.parametrize("width", [700, 800, 1200, 1920])
def test_the_widest_shapes_show_the_same_height(width: int) -> None:
    _, top, _, bottom = shown(FrameSize(width, 128))
    assert (top, bottom) == pytest.approx(shown(FrameSize(320, 128))[1::2])


def test_body_starts_at_its_shapes_framing() -> None:
    body = Body(load_library(), BodyOptions("mira", BUBBLE, seed=3))
    camera, rest = body.frame(0).camera, framing(BUBBLE)
    assert camera.zoom == pytest.approx(rest.zoom, abs=0.01)
    assert camera.y == pytest.approx(rest.y, abs=2)


@pytest.fixture(scope="module")
def mira(tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return builtin_avatar("mira", tmp_path_factory.mktemp("avatars"))


def places(avatar: Avatar, parts: set[str], lowest: float) -> NDArray[np.float64]:
    """Canvas pixels (n, 2) that parts cover at rest, none below a line."""
    compositor = NumbaCompositor()
    kept = tuple(part for part in avatar.parts if part.name in parts)
    compositor.load(replace(avatar, parts=kept))
    camera, size = Camera(zoom=0.75), FrameSize(CANVAS, CANVAS)
    frame = compositor.render([DrawList(avatar.name, size, camera=camera, coverage=True)])[0]
    rows, columns = np.nonzero(frame[:CANVAS, CANVAS:] > 128)
    m = canvas_to_frame(camera, size, CANVAS)
    found = np.stack([(columns + 0.5 - m.c) / m.a, (rows + 0.5 - m.f) / m.e], axis=1)
    return found[found[:, 1] < lowest]


def share_shown(found: NDArray[np.float64], size: FrameSize) -> float:
    left, top, right, bottom = shown(size)
    inside = (found > (left, top)).all(axis=1) & (found < (right, bottom)).all(axis=1)
    return float(inside.mean())


@pytest.mark.parametrize(
    "size",
    [
        (1920, 128),
        (1920, 400),
        (800, 200),
        (512, 200),
        (300, 150),
        (512, 512),
        (320, 600),
        (200, 600),
        (300, 1200),
    ],
)
def test_miras_face_is_whole_in_every_shape_down_to_one_to_four(
    size: tuple[int, int], mira: Avatar
) -> None:
    """From the hair's top to below the chin."""
    face = places(mira, {"face"}, 600.0)
    crown = places(mira, {"hairFront"}, 130.0)
    middle = crown[np.abs(crown[:, 0] - CANVAS / 2) < 100.0]
    assert share_shown(face, FrameSize(*size)) == 1.0
    assert share_shown(middle, FrameSize(*size)) == 1.0


@pytest.mark.parametrize(
    ("size", "share"),
    [((512, 512), 0.97), ((300, 400), 1.0), ((400, 560), 1.0), ((360, 640), 1.0), (PANEL, 0.97)],
)
def test_miras_resting_hands_are_whole_in_tall_shapes(
    size: tuple[int, int] | FrameSize, share: float, mira: Avatar
) -> None:
    """Fingers and palms; a panel cuts the outermost fingertips by a few pixels."""
    hands = places(mira, {"handLeft", "handRight"}, 1030.0)
    size = size if isinstance(size, FrameSize) else FrameSize(*size)
    assert share_shown(hands, size) >= share


@pytest.mark.parametrize(
    "size", [BUBBLE, PANEL, FrameSize(200, 200), FrameSize(800, 200), FrameSize(200, 600)]
)
def test_mira_is_whole_in_every_shape(size: FrameSize, mira: Avatar) -> None:
    """Her coverage leaves the frame's top line free, is in its middle and reaches its end."""
    compositor = NumbaCompositor()
    compositor.load(mira)
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
