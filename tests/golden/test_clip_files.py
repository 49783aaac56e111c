"""Mira with a shipped clip, read from its WebM file: the CPU and software Vulkan draw it alike."""

from collections.abc import Iterator

import numpy as np
import pytest

from capsules.library import load_library
from compositor.backend import I420, Compositor
from compositor.drawlist import ClipFrame, DrawList, FrameSize, Overlay
from compositor.numba_backend import NumbaCompositor
from tests.golden.agreement import assert_the_same_picture, open_gpu
from tests.golden.contact_sheet import mira

pytestmark = pytest.mark.vulkan

CONFETTI = load_library().clips["ER_CONFETTI"]
SIZE = FrameSize(384, 384)
BARE = DrawList("mira", SIZE)


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[Compositor, Compositor]]:
    both = (open_gpu(), NumbaCompositor())
    for one in both:
        one.load(mira())
        one.load_clip(CONFETTI)
    yield both
    for one in both:
        one.close()


@pytest.fixture(scope="module")
def bare(backends: tuple[Compositor, Compositor]) -> I420:
    return backends[1].render([BARE])[0]


@pytest.mark.parametrize("half", [False, True], ids=["full", "half"])
@pytest.mark.parametrize("number", [6, 7, 20, 40, 13])
def test_frame_of_a_file_is_drawn_alike(
    backends: tuple[Compositor, Compositor], bare: I420, number: int, half: bool
) -> None:
    overlay = Overlay(CONFETTI.after, "override", (ClipFrame(CONFETTI.cid, number, 1.0),))
    laid = DrawList("mira", SIZE, overlays=(overlay,), half_clips=half)
    on_gpu, on_cpu = (one.render([laid])[0] for one in backends)
    assert_the_same_picture(on_gpu, on_cpu)
    changed = np.abs(on_cpu.astype(np.int64) - bare) > 20
    assert 0.002 < changed.mean() < 0.5
