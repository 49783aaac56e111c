"""A live body in virtual time that is recorded, and journals made by hand."""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.clip import Clip
from capsules.library import Library
from compositor.backend import I420, Wanted
from compositor.background import STUDIO
from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from compositor.pages import CacheStats
from engine.body import BodyOptions
from engine.clock import VirtualClock
from engine.errors import VoiceError
from engine.features import Features
from engine.live import LiveBody
from engine.live_options import LiveCallbacks, LiveOptions
from engine.quality import Quality
from engine.recording.entries import End, Header, Posed
from engine.recording.fingerprint import avatar_digest, library_print
from engine.recording.journal import read_journal, sha256_of_journal
from engine.recording.journals import Journals, JournalWriter
from engine.recording.replay import Replay
from engine.renderer import Finish, Renderer
from engine.rtc.audio import SoundTrack
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from tests.unit import bodies
from tests.unit.bodies import AVATAR, MS, capsule, packet
from tests.unit.virtual_time import VirtualTimer

__all__ = ["LIBRARY", "RED", "Scene", "Voice", "header", "pictures", "replayed", "written"]
SIZE = FrameSize(16, 16)
LIBRARY = bodies.library()
RED = (255, 0, 0)


def header(session_id: str = "s", library: Library = LIBRARY, **fields: object) -> Header:
    plain = Header(
        session_id=session_id,
        program_version="1",
        began_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        avatar="synthetic",
        avatar_sha256=avatar_digest(AVATAR),
        library_sha256=library_print(library).sha256,
        micro_count=0,
        barred=(),
        size=SIZE,
        fps=30,
        seed=2**64 - 1,
        probe=True,
        quality=Quality.FULL,
        features=Features(),
        background=STUDIO,
        label=False,
        watermark="",
        av_offset_ms=80.0,
        speech_lead_ms=180,
        backend="fake",
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # any field


class Drawer:
    """Stands for the renderer: a picture of its own for every draw list."""

    backend = "fake"

    def __init__(self) -> None:
        self.missing = False
        self.failing = False
        self.last: I420 | None = None

    async def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None: ...

    async def load_clips(self, clips: Iterable[Clip]) -> None: ...

    def prefetch(self, wanted: Wanted) -> None: ...

    def cache_stats(self) -> CacheStats:
        return CacheStats()

    def coarse(self, session_id: str) -> bool:
        return self.missing

    async def render(
        self, draw_list: DrawList, session_id: str, finish: Finish | None = None
    ) -> I420 | None:
        if self.failing:
            return self.last
        digest = hashlib.sha256(draw_list.to_bytes()).digest()
        self.last = np.frombuffer(digest, np.uint8)
        return self.last

    async def forget(self, session_id: str) -> None: ...


class Voice:
    """Noise that depends on the text and the voice alone."""

    def __init__(self, other: str = "") -> None:
        self.other = other

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        if self.other == "broken":
            raise VoiceError("hoarse")
        seed = int.from_bytes(hashlib.sha256(f"{text}{delta}{self.other}".encode()).digest()[:8])
        noise = np.random.default_rng(seed).uniform(-0.5, 0.5, SAMPLE_RATE_HZ // 2)
        samples = noise.astype(np.float32)
        shapes = (SpeechViseme(10, 0.0, 250.0), SpeechViseme(1, 250.0, 250.0))
        return Speech(text, samples, shapes, (20.0, 260.0))

    async def aclose(self) -> None: ...


class Scene:
    """A live body in virtual time that is recorded, with what its viewers saw and heard."""

    def __init__(self, folder: Path) -> None:
        self.journals = Journals(folder)
        self.drawer = Drawer()
        self.clock = VirtualClock(7 * MS)
        self.timer = VirtualTimer(self.clock)
        self.shown: list[tuple[int, bytes]] = []
        self.heard: list[NDArray[np.int16]] = []
        self.path = Path()

    async def play(self) -> None:
        writers: list[JournalWriter] = []

        async def begin(made: BodyOptions) -> JournalWriter:
            found = library_print(LIBRARY)
            made_of = header(seed=made.seed, av_offset_ms=made.av_offset_ms)
            made_of = replace(made_of, speech_lead_ms=made.speech_lead_ms)
            writers.append(self.journals.open(made_of, self.clock.now_ns(), found))
            return writers[-1]

        live = await LiveBody.start(
            options=LiveOptions("s", SIZE, seed=3, probe=True),
            library=LIBRARY,
            avatar=AVATAR,
            renderer=cast("Renderer", self.drawer),
            tts=Voice(),
            clock=self.clock,
            callbacks=LiveCallbacks(
                on_message=lambda _: None,
                on_speech=lambda _: None,
                on_fault=lambda fault: pytest.fail(repr(fault)),
                on_viewers=lambda _: None,
                on_drawn=lambda _sequence, _timestamp: "",
            ),
            timer=self.timer,
            open_journal=begin,
        )
        self.path = writers[0].path
        publish = live._frames.feed.publish
        watching = live._frames.feed.subscribe()

        def kept(frame: object) -> None:
            self.shown.append((frame.pts, frame.image.tobytes()))  # type: ignore[attr-defined]
            publish(frame)  # type: ignore[arg-type]

        live._frames.feed.publish = kept  # type: ignore[method-assign]
        track = SoundTrack(
            live._timeline, live._frames.start_ns, clock=self.clock, timer=self.timer
        )
        listening = asyncio.create_task(self._listen(track))
        await self._act(live)
        track.stop()
        await live.aclose()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert watching.skipped >= 0
        await asyncio.to_thread(self.journals.close)
        assert live.journal_sha256 == sha256_of_journal(self.path)
        assert live.journal == self.path.name

    async def _listen(self, track: SoundTrack) -> None:
        while True:
            frame = await track.recv()
            self.heard.append(np.asarray(frame.to_ndarray()[0], np.int16))

    async def _act(self, live: LiveBody) -> None:
        async def passes(ms: float) -> None:
            await self.timer.advance(round(ms * MS))

        await passes(100)
        live.apply(packet("VF_SMILE", "HF_BEAT", sequence=1, speak_text="Hello there. And you?"))
        await passes(333)
        live.surround(Surroundings(RED, RED, RED, RED, 1.0))
        live.pose((("browInnerUp", 0.6),))
        live.active_capsules()
        await passes(301)
        self.drawer.missing = True
        await passes(100)
        self.drawer.missing, self.drawer.failing = False, True
        await passes(100)
        self.drawer.failing = False
        live.apply(packet("VF_WINK", sequence=2, interrupt=True))
        live.pose(())
        await passes(200)
        live.learn(capsule("VF_MINE", {"jawOpen": [(0, 0.4)]}, hold=True))
        live.apply(packet("VF_MINE", sequence=3))
        live.set_features(Features(visemes=False, light_probe=False))
        live.set_quality(Quality.HALF)
        live.apply(packet("VF_SAD", sequence=4, speak_text="Oh no.", audio_first=True))
        await passes(150)
        live.take(LIBRARY.bar({"VF_SAD", "HF_LIFT"}), (3,))
        await passes(600)


def replayed(path: Path, voice: Voice | None = None) -> Replay:
    found, entries = read_journal(path)
    replay = Replay(found, list(entries), LIBRARY, AVATAR)
    asyncio.run(replay.speak(voice or Voice()))
    return replay


def pictures(replay: Replay) -> list[tuple[int, bytes]]:
    shown: list[tuple[int, bytes]] = []
    for frame in replay.frames():
        if frame.draw_list is None:
            shown.append((frame.pts, shown[-1][1]))
        else:
            shown.append((frame.pts, hashlib.sha256(frame.draw_list.to_bytes()).digest()))
    return shown


def written(journals: Journals, name: str, count: int) -> Path:
    """A closed journal with so many entries."""

    async def write() -> Path:
        writer = journals.open(header(name), 0, library_print(LIBRARY))
        for number in range(count):
            writer.put(number, Posed((("jawOpen", 0.5),)))
        await writer.aclose(count, End(0, 0, 0))
        return writer.path

    return asyncio.run(write())
