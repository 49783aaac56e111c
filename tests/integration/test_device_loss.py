"""A GPU that is lost in the middle of a call, with a whole server and Mesa's software adapter."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from compositor import select
from compositor.wgpu_backend import WgpuCompositor
from control_plane.media import LiveMedia
from control_plane.server import Server
from control_plane.settings import load_settings
from storage.database import Database
from storage.repository import Repository
from tests.integration.calls import Page, watch_session
from tests.unit.fake_media import FakeResponder

pytestmark = pytest.mark.vulkan

SIZE = "128x128"
LIMIT_S = 40.0
AT_MOST_S = 1.0


async def watch(page: Page, before: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """The last of a second of pictures; the first may have been on its way all along."""
    last_s = time.monotonic()
    for _ in range(30):
        frame = await page.tracks["video"].recv()
        now_s = time.monotonic()
        if before is not None:
            assert now_s - last_s < AT_MOST_S
        last_s = now_s
        assert hasattr(frame, "to_ndarray")
        shown: NDArray[np.uint8] = frame.to_ndarray(format="yuv420p")
        assert shown[:128].std() > 20, "no face"
    if before is not None:  # nothing happens to it, so it is the same face, idling
        assert np.abs(shown.astype(np.int64) - before).mean() < 10
    return shown


async def lose(media: LiveMedia) -> None:
    """Destroys the GPU's device in the thread that owns it."""
    renderer = media._renderer
    assert renderer is not None
    compositor = renderer._compositors.compositor
    assert isinstance(compositor, WgpuCompositor)
    await renderer._call(compositor._open_device().destroy)


def test_lost_gpu_leaves_every_call_its_picture_and_is_remembered(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'test.sqlite'}"
    names = select.adapter_names()
    values = {
        "port": 0,
        "grpc_port": 0,
        "database": database,
        "cache_dir": tmp_path,
        "tts": "silent",
        "backend": "gpu",
        "gpu": next((name for name in names if "llvmpipe" in name), names[0]),
    }

    async def play() -> None:
        settings = load_settings(values)
        media = LiveMedia(settings)
        server = Server(settings, media, lambda _library: FakeResponder())
        ready = await server.start()
        assert ready.backend.startswith("wgpu")
        pages = [await watch_session(ready.url, SIZE) for _ in range(2)]
        try:
            before = await asyncio.gather(*(watch(page) for page in pages))
            await lose(media)
            await asyncio.gather(*map(watch, pages, before))
            assert media.backend == "numba (CPU)"
            for page in pages:
                assert page.connection.connectionState == "connected"
        finally:
            for page in pages:
                await page.connection.close()
            await server.aclose()

    async def within_the_limit() -> None:
        async with asyncio.timeout(LIMIT_S):
            await play()

    asyncio.run(within_the_limit())
    stored = Database(database)
    faults = Repository(stored).faults()
    stored.close()
    assert [fault.mode for fault in faults] == ["device_lost"]
    assert "llvmpipe" in faults[0].cause
