"""The CPU backend with a budget that does not hold the textures that are wanted."""

from dataclasses import replace

import numpy as np
import pytest

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from compositor.numba_pages import NumbaStore
from compositor.pages import CacheOptions, TexturePage
from compositor.prepared import prepare
from compositor.sources import Sources, floor_pages
from tests.unit.avatars import synthetic_avatar

AT_REST = DrawList("grainy", FrameSize(512, 512))


@pytest.fixture(scope="module")
def grainy() -> Avatar:
    """The background alone, with a grain that a coarser texture has not."""
    background = synthetic_avatar(0.5).parts[0]
    grain = np.random.default_rng(1).uniform(0.3, 1.0, background.texture.shape[:2])
    texture = background.texture.copy()
    texture[:, :, :3] = texture[:, :, :3] * grain[:, :, np.newaxis]
    parts = (replace(background, texture=texture),)
    return replace(synthetic_avatar(0.25), name="grainy", parts=parts)


def drawn(avatar: Avatar, budget_bytes: int) -> I420:
    compositor = NumbaCompositor(CacheOptions(budget_bytes))
    compositor.load(avatar)
    frame = compositor.render([AT_REST])[0]
    compositor.close()
    return frame


def test_level_of_half_the_size_is_shown_where_the_wanted_one_does_not_fit(grainy: Avatar) -> None:
    parts = prepare(grainy)
    sources = Sources()
    serial = sources.add_avatar(parts)
    store = NumbaStore(sources, CacheOptions())
    (floor,) = floor_pages(serial, parts)
    wanted, half = (store.size_bytes(TexturePage(serial, 0, level)) for level in (0, 2))
    assert floor.level > 3
    floor_bytes = store.size_bytes(floor)
    level_2 = replace(grainy, parts=(replace(grainy.parts[0], texture=parts[0].textures[2]),))
    halved = drawn(grainy, floor_bytes + 2 * half)
    np.testing.assert_allclose(halved, drawn(level_2, 4 * wanted), atol=2)
    coarse = drawn(grainy, floor_bytes + 1)
    assert np.abs(halved.astype(np.int64) - coarse).max() > 10
