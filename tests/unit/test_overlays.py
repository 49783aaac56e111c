"""Clips that play: which frames are drawn, how strongly, and how they give way to each other."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.clip import Clip
from capsules.model import Capsule
from compositor.drawlist import ClipFrame, DrawList, Overlay
from engine.body import Body
from engine.motion.conflicts import Mixer
from engine.motion.curves import smoothstep
from engine.motion.scheduler import Scheduler
from engine.quality import Quality
from tests.unit.bodies import MS, body, capsule, frames, library, packet, value
from tests.unit.clips import clip

FPS = 60.0
SOURCE = {"file": "a.webm"}


def pictures(cid: str, **fields: Any) -> Capsule:  # noqa: ANN401 - any field of a capsule
    """A capsule of 2 s with a clip that replaces what is there."""
    plain: dict[str, Any] = {"clip": SOURCE, "duration_ms": 2000, "blend_mode": "override"}
    return capsule(cid, **(plain | fields))


def player(*capsules: Capsule, clips: Iterable[Clip] | None = None, seed: int = 7) -> Body:
    """A body whose capsules have clips of 50 frames at 25 a second."""
    return body(*capsules, clips=clips or [clip(item.cid) for item in capsules], seed=seed)


def shown(frame: DrawList | tuple[Overlay, ...]) -> dict[str, float]:
    """Weights by clip."""
    found: dict[str, float] = {}
    for overlay in frame.overlays if isinstance(frame, DrawList) else frame:
        for one in overlay.frames:
            found[one.clip] = found.get(one.clip, 0.0) + one.weight
    return found


def largest_step(seen: Sequence[DrawList | tuple[Overlay, ...]]) -> float:
    """The largest change of a clip's weight between two frames."""
    steps = [0.0]
    for before, after in itertools.pairwise(seen):
        old, new = shown(before), shown(after)
        steps += [abs(new.get(cid, 0.0) - old.get(cid, 0.0)) for cid in old.keys() | new.keys()]
    return max(steps)


