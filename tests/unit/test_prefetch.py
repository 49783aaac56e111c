"""What a session asks for before it needs it."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.library import Library, load_library
from capsules.model import Emotion, Layer
from compositor.backend import Wanted
from engine.clock import NS_PER_MS, NS_PER_S
from engine.drift import Drift
from engine.packet import Mood
from engine.prefetch import Prefetch
from engine.quality import Quality
from engine.residency import core_bases, first_clips, likely
from tests.unit import bodies
from tests.unit.clips import clip

MOODS = st.builds(Mood, *[st.floats(-1.0, 1.0)] * 3)


class Fetcher:
    def __init__(self) -> None:
        self.wanted: list[Wanted] = []

    def prefetch(self, wanted: Wanted) -> None:
        self.wanted.append(wanted)


def small_library() -> Library:
    felt = [
        bodies.capsule(
            cid,
            {basis: [(0, 1.0)]},
            emotion=Emotion(valence=valence, arousal=0.0, dominance=0.0),
        )
        for cid, basis, valence in (
            ("VF_GLAD", "mouthSmileLeft", 0.9),
            ("VF_CONTENT", "cheekSquintLeft", 0.5),
            ("VF_EVEN", "browInnerUp", 0.0),
            ("VF_GLUM", "mouthFrownLeft", -0.9),
            ("BK_SWAY", "bodySway", 0.8),
        )
    ]
    spark = bodies.capsule(
        "ER_SPARK",
        clip={"file": "a.webm"},
        emotion=Emotion(valence=0.95, arousal=0.0, dominance=0.0),
    )
    return bodies.library(*felt, spark, clips=[clip("ER_SPARK")])


def test_mood_that_goes_on_is_extrapolated_by_a_second() -> None:
    drift = Drift()
    assert drift.follow(Mood(0.0, 0.2, -0.1), 0) is None
    ahead = drift.follow(Mood(0.1, 0.2, -0.2), NS_PER_S // 2)
    assert ahead is not None
    assert ahead.valence == pytest.approx(0.3)
    assert ahead.arousal == pytest.approx(0.2)
    assert ahead.dominance == pytest.approx(-0.4)


def test_mood_that_rests_leads_nowhere() -> None:
    drift = Drift()
    drift.follow(Mood(0.3, 0.2, 0.1), 0)
    assert drift.follow(Mood(0.305, 0.2, 0.1), NS_PER_S) is None


def test_packets_of_one_event_give_no_direction() -> None:
    drift = Drift()
    drift.follow(Mood(0.0, 0.0, 0.0), 0)
    assert drift.follow(Mood(0.5, 0.0, 0.0), 20 * NS_PER_MS) is None


def test_old_mood_gives_no_direction() -> None:
    drift = Drift()
    drift.follow(Mood(0.0, 0.0, 0.0), 0)
    assert drift.follow(Mood(0.5, 0.0, 0.0), 10 * NS_PER_S) is None


@given(moods=st.lists(MOODS, min_size=2, max_size=6), wait_ms=st.integers(100, 3000))
def test_extrapolation_stays_in_the_cube(moods: list[Mood], wait_ms: int) -> None:
    drift = Drift()
    for number, mood in enumerate(moods):
        ahead = drift.follow(mood, number * wait_ms * NS_PER_MS)
        if ahead is not None:
            for now, then in (
                (mood.valence, ahead.valence),
                (mood.arousal, ahead.arousal),
                (mood.dominance, ahead.dominance),
            ):
                assert -1.0 <= then <= 1.0
                assert math.isclose(now, then) or abs(now - then) <= 0.6 + 1e-9


def test_core_begins_with_the_blinks_and_has_every_mouth_shape() -> None:
    library = load_library()
    core = core_bases(library)
    assert core[:2] == ("eyeBlinkLeft", "eyeBlinkRight")
    assert len(set(core)) == len(core)
    for weights in library.viseme_weights.values():
        assert set(weights) <= set(core)


def test_core_has_what_neutrals_move() -> None:
    neutral = bodies.capsule("BK_NEUTRAL", {"shoulderShrug": [(0, 0.1)]}, hold=True)
    assert "shoulderShrug" in core_bases(bodies.library(neutral))
    assert "shoulderShrug" not in core_bases(bodies.library())


def test_bases_and_clips_of_the_nearest_capsules_are_likely() -> None:
    bases, clips = likely(small_library(), Mood(0.9, 0.0, 0.0))
    assert bases == ("mouthSmileLeft", "bodySway", "cheekSquintLeft", "browInnerUp")
    assert clips == ("ER_SPARK",)
    bases, _ = likely(small_library(), Mood(-0.9, 0.0, 0.0))
    assert bases[0] == "mouthFrownLeft"


def test_first_clips_are_bounded() -> None:
    many = [bodies.capsule(f"ER_{n}", clip={"file": f"{n}.webm"}) for n in range(100)]
    library = bodies.library(*many, clips=[clip(item.cid) for item in many])
    assert len(first_clips(library)) == 16


def test_index_is_of_the_layers_capsules_with_an_emotion() -> None:
    library = small_library()
    assert len(library.index(Layer.FACE)) == 4
    assert library.index(Layer.FACE) is library.index(Layer.FACE)
    assert len(library.index(Layer.VOICE)) == 0


def test_session_begins_with_the_heads_of_clips() -> None:
    fetcher = Fetcher()
    quality = [Quality.FULL]
    prefetch = Prefetch(small_library(), fetcher, "mira", lambda: quality[0])
    prefetch.begin()
    assert fetcher.wanted == [Wanted("mira", (), ("ER_SPARK",), half_clips=False)]
    quality[0] = Quality.HALF
    prefetch.begin()
    assert fetcher.wanted[1] == Wanted("mira", (), ("ER_SPARK",), half_clips=True)


def test_library_without_clips_asks_for_none() -> None:
    fetcher = Fetcher()
    Prefetch(bodies.library(), fetcher, "mira", lambda: Quality.FULL).begin()
    assert fetcher.wanted == []


def test_drifting_mood_is_prefetched_after_the_packet_not_with_it() -> None:
    async def test() -> None:
        fetcher = Fetcher()
        prefetch = Prefetch(small_library(), fetcher, "mira", lambda: Quality.FULL)
        prefetch.follow(Mood(0.5, 0.0, 0.0), 0)
        prefetch.follow(Mood(0.7, 0.0, 0.0), NS_PER_S)
        assert fetcher.wanted == []
        await asyncio.sleep(0)
        (wanted,) = fetcher.wanted
        assert wanted.avatar == "mira"
        assert wanted.bases[0] == "mouthSmileLeft"
        assert wanted.clips == ("ER_SPARK",)

    asyncio.run(test())


def test_resting_mood_asks_for_nothing() -> None:
    async def test() -> None:
        fetcher = Fetcher()
        prefetch = Prefetch(small_library(), fetcher, "mira", lambda: Quality.FULL)
        for second in range(5):
            prefetch.follow(Mood(0.5, 0.0, 0.0), second * NS_PER_S)
            await asyncio.sleep(0)
        assert fetcher.wanted == []

    asyncio.run(test())


def test_several_packets_before_the_look_are_looked_up_once() -> None:
    async def test() -> None:
        fetcher = Fetcher()
        prefetch = Prefetch(small_library(), fetcher, "mira", lambda: Quality.FULL)
        for second in range(5):
            prefetch.follow(Mood(-0.2 * second, 0.0, 0.0), second * NS_PER_S)
        await asyncio.sleep(0)
        assert len(fetcher.wanted) == 1
        assert fetcher.wanted[0].bases[0] == "mouthFrownLeft"

    asyncio.run(test())
