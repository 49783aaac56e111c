import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pytest

from capsules.avatar import Avatar, Basis
from capsules.clip import Clip
from capsules.model import Capsule, Emotion
from compositor.backdrop import Backdrop
from compositor.backend import I420, Wanted
from compositor.background import parse_background
from compositor.drawlist import DrawList, FrameSize, Light
from compositor.output import Output, OutputOptions
from compositor.pages import CacheStats
from engine.clock import NS_PER_MS, VirtualClock
from engine.errors import ClosedError, NegotiationError, TooManyViewersError, VoiceError
from engine.faults import Fault
from engine.feed import FrameSubscription
from engine.live import LiveBody, LiveCallbacks, LiveOptions, _Finishing
from engine.packet import Mood
from engine.quality import Quality
from engine.renderer import Finish, Renderer
from engine.resting import KEPT_PACKETS
from engine.rtc.audio import LIP_DELAY_NS
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from engine.voice.speaker import SpeechState, SpeechUpdate
from tests.unit import bodies
from tests.unit.avatars import PROVENANCE, plain_part, solid
from tests.unit.clips import clip
from tests.unit.virtual_time import VirtualTimer, settle

MS = NS_PER_MS
_FACE = plain_part("face", (0, 0, 64, 64), solid((200, 150, 120, 255)))
_BASES = {name: Basis(np.zeros(_FACE.vertices.shape, np.float16)) for name in bodies.BASES}
CONFETTI = bodies.capsule("ER_TEST", clip={"file": "a.webm"})
AVATAR = Avatar("synthetic", 64, (replace(_FACE, bases=_BASES),), PROVENANCE)


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


def test_packet_is_seen_in_the_very_next_frame() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        await stage.pass_ms(10)
        drawn = len(stage.drawer.drawn)
        stage.live.apply(bodies.packet("VF_SMILE", sequence=77))
        await settle()
        assert [one.probe for one in stage.drawer.drawn[drawn:]] == [77]
        await stage.pass_ms(300)
        assert dict(stage.live.active_capsules())["VF_SMILE"] > 0.5

    stage = on_stage(scene)
    assert stage.drawer.loaded == [AVATAR.name]
    assert set(stage.drawer.forgotten) == {"s"}


def test_avatar_is_loaded_with_its_core_and_the_clips_before_their_heads_are_fetched() -> None:
    async def scene(stage: Stage) -> None:
        assert stage.drawer.core[:2] == ("eyeBlinkLeft", "eyeBlinkRight")
        assert "jawOpen" in stage.drawer.core
        assert [item.cid for item in stage.drawer.clips] == ["ER_TEST"]
        assert stage.drawer.wanted == [Wanted(AVATAR.name, (), ("ER_TEST",))]

    on_stage(scene)


def test_clip_is_drawn_as_an_overlay() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        stage.live.apply(bodies.packet("ER_TEST"))
        await stage.pass_ms(500)
        (overlay,) = stage.drawer.drawn[-1].overlays
        assert [item.clip for item in overlay.frames] == ["ER_TEST"]

    on_stage(scene)


def test_quality_is_switched_from_the_next_frame_on() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        await stage.pass_ms(100)
        assert not stage.drawer.drawn[-1].half_clips
        stage.live.set_quality(Quality.HALF)
        await stage.pass_ms(100)
        assert stage.drawer.drawn[-1].half_clips
        assert stage.drawer.wanted[-1] == Wanted(AVATAR.name, (), ("ER_TEST",), half_clips=True)

    on_stage(scene)


def test_session_can_begin_at_half_quality() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        await stage.pass_ms(100)
        assert all(one.half_clips for one in stage.drawer.drawn)
        assert stage.drawer.wanted[0].half_clips

    on_stage(scene, LiveOptions("s", FrameSize(16, 16), quality=Quality.HALF))


def test_textures_of_a_drifting_mood_are_fetched_after_the_packet() -> None:
    glad = bodies.capsule(
        "VF_GLAD",
        {"mouthSmileLeft": [(0, 1.0)]},
        emotion=Emotion(valence=1.0, arousal=0.0, dominance=0.0),
    )

    async def scene(stage: Stage) -> None:
        stage.watch()
        heads = len(stage.drawer.wanted)
        stage.live.apply(bodies.packet(mood=Mood(0.0, 0.0, 0.0)))
        await stage.pass_ms(400)
        stage.live.apply(bodies.packet(sequence=2, mood=Mood(0.3, 0.0, 0.0)))
        assert len(stage.drawer.wanted) == heads
        await settle()
        (wanted,) = stage.drawer.wanted[heads:]
        assert wanted.bases == ("mouthSmileLeft",)

    on_stage(scene, more=(glad,))


def test_texture_cache_is_in_the_stats() -> None:
    async def scene(stage: Stage) -> None:
        assert stage.live.stats().cache == CacheStats(hits=5, misses=2)
        assert stage.live.cache_stats().hits == 5

    on_stage(scene)


def test_packets_without_viewers_are_played_but_not_drawn() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet("VF_SMILE", sequence=5))
        await stage.pass_ms(1000)
        assert stage.drawer.drawn == []
        stage.watch()
        await settle()
        assert [one.probe for one in stage.drawer.drawn] == [5]

    on_stage(scene)


def test_text_is_said_after_the_lead_of_the_gestures() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(100)
        stage.live.apply(bodies.packet(speak_text="Hello."), source="rules")
        await settle()
        assert stage.live.speaking
        assert stage.sound_at(229) == 0.0
        assert stage.sound_at(231) == 0.5
        await stage.pass_ms(2000)
        assert not stage.live.speaking

    updates = on_stage(scene).speech
    assert updates == [
        (230, SpeechUpdate(SpeechState.STARTED, "Hello.", "rules")),
        (1230, SpeechUpdate(SpeechState.FINISHED, "Hello.", "rules")),
    ]


def test_lips_follow_the_sound_by_what_viewers_hear_it_late() -> None:
    def mouth(stage: Stage) -> float:
        return dict(stage.live._body.frame(stage.clock.now_ns()).weights).get("jawOpen", 0.0)

    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="Hello.", audio_first=True))
        opened: dict[int, float] = {}
        for ms in range(200):
            opened[ms] = mouth(stage)
            await stage.pass_ms(1)
        sounds = next(ms for ms in opened if stage.sound_at(ms) > 0.0)
        # The shape is half open when its sound is heard, give or take the blend of 60 ms.
        moves = next(ms for ms in opened if opened[ms] > 0.35)
        assert abs(moves - sounds - LIP_DELAY_NS / MS) < 30
        assert moves > sounds

    on_stage(scene)


def test_interruption_silences_at_once_and_drops_what_waits() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two. Three."))
        await stage.pass_ms(500)
        assert stage.sound_at(500) == 0.5
        stage.live.apply(bodies.packet(interrupt=True, sequence=2))
        assert stage.sound_at(500 + 9) == 0.0
        assert not stage.live.speaking
        await stage.pass_ms(3000)
        assert stage.sound_at(2000) == 0.0

    assert [update.state for _, update in on_stage(scene).speech] == [
        SpeechState.STARTED,
        SpeechState.INTERRUPTED,
    ]


def test_new_text_in_an_interrupting_packet_is_said() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two. Three."))
        await stage.pass_ms(500)
        stage.live.apply(bodies.packet(speak_text="Wait.", interrupt=True, sequence=2))
        await stage.pass_ms(1500)

    texts = [(update.state, update.text) for _, update in on_stage(scene).speech]
    assert texts == [
        (SpeechState.STARTED, "One. Two. Three."),
        (SpeechState.INTERRUPTED, "One."),
        (SpeechState.STARTED, "Wait."),
        (SpeechState.FINISHED, "Wait."),
    ]


def test_voice_that_fails_is_a_fault_and_the_session_goes_on() -> None:
    async def scene(stage: Stage) -> None:
        stage.voice.broken = True
        stage.live.apply(bodies.packet(speak_text="Hello."))
        await stage.pass_ms(200)
        stage.live.apply(bodies.packet("VF_SMILE", sequence=2))

    assert [fault.mode for fault in on_stage(scene).faults] == ["speech"]


def test_long_speech_is_said_to_its_end() -> None:
    pieces = ["This sentence is one of a hundred and has some words. " * 5 for _ in range(20)]

    async def scene(stage: Stage) -> None:
        for number, piece in enumerate(pieces, 1):
            stage.live.apply(bodies.packet(speak_text=piece, sequence=number))
        for _ in range(115):
            await stage.pass_ms(1000)
        assert not stage.live.speaking

    stage = on_stage(scene)
    said = [update.text for _, update in stage.speech if update.state is SpeechState.FINISHED]
    assert said == pieces
    assert stage.faults == []


def test_text_without_room_is_a_fault_and_an_update_and_its_face_shows() -> None:
    async def scene(stage: Stage) -> None:
        for number in range(1, 60):
            stage.live.apply(bodies.packet(speak_text="Word. " * 80, sequence=number))
        stage.live.apply(bodies.packet("VF_SAD", speak_text="No room.", sequence=60))
        await stage.pass_ms(400)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    stage = on_stage(scene)
    assert {fault.mode for fault in stage.faults} == {"speech"}
    assert "No room." not in stage.faults[-1].cause
    assert SpeechUpdate(SpeechState.DROPPED, "No room.", "") in [one for _, one in stage.speech]


def test_gestures_of_queued_text_wait_until_it_is_heard() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two.", sequence=1))
        await stage.pass_ms(500)
        stage.live.apply(bodies.packet("VF_SAD", speak_text="Three.", sequence=2))
        await stage.pass_ms(1500)
        assert "VF_SAD" not in dict(stage.live.active_capsules())
        await stage.pass_ms(700)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    on_stage(scene)


