import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from capsules.library import load_library
from compositor.background import parse_background
from compositor.drawlist import FrameSize
from control_plane.errors import InvalidArgumentError
from control_plane.media import LiveMedia
from control_plane.sessions.options import SessionOptions
from control_plane.settings import load_settings
from engine.faults import Fault
from engine.live import LiveBody
from engine.live_options import LiveCallbacks

SIZE = FrameSize(200, 200)


def with_media(
    folder: Path, scene: Callable[[LiveMedia], Coroutine[Any, Any, None]], **settings: object
) -> None:
    async def play() -> None:
        faults = list[Fault]()
        values = {"backend": "cpu", "tts": "silent", "cache_dir": folder / "cache", **settings}
        media = LiveMedia(load_settings(values))
        await media.start(faults.append)
        try:
            await scene(media)
        finally:
            await media.aclose()
        assert faults == []

    asyncio.run(play())


async def made(media: LiveMedia, background: str) -> LiveBody:
    options = SessionOptions("mira", SIZE, 30, seed=1, background=parse_background(background))
    callbacks = LiveCallbacks(
        on_message=lambda _: None,
        on_speech=lambda _: None,
        on_fault=lambda fault: pytest.fail(repr(fault)),
        on_viewers=lambda _: None,
        on_drawn=lambda _sequence, _timestamp: "",
    )
    return await media.make(load_library(), "s", options, callbacks)


def write_green(path: Path) -> None:
    frame = av.VideoFrame.from_ndarray(np.full((40, 40, 3), (0, 160, 0), np.uint8), format="rgb24")
    with av.open(str(path), "w", format="image2") as file:
        stream = file.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 40, 40, "rgb24"
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def test_every_background_is_seen_behind_the_avatar(tmp_path: Path) -> None:
    write_green(tmp_path / "lawn.png")
    corner = {"color:#ffffff": 235, "picture:lawn": 97, "transparent": 16}

    async def scene(media: LiveMedia) -> None:
        for background, luma in corner.items():
            body = await made(media, background)
            watched = body._frames.feed.subscribe()
            image = (await watched.next()).image
            assert abs(int(image[1, 1]) - luma) <= 1, background
            assert image.shape == (300, 400 if background == "transparent" else 200)
            assert image[60:140, 60:140].std() > 20, "no face"
            await body.aclose()

    with_media(tmp_path, scene, backgrounds=tmp_path)


def test_picture_that_is_not_there_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")

    async def scene(media: LiveMedia) -> None:
        for name in ("missing", "broken"):
            with pytest.raises(InvalidArgumentError, match=name) as error:
                await made(media, f"picture:{name}")
            assert error.value.field == "options.background"

    with_media(tmp_path, scene, backgrounds=tmp_path)


def test_without_a_folder_there_are_no_pictures(tmp_path: Path) -> None:
    async def scene(media: LiveMedia) -> None:
        with pytest.raises(InvalidArgumentError, match="no such picture"):
            await made(media, "picture:office")

    with_media(tmp_path, scene)
