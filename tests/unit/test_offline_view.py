"""The view in which a take's pictures are compared, of pictures of a small avatar."""

from collections.abc import Iterator

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from compositor.backend import I420
from compositor.drawlist import FrameSize
from compositor.geometry import Affine
from engine.framing import framing
from engine.offline.placement import framed
from engine.offline.render import OfflineRenderer, RenderOptions, weight_frame
from engine.offline.view import HeadView
from tests.unit.face_avatar import face_avatar

AVATAR = face_avatar()
WEIGHTS = {"jawOpen": 0.6, "mouthSmileLeft": 0.4}


@pytest.fixture(scope="module")
def renderer() -> Iterator[OfflineRenderer]:
    with OfflineRenderer(AVATAR) as made:
        yield made


def taken(renderer: OfflineRenderer, size: FrameSize) -> I420:
    """A frame as exports have it."""
    options = RenderOptions(size=size)
    return renderer.i420(weight_frame(AVATAR.name, WEIGHTS, options, framing(size)))


def rgb(picture: I420) -> NDArray[np.uint8]:
    return np.asarray(VideoFrame.from_ndarray(picture, format="yuv420p").to_ndarray(format="rgb24"))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_an_export_is_cut_out_as_it_is(renderer: OfflineRenderer) -> None:
    size = FrameSize(320, 240)
    view = HeadView(renderer, framed(AVATAR, size.width, size.height))
    picture = taken(renderer, size)
    cut = view.taken_i420(picture)
    assert (cut == view.i420(WEIGHTS)).all()
    assert difference(cut, view.i420({})) > 1.0


def test_a_large_take_is_reduced(renderer: OfflineRenderer) -> None:
    size = FrameSize(1024, 1024)
    view = HeadView(renderer, framed(AVATAR, size.width, size.height))
    cut = view.taken_i420(taken(renderer, size))
    assert cut.shape == (view.side_px * 3 // 2, view.side_px)
    assert difference(cut, view.i420(WEIGHTS)) < 0.6


def test_a_turned_take_shows_in_i420_what_it_shows_in_rgb(renderer: OfflineRenderer) -> None:
    size = FrameSize(320, 240)
    view = HeadView(renderer, Affine(0.4, 0.05, 60.0, -0.05, 0.4, 40.0))
    picture = taken(renderer, size)
    assert difference(rgb(view.taken_i420(picture)), view.taken(rgb(picture))) < 0.6
