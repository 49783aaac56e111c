"""A whole server whose texture cache is smaller than the avatar: a coarser picture, and a fault."""

import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules.pack import builtin_avatar
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.numba_backend import NumbaCompositor
from compositor.pages import MEGABYTE, CacheOptions
from control_plane.media import LiveMedia
from control_plane.server import Server
from control_plane.settings import load_settings
from engine.renderer import Finish, Renderer
from storage.database import Database
from storage.repository import Repository
from tests.integration.calls import Page, watch_session
from tests.unit.fake_media import FakeResponder

SIZE = "384x384"
CACHE = CacheOptions(budget_bytes=2 * MEGABYTE, background=True)
LIMIT_S = 40.0
LEAST_PSNR_DB = 30.0
"""Measured: 34.6; a whole picture has no difference at all."""


async def watch(page: Page, frames: int) -> list[NDArray[np.uint8]]:
    """The next pictures that a viewer sees."""
    shown = []
    for _ in range(frames):
        frame = await page.tracks["video"].recv()
        assert hasattr(frame, "to_ndarray")
        shown.append(frame.to_ndarray(format="yuv420p"))
    return shown


def keep(renderer: Renderer) -> list[tuple[DrawList, I420]]:
    """What is drawn from now on, with what was asked for."""
    kept: list[tuple[DrawList, I420]] = []
    render = renderer.render

    async def keeping(
        draw_list: DrawList, session_id: str, finish: Finish | None = None
    ) -> I420 | None:
        picture = await render(draw_list, session_id, finish)
        assert picture is not None
        kept.append((draw_list, picture))
        return picture

    renderer.render = keeping  # type: ignore[method-assign] # what stands between is the test
    return kept


def psnr_db(one: I420, other: I420) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(255.0**2 / max(error, 1e-9)))


def test_cache_smaller_than_the_avatar_leaves_the_call_a_coarser_picture(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'test.sqlite'}"
    values = {
        "port": 0,
        "grpc_port": 0,
        "database": database,
        "cache_dir": tmp_path,
        "tts": "silent",
        "backend": "cpu",
    }
    drawn: list[tuple[DrawList, I420]] = []

    async def play() -> None:
        settings = load_settings(values)
        media = LiveMedia(settings, CACHE)
        server = Server(settings, media, lambda _library: FakeResponder())
        ready = await server.start()
        assert media._renderer is not None
        kept = keep(media._renderer)
        page = await watch_session(ready.url, SIZE)
        try:
            shown = await watch(page, 90)
            assert page.connection.connectionState == "connected"
            stats = media._renderer.cache_stats()
            assert stats.resident_bytes <= stats.budget_bytes == CACHE.budget_bytes
            assert stats.short
        finally:
            await page.connection.close()
            await server.aclose()
        assert all(one[:384].std() > 20 for one in shown[30:]), "no face"
        assert (shown[-1] != shown[30]).any(), "it stands still"
        drawn.extend(kept)

    async def within_the_limit() -> None:
        async with asyncio.timeout(LIMIT_S):
            await play()

    asyncio.run(within_the_limit())
    complete = NumbaCompositor()
    complete.load(builtin_avatar("mira", tmp_path / "avatars"))
    assert len({picture.tobytes() for _, picture in drawn}) > 10
    for draw_list, picture in drawn[::10]:
        found_db = psnr_db(picture, complete.render([draw_list])[0])
        assert LEAST_PSNR_DB < found_db < 60.0, "not the avatar, or not coarser"
    stored = Database(database)
    faults = Repository(stored).faults()
    stored.close()
    assert {fault.mode for fault in faults} == {"texture_cache"}
    assert any("2.0 MB" in fault.cause for fault in faults)
