"""A compositor that paints numbers, and a renderer over it, for tests of what draws."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.backend import I420, Wanted
from compositor.drawlist import DrawList, FrameSize
from compositor.errors import (
    DeviceLostError,
    InvalidAvatarError,
    RenderError,
    UnknownAvatarError,
)
from compositor.pages import CacheStats
from engine.faults import Fault
from engine.renderer import Renderer
from tests.unit.avatars import synthetic_avatar

__all__ = ["AVATAR", "FakeCompositor", "Scene", "clip", "drawing", "with_renderer"]

SIZE = FrameSize(16, 16)
AVATAR = synthetic_avatar()


class FakeCompositor:
    """Paints each frame in its probe's number."""

    def __init__(self, name: str = "first") -> None:
        self.name = name
        self.loaded: list[str] = []
        self.cores: list[tuple[str, ...]] = []
        self.clips: list[str] = []
        self.prefetched: list[Wanted] = []
        self.stats = CacheStats()
        self.failures: list[str] = []
        self.batches: list[int] = []
        self.closed = 0
        self.lost = False
        self.broken: Exception | None = None
        self.refuses: set[str] = set()
        self.threads: set[int] = set()
        self.may_draw = threading.Event()
        self.may_draw.set()

    def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        self.threads.add(threading.get_ident())
        if avatar.name in self.refuses:
            raise InvalidAvatarError(f"{avatar.name} does not fit")
        self.loaded.append(avatar.name)
        self.cores.append(tuple(core))

    def load_clip(self, clip: Clip) -> None:
        self.threads.add(threading.get_ident())
        if clip.cid in self.refuses:
            raise RenderError(f"{clip.cid} does not fit")
        self.clips.append(clip.cid)

    def prefetch(self, wanted: Wanted) -> None:
        self.threads.add(threading.get_ident())
        if self.lost:
            raise DeviceLostError("the GPU fell off the bus")
        if wanted.avatar in self.refuses:
            raise RenderError("no room")
        self.prefetched.append(wanted)

    def cache_stats(self) -> CacheStats:
        return self.stats

    def cache_failures(self) -> list[str]:
        found, self.failures = self.failures, []
        return found

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        self.threads.add(threading.get_ident())
        assert self.may_draw.wait(5)
        if self.lost:
            raise DeviceLostError("the GPU fell off the bus")
        if self.broken is not None:
            raise self.broken
        self.batches.append(len(draw_lists))
        for one in draw_lists:
            if one.avatar not in self.loaded:
                raise UnknownAvatarError(one.avatar)
        return [np.full((24, 16), one.probe, np.uint8) for one in draw_lists]

    def close(self) -> None:
        self.closed += 1


def clip(cid: str, frame_count: int = 30) -> Clip:
    """A clip whose file is not there."""
    rect = (0.0, 0.0, 1.0, 1.0)
    return Clip(cid, Path(f"{cid}.webm"), 64, 64, 30.0, frame_count, "alpha", rect, "face")


def drawing(number: int, avatar: str = AVATAR.name) -> DrawList:
    """What the compositor paints in a number."""
    return DrawList(avatar, SIZE, probe=number)


Scene = Callable[[Renderer, FakeCompositor, FakeCompositor, list[Fault]], Coroutine[Any, Any, None]]


def with_renderer(scene: Scene) -> None:
    """Plays a scene with a renderer that has loaded `AVATAR`; it leaves no thread behind."""

    async def play() -> None:
        first, second, faults = FakeCompositor(), FakeCompositor("second"), list[Fault]()
        renderer = Renderer(lambda: first, lambda: second, faults.append)
        await renderer.start()
        await renderer.load(AVATAR)
        try:
            await scene(renderer, first, second, faults)
        finally:
            await renderer.aclose()

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads
