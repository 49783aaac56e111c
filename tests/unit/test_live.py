import asyncio
from typing import cast

import numpy as np
import pytest

from capsules.model import Emotion
from compositor.backdrop import Backdrop
from compositor.backend import Wanted
from compositor.background import parse_background
from compositor.drawlist import DrawList, FrameSize, Light
from compositor.output import Output, OutputOptions
from compositor.pages import CacheStats
from engine.errors import ClosedError, NegotiationError, TooManyViewersError
from engine.finishing import FinishingRenderer
from engine.live_options import LiveOptions
from engine.packet import Mood
from engine.quality import Quality
from engine.renderer import Renderer
from engine.resting import KEPT_PACKETS
from tests.unit import bodies
from tests.unit.bodies import AVATAR
from tests.unit.live_stage import Drawer, Stage, on_stage
from tests.unit.virtual_time import settle


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
    finishing = FinishingRenderer(cast(Renderer, Drawer()), Output(FrameSize(16, 16), backdrop))

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
        assert stage.live._viewers.sources.size == FrameSize(width, 16)
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
