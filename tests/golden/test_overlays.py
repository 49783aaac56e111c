"""Mira with clips laid over her: the CPU and software Vulkan draw the same pictures.

`python -m tests.golden.test_overlays FOLDER` writes a contact sheet, as `test_backends` does.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor import sources
from compositor.backend import Compositor
from compositor.drawlist import OverlayMode
from compositor.numba_backend import NumbaCompositor
from tests.golden.agreement import assert_the_same_picture, open_gpu
from tests.golden.contact_sheet import mira, write_contact_sheet
from tests.golden.overlays import CLIPS, OVERLAID, DrawnReader

pytestmark = pytest.mark.vulkan


def loaded(compositor: Compositor) -> Compositor:
    compositor.load(mira())
    for clip in CLIPS:
        compositor.load_clip(clip)
    return compositor


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[Compositor, Compositor]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "ClipReader", DrawnReader)
        both = loaded(open_gpu()), loaded(NumbaCompositor())
        yield both
        for one in both:
            one.close()


@pytest.mark.parametrize("name", OVERLAID)
def test_cpu_and_software_vulkan_lay_clips_alike(
    backends: tuple[Compositor, Compositor], name: str
) -> None:
    draw_list = OVERLAID[name]
    on_gpu, on_cpu = (one.render([draw_list])[0] for one in backends)
    assert_the_same_picture(on_gpu, on_cpu)
    bare = backends[0].render([replace(draw_list, overlays=())])[0]
    assert np.abs(on_gpu.astype(np.int64) - bare).max() > 20  # else nothing was compared


def test_all_in_one_call_agree_too(backends: tuple[Compositor, Compositor]) -> None:
    draw_lists = list(OVERLAID.values())
    for on_gpu, on_cpu in zip(*(one.render(draw_lists) for one in backends), strict=True):
        assert_the_same_picture(on_gpu, on_cpu)


def test_clip_that_is_not_loaded_is_not_drawn(backends: tuple[Compositor, Compositor]) -> None:
    draw_list = next(iter(OVERLAID.values()))
    frames = tuple(replace(one, clip="CS_UNKNOWN") for one in draw_list.overlays[0].frames)
    unknown = replace(draw_list, overlays=(replace(draw_list.overlays[0], frames=frames),))
    for one in backends:
        bare = one.render([replace(draw_list, overlays=())])[0]
        np.testing.assert_array_equal(one.render([unknown])[0], bare)


@pytest.mark.parametrize("mode", ["additive", "multiply"])
def test_what_is_not_covered_is_not_coloured(
    backends: tuple[Compositor, Compositor], mode: OverlayMode
) -> None:
    behind = OVERLAID["behind, with coverage"]
    coloured = replace(behind, overlays=(replace(behind.overlays[0], mode=mode),))
    for one in backends:
        bare = one.render([replace(behind, overlays=())])[0]
        np.testing.assert_array_equal(one.render([coloured])[0], bare)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sources, "ClipReader", DrawnReader)
        both = loaded(NumbaCompositor()), loaded(open_gpu())
        write_contact_sheet(Path(sys.argv[1]), "overlays", both, OVERLAID)