def test_clip_plays_frame_by_frame_at_its_own_rate() -> None:
    one = player(pictures("ER_A"))
    one.apply(packet("ER_A"), 0)
    numbers = [frame.overlays[0].frames[0].number for frame in frames(one, 300, 1900, 25.0)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # It has a head start of 33 ms, so that the frame made at the event shows it.
    assert numbers[0] == int((300 + 33) * 25 / 1000)


def test_frame_made_at_the_event_shows_the_clip() -> None:
    one = player(pictures("ER_A"))
    one.frame(0)
    one.apply(packet("ER_A"), 5 * MS)
    assert 0.0 < shown(one.frame(5 * MS))["ER_A"] < 0.3


def test_clip_stays_at_its_last_frame_while_it_fades() -> None:
    one = player(pictures("ER_A"))
    one.apply(packet("ER_A"), 0)
    one.frame(1900 * MS)
    seen = [frame.overlays[0].frames[0] for frame in frames(one, 1967, 2230, FPS)]
    assert {item.number for item in seen} == {49}
    weights = [item.weight for item in seen]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1.0
    assert not one.frame(2400 * MS).overlays


def test_fades_are_smoothsteps() -> None:
    one = player(
        pictures(
            "ER_A",
            phases={
                "ready": 200,
                "stroke_start": 200,
                "stroke": 300,
                "stroke_end": 1500,
                "relax": 1500,
                "end": 2000,
            },
        )
    )
    one.apply(packet("ER_A"), 0)
    for now in (0, 40, 90, 140, 200, 500):
        expected = smoothstep((now + 33) / 200)
        assert shown(one.frame(now * MS))["ER_A"] == pytest.approx(expected, abs=1e-3)
    for now in (2000, 2100, 2250, 2400):
        expected = smoothstep(1.0 - (now + 33 - 2000) / 500)
        assert shown(one.frame(now * MS))["ER_A"] == pytest.approx(expected, abs=1e-3)


def test_looping_clip_begins_again() -> None:
    one = player(pictures("ER_A", loop=True))
    one.apply(packet("ER_A"), 0)
    numbers = [frame.overlays[0].frames[0].number for frame in frames(one, 500, 6500, FPS)]
    assert set(numbers) == set(range(50))
    assert sum(after < before for before, after in itertools.pairwise(numbers)) == 3
    assert shown(one.frame(60_000 * MS)) == {"ER_A": 1.0}


def test_held_clip_stays_until_another_takes_its_place() -> None:
    one = player(pictures("ER_A", hold=True), pictures("ER_B", hold=True))
    one.apply(packet("ER_A"), 0)
    assert one.frame(10_000 * MS).overlays[0].frames == (ClipFrame("ER_A", 49, 1.0),)
    one.apply(packet("ER_B", sequence=2), 10_000 * MS)
    seen = frames(one, 10_000, 12_000, FPS)
    assert set(shown(seen[len(seen) // 16])) == {"ER_A", "ER_B"}
    assert set(shown(seen[-1])) == {"ER_B"}
    assert largest_step(seen) < 0.25


def test_pace_applies_to_what_varies() -> None:
    one = player(pictures("VF_A"))
    one.apply(packet("VF_A"), 0)
    paces = set()
    for now in (600, 1200):
        number = one.frame(now * MS).overlays[0].frames[0].number
        paces.add(round(number / 25 * 1000 / (now + 33), 1))
    assert paces != {1.0}
    assert all(0.85 <= pace <= 1.2 for pace in paces)


@pytest.mark.parametrize("mode", ["additive", "override", "multiply"])
def test_blend_mode_is_the_overlays(mode: str) -> None:
    one = player(pictures("ER_A", blend_mode=mode))
    one.apply(packet("ER_A"), 0)
    (overlay,) = one.frame(500 * MS).overlays
    assert overlay.mode == mode


def test_clips_of_one_part_and_mode_share_an_overlay() -> None:
    one = player(pictures("ER_A", priority=3), pictures("ER_B"))
    one.apply(packet("ER_A"), 0)
    one.apply(packet("ER_B", sequence=2), 500 * MS)
    (overlay,) = one.frame(560 * MS).overlays
    first, second = overlay.frames
    assert (first.clip, second.clip) == ("ER_A", "ER_B")
    assert first.weight + second.weight == pytest.approx(1.0)
    assert set(shown(one.frame(1000 * MS))) == {"ER_B"}  # the stronger claim covers it


def test_stronger_claim_covers_the_newer() -> None:
    one = player(pictures("ER_A", priority=8), pictures("ER_B", priority=2))
    one.apply(packet("ER_A"), 0)
    one.apply(packet("ER_B", sequence=2), 500 * MS)
    assert set(shown(one.frame(1500 * MS))) == {"ER_A"}


def test_overlays_have_one_order_whatever_the_claims() -> None:
    def overlays(*priorities: int) -> list[tuple[str, str]]:
        modes = ("additive", "multiply", "override", "override")
        capsules = [
            pictures(f"ER_{number}", blend_mode=mode, priority=priority)
            for number, (mode, priority) in enumerate(zip(modes, priorities, strict=True))
        ]
        afters = ("face", "face", "face", "body")
        one = player(
            *capsules,
            clips=[clip(item.cid, after=to) for item, to in zip(capsules, afters, strict=True)],
        )
        one.apply(packet(*(item.cid for item in capsules)), 0)
        return [(item.after, item.mode) for item in one.frame(600 * MS).overlays]

    expected = [
        ("body", "override"),
        ("face", "override"),
        ("face", "multiply"),
        ("face", "additive"),
    ]
    assert overlays(1, 2, 3, 4) == expected
    assert overlays(9, 7, 5, 3) == expected


def test_interrupt_fades_clips_as_gestures() -> None:
    one = player(pictures("ER_A"))
    one.apply(packet("ER_A"), 0)
    one.frame(800 * MS)
    one.apply(packet(sequence=2, interrupt=True), 810 * MS)
    seen = frames(one, 810, 1000, FPS)
    assert 0.0 < shown(seen[2])["ER_A"] < 1.0
    assert not seen[-1].overlays
    assert largest_step(seen) < 0.25


def test_fallback_of_a_clip_that_replaces_plays_under_it() -> None:
    face = pictures("VF_A", fallback_cid="VF_WINK")
    one = player(face)
    one.apply(packet("VF_A"), 0)
    frame = one.frame(600 * MS)
    assert set(shown(frame)) == {"VF_A"}
    assert value(frame, "eyeSquintLeft") > 0.5
    additive = player(pictures("VF_A", fallback_cid="VF_WINK", blend_mode="additive"))
    additive.apply(packet("VF_A"), 0)
    assert value(additive.frame(600 * MS), "eyeSquintLeft") < 0.2


def test_capsule_whose_clip_is_not_known_shows_nothing() -> None:
    one = body(pictures("ER_A"))
    one.apply(packet("ER_A"), 0)
    assert not one.frame(500 * MS).overlays


def test_quality_goes_with_every_frame() -> None:
    one = player(pictures("ER_A"))
    assert not one.frame(0).half_clips
    one.quality = Quality.HALF
    assert one.frame(20 * MS).half_clips


def test_weak_clip_is_weak() -> None:
    one = player(pictures("ER_A"))
    one.apply(packet(("ER_A", 0.4)), 0)
    assert shown(one.frame(1000 * MS))["ER_A"] == pytest.approx(0.4, abs=1e-3)


_CIDS = ("ER_A", "ER_B", "ER_C", "ER_D")


def _cast() -> list[Capsule]:
    return [
        pictures("ER_A", priority=3),
        pictures("ER_B"),
        pictures("ER_C", duration_ms=600),
        pictures("ER_D", loop=True),
    ]


_EVENTS = st.lists(
    st.tuples(
        st.integers(0, 900),  # ms since the one before
        st.sampled_from(_CIDS),
        st.sampled_from((0.1, 0.4, 1.0)),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


def _played(events: list[tuple[int, str, float, bool]]) -> list[tuple[Overlay, ...]]:
    cast = _cast()
    scheduler = Scheduler(library(*cast, clips=[clip(item.cid) for item in cast]), seed=7)
    mixer = Mixer()
    due_ms = list(itertools.accumulate(wait for wait, *_ in events))
    waiting = list(zip(due_ms, enumerate(events, 1), strict=True))
    seen: list[tuple[Overlay, ...]] = []
    for index in range(int((due_ms[-1] + 900) * FPS / 1000)):
        now_ms = index * 1000 / FPS
        while waiting and waiting[0][0] <= now_ms:
            _, (number, (_, cid, weight, interrupt)) = waiting.pop(0)
            sent = packet((cid, weight), sequence=number, interrupt=interrupt)
            scheduler.apply(sent, now_ms)
        mixer.begin()
        scheduler.mix(now_ms, 0.0, mixer)
        seen.append(scheduler.overlays)
    return seen


@settings(max_examples=60, deadline=None)
@given(events=_EVENTS)
def test_cross_fades_never_jump_and_never_cover_more_than_all(
    events: list[tuple[int, str, float, bool]],
) -> None:
    seen = _played(events)
    for overlays in seen:
        for overlay in overlays:
            _check(overlay)
    # Shares move by 0.21 a frame at most; a clip that plays twice has two.
    assert largest_step(seen) <= 0.43


@settings(max_examples=10, deadline=None)
@given(events=_EVENTS)
def test_same_events_give_the_same_overlays(events: list[tuple[int, str, float, bool]]) -> None:
    assert _played(events) == _played(events)


def _check(overlay: Overlay) -> None:
    places = [(item.clip, item.number) for item in overlay.frames]
    assert 1 <= len(places) <= 2
    assert places == sorted(set(places))
    assert sum(item.weight for item in overlay.frames) <= 1.0 + 1e-9
    for item in overlay.frames:
        assert 0.0 < item.weight <= 1.0
        assert item.weight == round(item.weight, 4)
        assert 0 <= item.number < 50