def test_text_with_nothing_to_say_holds_nothing_back() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two.", sequence=1))
        stage.live.apply(bodies.packet("VF_SAD", speak_text="...", sequence=2))
        await stage.pass_ms(400)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    on_stage(scene)


def test_bad_offers_are_refused_and_the_session_goes_on() -> None:
    async def scene(stage: Stage) -> None:
        for kind, sdp in [("offer", "nonsense"), ("answer", "v=0"), ("offer", "v=0\r\nm=\r\n")]:
            with pytest.raises(NegotiationError):
                await stage.live.negotiate(kind, sdp)
        assert stage.live.viewers == 0
        stage.live.send("nobody hears this")
        stage.live.apply(bodies.packet("VF_SMILE"))

    on_stage(scene)


def test_too_many_viewers_are_refused() -> None:
    async def scene(stage: Stage) -> None:
        with pytest.raises(TooManyViewersError, match="its 0 viewers already"):
            await stage.live.negotiate("offer", "v=0")

    on_stage(scene, LiveOptions("s", FrameSize(16, 16), max_viewers=0))


def test_closed_body_takes_nothing_more() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live.aclose()
        with pytest.raises(ClosedError):
            stage.live.apply(bodies.packet("VF_SMILE"))
        with pytest.raises(ClosedError):
            await stage.live.negotiate("offer", "v=0")

    on_stage(scene)


def test_same_seed_events_and_clock_give_the_same_draw_lists() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        for number in range(1, 6):
            await stage.pass_ms(217)
            stage.live.apply(bodies.packet("VF_SMILE", "HF_LIFT", sequence=number))
        stage.live.apply(bodies.packet(speak_text="Hello there.", sequence=6))
        await stage.pass_ms(1500)

    first, second = on_stage(scene).drawer.drawn, on_stage(scene).drawer.drawn
    assert len(first) > 70
    assert [one.to_bytes() for one in first] == [one.to_bytes() for one in second]


def test_stats_tell_what_was_done() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch()
        await stage.pass_ms(1000)
        stats = stage.live.stats()
        assert stats.frames.frames == 31
        assert (stats.viewers, stats.codecs, stats.backend) == (0, (), "fake")

    on_stage(scene)


def test_what_is_behind_the_avatar_is_graded_as_its_frame_is() -> None:
    backdrop = Backdrop(np.full((16, 16, 3), 90, np.uint8), graded=True)
    finishing = _Finishing(cast(Renderer, Drawer()), Output(FrameSize(16, 16), backdrop))

    def seen(light: Light) -> int:
        scene = DrawList("synthetic", FrameSize(16, 16), light=light, coverage=True)
        image = asyncio.run(finishing.render(scene, "s"))
        assert image is not None
        return int(image[0, 0])

    assert seen(Light(exposure=0.5)) > seen(Light()) + 10 > seen(Light(exposure=-0.5)) + 20


@pytest.mark.parametrize(
    ("background", "coverage", "width"),
    [("studio", False, 16), ("color:#ffffff", True, 16), ("transparent", True, 32)],
)
def test_background_decides_what_is_drawn_and_how_wide_frames_are(
    background: str, coverage: bool, width: int
) -> None:
    async def scene(stage: Stage) -> None:
        watched = stage.watch()
        await stage.pass_ms(40)
        image = (await watched.next()).image
        assert stage.drawer.drawn[-1].coverage is coverage
        assert image.shape == (24, width)
        assert stage.live._sources().size == FrameSize(width, 16)
        if background.startswith("color"):
            assert image[0, 0] > 200

    output = OutputOptions(parse_background(background))
    on_stage(scene, LiveOptions("s", FrameSize(16, 16), output=output))


def test_body_that_nobody_watched_is_found_as_if_it_had_been_told_at_once() -> None:
    def shown(*, resting: bool) -> list[DrawList]:
        found: list[DrawList] = []

        async def scene(stage: Stage) -> None:
            if not resting:
                assert stage.live.active_capsules() == ()  # who asks, wakes it
            for number, cid in enumerate(("VF_SMILE", "VF_NEUTRAL", "VF_SMILE"), start=1):
                stage.live.apply(bodies.packet(cid, sequence=number))
                await stage.pass_ms(400)
            assert stage.drawer.drawn == []
            stage.watch()
            await stage.pass_ms(700)
            found.extend(stage.drawer.drawn)

        on_stage(scene)
        return found

    late = shown(resting=True)
    assert late == shown(resting=False)
    assert dict(late[-1].weights)["mouthSmileLeft"] > 0.5


def test_body_that_nobody_watches_keeps_a_bounded_number_of_packets() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet("VF_SMILE", sequence=1))
        for number in range(2, KEPT_PACKETS + 2):
            stage.live.apply(bodies.packet(sequence=number))
        assert stage.live.active_capsules() == ()

    on_stage(scene)
