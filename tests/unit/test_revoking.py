"""What a body shows, frame by frame, once something of it may not be played any more."""

import pytest

from capsules.library import Library
from capsules.model import Capsule, CapsulePart, Layer
from capsules.targets import targets
from compositor.drawlist import DrawList, FrameSize
from engine.body import Body, BodyOptions
from engine.packet import LeadLag
from tests.unit import bodies
from tests.unit.bodies import MS, body, capsule, frames, library, packet, speech, value
from tests.unit.clips import clip

FRAME_MS = 1000.0 / 30.0
CALM = capsule("VF_CALM", {"browInnerUp": [(0, 0.4)]}, hold=True, fallback_cid="VF_SAD", priority=5)
GRIN = capsule(
    "VF_GRIN",
    {"mouthSmileLeft": [(0, 0.8)], "mouthSmileRight": [(0, 0.8)]},
    hold=True,
    fallback_cid="VF_SAD",
)
CONFETTI = capsule("ER_CONFETTI", clip={"file": "a.webm"}, duration_ms=5000)


def barred(*ids: str, more: tuple[Capsule, ...] = (CALM, GRIN)) -> Library:
    return library(*more).bar(ids)


def still(*more: Capsule) -> Body:
    """A body that does nothing by itself, so that what moves is what plays."""
    options = BodyOptions("mira", FrameSize(64, 64), has_basis=bodies.BASES, lively=False)
    return Body(library(*more), options)


def playing(one: Body, ms: float) -> set[str]:
    """What shows, without voices."""
    found = {cid for cid, _ in one.active_capsules(round(ms * MS))}
    return {cid for cid in found if not cid.startswith("VC_")}


def at(one: Body, ms: float) -> DrawList:
    return one.frame(round(ms * MS))


def test_revoked_face_leaves_at_its_rate_limit_from_the_next_frame_on() -> None:
    one = still(GRIN)
    one.apply(packet("VF_GRIN"), 0)
    shown = [value(frame, "mouthSmileLeft") for frame in frames(one, 0.0, 1000.0)]
    assert shown[-1] == pytest.approx(0.8)
    step = targets()["mouthSmileLeft"].max_rate * FRAME_MS / 1000.0
    one.take(barred("VF_GRIN", more=(GRIN,)), (), 1000 * MS)
    left = shown[-1]
    for number in range(1, 30):
        frame = at(one, 1000.0 + number * FRAME_MS)
        # Nothing of it counts any more: only the limiter still carries what was shown.
        left = max(0.0, left - step)
        assert value(frame, "mouthSmileLeft") == pytest.approx(left, abs=2e-4)
    assert left == 0.0
    assert playing(one, 2000.0) == {"VF_SAD"}


def test_fallback_takes_its_place_in_the_same_frame() -> None:
    one = still(GRIN)
    one.apply(packet(("VF_GRIN", 0.5)), 0)
    assert value(frames(one, 0.0, 1000.0)[-1], "mouthFrownLeft") == 0.0
    one.take(barred("VF_GRIN", more=(GRIN,)), (), 1000 * MS)
    step = targets()["mouthFrownLeft"].max_rate * FRAME_MS / 1000.0
    first = value(at(one, 1000.0 + FRAME_MS), "mouthFrownLeft")
    assert first == pytest.approx(min(step, 0.3), abs=2e-4)
    assert value(at(one, 3000.0), "mouthFrownLeft") == pytest.approx(0.3)  # half of 0.6


def test_no_target_jumps_when_everything_is_revoked_at_once() -> None:
    one = body(CALM, GRIN)
    one.apply(packet("VF_GRIN", "HF_LIFT", "BK_LEAN", "CS_CLOSE", "LD_KEY"), 0)
    before = frames(one, 0.0, 400.0)[-1]
    one.take(barred("VF_GRIN", "VF_SAD", "HF_LIFT", "BK_LEAN", "CS_CLOSE"), (), 400 * MS)
    seconds = FRAME_MS / 1000.0
    for number in range(1, 40):
        frame = at(one, 400.0 + number * FRAME_MS)
        was, now = dict(before.weights), dict(frame.weights)
        for name in was.keys() | now.keys():
            rate = max(targets()[name].max_rate, 40.0 if "Blink" in name or "Wide" in name else 0.0)
            assert abs(now.get(name, 0.0) - was.get(name, 0.0)) <= rate * seconds + 2e-3, name
        assert abs(frame.camera.zoom - before.camera.zoom) < 0.1
        before = frame
    assert not playing(one, 1800.0) & {"VF_GRIN", "VF_SAD", "HF_LIFT", "BK_LEAN", "CS_CLOSE"}


def test_what_waits_to_start_never_starts() -> None:
    one = still()
    one.apply(packet("HF_LIFT", lead_lags=(LeadLag(Layer.HAND, 300),)), 0)
    one.take(barred("HF_LIFT"), (), 100 * MS)
    assert all(not frame.transforms for frame in frames(one, 100.0, 1500.0))


