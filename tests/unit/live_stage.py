"""A live body in virtual time, with a renderer and a voice that only take note."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from capsules.avatar import Avatar
from capsules.clip import Clip
from capsules.model import Capsule
from compositor.backend import I420, Wanted
from compositor.drawlist import DrawList, FrameSize
from compositor.pages import CacheStats
from engine.clock import VirtualClock
from engine.errors import VoiceError
from engine.faults import Fault
from engine.feed import FrameSubscription
from engine.live import LiveBody
from engine.live_options import LiveCallbacks, LiveOptions
from engine.renderer import Finish, Renderer
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from engine.voice.speaker import SpeechUpdate
from tests.unit import bodies
from tests.unit.bodies import AVATAR, MS
from tests.unit.clips import clip
from tests.unit.virtual_time import VirtualTimer, settle

__all__ = ["Drawer", "Stage", "on_stage"]
CONFETTI = bodies.capsule("ER_TEST", clip={"file": "a.webm"})


@dataclass
class Drawer:
    """Stands for the renderer: notes draw lists."""

    backend: str = "fake"
    drawn: list[DrawList] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    core: tuple[str, ...] = ()
    clips: tuple[Clip, ...] = ()
    wanted: list[Wanted] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        self.loaded.append(avatar.name)
        self.core = tuple(core)

    async def load_clips(self, clips: Iterable[Clip]) -> None:
        self.clips = tuple(clips)

    def prefetch(self, wanted: Wanted) -> None:
        self.wanted.append(wanted)

    def cache_stats(self) -> CacheStats:
        return CacheStats(hits=5, misses=2)

    async def render(
        self, draw_list: DrawList, session_id: str, finish: Finish | None = None
    ) -> I420 | None:
        self.drawn.append(draw_list)
        size = draw_list.frame_size
        frame = np.zeros((size.height * 3 // 2, size.width), np.uint8)
        return frame if finish is None else finish(frame)

    async def forget(self, session_id: str) -> None:
        self.forgotten.append(session_id)


class Voice:
    """Says everything in a second of constant sound."""

    broken = False

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        if self.broken:
            raise VoiceError("hoarse")
        samples = np.full(SAMPLE_RATE_HZ, 0.5, np.float32)
        return Speech(text, samples, (SpeechViseme(10, 0.0, 1000.0),))

    async def aclose(self) -> None:
        pass


@dataclass
class Stage:
    live: LiveBody
    drawer: Drawer
    voice: Voice
    clock: VirtualClock
    timer: VirtualTimer
    speech: list[tuple[int, SpeechUpdate]]
    faults: list[Fault]

    def watch(self) -> FrameSubscription:
        return self.live._frames.feed.subscribe()

    def sound_at(self, ms: float) -> float:
        return float(self.live._timeline.read(round(ms * MS), 48).max())

    async def pass_ms(self, ms: float) -> None:
        await self.timer.advance(round(ms * MS))


def on_stage(
    scene: Callable[[Stage], Coroutine[Any, Any, None]],
    options: LiveOptions | None = None,
    more: tuple[Capsule, ...] = (),
) -> Stage:
    async def play() -> Stage:
        tasks = asyncio.all_tasks()
        clock = VirtualClock()
        timer, drawer, voice = VirtualTimer(clock), Drawer(), Voice()
        speech, faults = list[tuple[int, SpeechUpdate]](), list[Fault]()
        live = await LiveBody.start(
            options=options or LiveOptions("s", FrameSize(16, 16), seed=3, probe=True),
            library=bodies.library(CONFETTI, *more, clips=[clip(CONFETTI.cid)]),
            avatar=AVATAR,
            renderer=cast("Renderer", drawer),
            tts=voice,
            clock=clock,
            callbacks=LiveCallbacks(
                on_message=lambda _: None,
                on_speech=lambda update: speech.append((clock.now_ns() // MS, update)),
                on_fault=faults.append,
                on_viewers=lambda _: None,
                on_drawn=lambda sequence, timestamp: f"{sequence} {timestamp}",
            ),
            timer=timer,
        )
        stage = Stage(live, drawer, voice, clock, timer, speech, faults)
        await settle()
        await scene(stage)
        await live.aclose()
        await live.aclose()
        await settle()
        assert asyncio.all_tasks() == tasks
        return stage

    return asyncio.run(play())
