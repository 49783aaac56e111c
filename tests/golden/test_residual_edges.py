"""Residuals that do not fade out where they end: the CPU and software Vulkan draw the same edge.

A residual changes the texels whose centres lie in its rect. What is drawn is sampled from the
changed texture: an edge inside it is a ramp of one texel, and one at its end is none, since beyond
its end a texture repeats its last texels.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part
from compositor.backend import I420, Compositor
from compositor.drawlist import Camera, DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from tests.golden.agreement import assert_the_same_picture, open_gpu
from tests.unit.avatars import PROVENANCE, plain_part, solid

pytestmark = pytest.mark.vulkan

Rect = tuple[int, int, int, int]

SIDE_PX = 32
GREY, GLOW = 100, 60
RECTS: dict[str, Rect] = {
    "whole texture": (0, 0, 32, 32),
    "left and upper edge": (0, 0, 12, 20),
    "right and lower edge": (12, 20, 20, 12),
    "inside": (8, 8, 16, 16),
    "inside, odd": (7, 9, 15, 13),
    "beyond the texture": (-3, 10, 50, 14),
}
CAMERAS = {
    "enlarged": Camera(),
    "enlarged and turned": Camera(zoom=0.8, roll=17.0),
    "reduced": Camera(zoom=0.06),
}


def _glow(kind: str) -> NDArray[np.int8]:
    """A residual (4, 4, 3): the same everywhere, or of different strength at each edge."""
    flat = np.full((4, 4, 3), GLOW, np.int8)
    if kind == "slope":
        flat[:, :, 0] = np.array([60, 20, -20, -45])[None]
        flat[:, :, 1] = np.array([-45, 10, 30, 60])[:, None]
    return flat


def _part(rect: Rect, kind: str) -> Part:
    plain = plain_part("patch", (128, 128, 768, 768), solid((GREY,) * 3 + (255,), SIDE_PX))
    basis = Basis(np.zeros((4, 2), np.float16), _glow(kind))
    return replace(plain, residual_rect=rect, bases={"glow": basis})


def _avatar(name: str, kind: str) -> Avatar:
    background = plain_part("background", (-2048, -2048, 5120, 5120), solid((0, 0, 0, 255)))
    return Avatar(f"{name}, {kind}", 1024, (background, _part(RECTS[name], kind)), PROVENANCE)


AVATARS = [_avatar(name, kind) for name, kind in product(RECTS, ("flat", "slope"))]


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[Compositor, Compositor]]:
    both = (open_gpu(), NumbaCompositor())
    for one, avatar in product(both, AVATARS):
        one.load(avatar)
    yield both
    for one in both:
        one.close()


def drawing(avatar: str, camera: str = "enlarged", strength: float = 1.0) -> DrawList:
    weights = (("glow", strength),) if strength else ()
    return DrawList(avatar, FrameSize(512, 512), weights, camera=CAMERAS[camera])


def luma(frame: I420) -> NDArray[np.int64]:
    return frame[: len(frame) * 2 // 3].astype(np.int64)


@pytest.mark.parametrize("avatar", [one.name for one in AVATARS])
@pytest.mark.parametrize("camera", CAMERAS)
def test_cpu_and_software_vulkan_end_residuals_alike(
    backends: tuple[Compositor, Compositor], avatar: str, camera: str
) -> None:
    on_gpu, on_cpu = (one.render([drawing(avatar, camera)])[0] for one in backends)
    assert_the_same_picture(on_gpu, on_cpu)
    plain = backends[1].render([drawing(avatar, camera, 0.0)])[0]
    assert np.abs(on_cpu.astype(np.int64) - plain).max() > 20  # else nothing was compared


@pytest.mark.parametrize("number", [0, 1], ids=["GPU", "CPU"])
def test_residual_over_a_whole_texture_leaves_no_seam(
    backends: tuple[Compositor, Compositor], number: int
) -> None:
    frame = backends[number].render([drawing("whole texture, flat")])[0]
    inside = luma(frame)[64:448, 64:448]
    assert inside.max() - inside.min() <= 1


@pytest.mark.parametrize("number", [0, 1], ids=["GPU", "CPU"])
def test_edge_inside_a_texture_is_a_ramp_of_one_texel(
    backends: tuple[Compositor, Compositor], number: int
) -> None:
    row = luma(backends[number].render([drawing("inside, flat")])[0])[256]
    low, high = row[70], row[256]
    ramp = np.flatnonzero((row[64:256] > low + 1) & (row[64:256] < high - 1)) + 64
    # 12 frame pixels a texel; texel 7, the last that is not changed, has its centre at 154.
    assert 154 <= ramp[0] <= 156
    assert 163 <= ramp[-1] <= 166
    assert (np.diff(row[154:167]) >= 0).all()