def test_part_of_a_combined_capsule_leaves_alone() -> None:
    both = capsule(
        "VF_BOTH",
        components=(
            CapsulePart(cid="VF_SMILE", weight=1.0),
            CapsulePart(cid="VF_WIDE", weight=1.0),
        ),
        hold=True,
    )
    one = still(both)
    one.apply(packet("VF_BOTH"), 0)
    frames(one, 0.0, 1000.0)
    one.take(barred("VF_WIDE", more=(both,)), (), 1000 * MS)
    last = frames(one, 1033.0, 2500.0)[-1]
    assert value(last, "eyeWideLeft") == 0.0
    assert value(last, "mouthSmileLeft") == pytest.approx(0.7)


def test_pictures_of_a_revoked_clip_are_gone_in_the_next_frame() -> None:
    options_body = body(CONFETTI, clips=[clip("ER_CONFETTI")])
    options_body.apply(packet("ER_CONFETTI"), 0)
    assert frames(options_body, 0.0, 600.0)[-1].overlays
    base = library(CONFETTI, clips=[clip("ER_CONFETTI")])
    options_body.take(base.bar({"ER_CONFETTI"}), (), 600 * MS)
    assert at(options_body, 600.0 + FRAME_MS).overlays == ()


def test_packet_that_names_it_later_plays_its_fallback() -> None:
    one = still(GRIN)
    at(one, 0.0)
    one.take(barred("VF_GRIN", more=(GRIN,)), (), 10 * MS)
    one.apply(packet("VF_GRIN"), 20 * MS)
    last = frames(one, 33.0, 1500.0)[-1]
    assert value(last, "mouthSmileLeft") == 0.0
    assert value(last, "mouthFrownLeft") == pytest.approx(0.6)


def test_reinstated_capsule_plays_again() -> None:
    one = still(GRIN)
    one.apply(packet("VF_GRIN"), 0)
    frames(one, 0.0, 300.0)
    one.take(barred("VF_GRIN", more=(GRIN,)), (), 300 * MS)
    frames(one, 333.0, 1000.0)
    one.take(library(GRIN), (), 1000 * MS)
    one.apply(packet("VF_GRIN", sequence=2), 1000 * MS)
    assert value(frames(one, 1033.0, 2500.0)[-1], "mouthSmileLeft") == pytest.approx(0.8)


def test_capsule_of_ones_own_under_a_revoked_id_is_forgotten() -> None:
    one = still()
    one.learn(capsule("VF_MINE", {"jawOpen": [(0, 0.7)]}, hold=True))
    one.apply(packet("VF_MINE"), 0)
    assert value(frames(one, 0.0, 800.0)[-1], "jawOpen") > 0.5
    one.take(library().bar({"VF_MINE"}), (), 800 * MS)
    assert value(frames(one, 833.0, 2500.0)[-1], "jawOpen") == 0.0


def test_dropped_packet_leaves_without_a_fallback_and_others_stay() -> None:
    one = still(GRIN)
    one.apply(packet("VF_WIDE", sequence=1), 0)
    frames(one, 0.0, 200.0)
    one.apply(packet("HF_LIFT", "CS_CLOSE", sequence=2), 200 * MS)
    frames(one, 233.0, 600.0)
    one.take(library(GRIN), (2,), 600 * MS)
    assert playing(one, 600.0) == {"VF_WIDE"}


def test_dropped_packet_that_waits_for_its_sound_never_plays() -> None:
    one = still()
    at(one, 0.0)
    one.apply(packet("HF_LIFT", sequence=3, speak_text="Hello.", audio_first=True), 0, held=True)
    one.take(library(), (3,), 50 * MS)
    one.begin_speech(speech(("aa", 400.0)), 100 * MS, 3)
    assert all(not frame.transforms for frame in frames(one, 100.0, 1500.0))


def test_same_rules_twice_give_the_same_frames() -> None:
    def course() -> list[bytes]:
        one = body(CALM, GRIN)
        one.apply(packet("VF_GRIN", "HF_LIFT"), 0)
        found = frames(one, 0.0, 300.0)
        one.take(barred("VF_GRIN"), (), 300 * MS)
        return [frame.to_bytes() for frame in found + frames(one, 333.0, 1000.0)]

    assert course() == course()


def test_frames_between_are_not_touched() -> None:
    one, other = body(GRIN), body(GRIN)
    for each in (one, other):
        each.apply(packet("VF_SMILE"), 0)
    one.take(barred("VF_GRIN", more=(GRIN,)), (), 0)
    pairs = zip(frames(one, 0.0, 900.0), frames(other, 0.0, 900.0), strict=True)
    assert all(mine == theirs for mine, theirs in pairs)


def test_face_that_may_stay_does_not_dip_when_it_is_named_after_an_order() -> None:
    one = still(GRIN)
    one.apply(packet("VF_GRIN"), 0)
    frames(one, 0.0, 1000.0)
    one.take(barred("VF_WINK", more=(GRIN,)), (), 1000 * MS)
    one.apply(packet("VF_GRIN", sequence=2), 1001 * MS)
    shown = [value(frame, "mouthSmileLeft") for frame in frames(one, 1034.0, 1500.0)]
    assert min(shown) == pytest.approx(0.8)
