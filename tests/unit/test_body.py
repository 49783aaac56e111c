import pytest

from capsules.library import load_library
from capsules.targets import targets
from compositor.drawlist import DrawList, FrameSize, PartTransform
from engine.body import Body, BodyOptions
from engine.packet import BlendEntry
from tests.unit.bodies import (
    BASES,
    MS,
    TALK,
    body,
    capsule,
    frames,
    library,
    packet,
    value,
    weights,
)


def script(one: Body, fps: float = 30.0) -> list[DrawList]:
    """Ten seconds of conversation."""
    shown = frames(one, 0, 990, fps)
    one.apply(packet("HF_LIFT", "VF_SMILE", speak_text="Hello."), 1000 * MS)
    one.begin_speech(TALK, 1130 * MS)
    shown += frames(one, 1000, 3990, fps)
    one.apply(packet("VF_SAD", "VF_WINK", "CS_CLOSE", "LD_KEY", sequence=2), 4000 * MS)
    shown += frames(one, 4000, 5990, fps)
    one.apply(packet("TR_FAST", "HF_WAVE", sequence=3, speak_text="Well."), 6000 * MS)
    one.begin_speech(TALK, 6130 * MS)
    shown += frames(one, 6000, 6490, fps)
    one.apply(packet("VF_NEUTRAL", sequence=4, interrupt=True), 6500 * MS)
    return shown + frames(one, 6500, 10_000, fps)


def test_same_calls_give_the_same_bytes() -> None:
    one = [frame.to_bytes() for frame in script(body(probe=True))]
    assert one == [frame.to_bytes() for frame in script(body(probe=True))]
    assert len(one) > 290
    assert one != [frame.to_bytes() for frame in script(body(seed=8, probe=True))]


@pytest.mark.parametrize(
    "cids", [("VF_SMILE",), ("HF_LIFT", "VF_SAD"), ("VF_LATE",), ("VC_BRIGHT",), ()]
)
@pytest.mark.parametrize("since_ms", [8, 16, 33])
def test_frame_made_at_the_event_shows_it(cids: tuple[str, ...], since_ms: int) -> None:
    one, twin = body(), body()
    for item in (one, twin):
        frames(item, 0, 2000)
    now = (2000 + since_ms) * MS
    one.apply(packet(*cids), now)
    reacting, calm = weights(one.frame(now)), weights(twin.frame(now))
    changes = [abs(reacting.get(k, 0.0) - calm.get(k, 0.0)) for k in reacting | calm]
    assert sum(changes) > 0.05


def test_event_in_the_middle_of_a_held_face_shows_at_once() -> None:
    one, twin = body(), body()
    for item in (one, twin):
        item.apply(packet("VF_SMILE"), 0)
        frames(item, 0, 2000)
    now = 2016 * MS
    one.apply(packet("VF_SAD", sequence=2), now)
    assert value(one.frame(now), "mouthFrownLeft") > value(twin.frame(now), "mouthFrownLeft") + 0.05


def test_every_packaged_expression_shows_at_once() -> None:
    packaged = load_library()
    assert packaged.expressions
    options = BodyOptions("mira", FrameSize(64, 64), has_basis=BASES)
    for item in packaged.expressions.values():
        one, twin = Body(packaged, options), Body(packaged, options)
        for each in (one, twin):
            frames(each, 0, 100)
        blends = tuple(
            BlendEntry(part.cid, part.weight, packaged.capsule(part.cid).layer)
            for part in item.items
        )
        now = 116 * MS
        one.apply(packet(blends=blends), now)
        reacting, calm = weights(one.frame(now)), weights(twin.frame(now))
        moved = sum(abs(reacting.get(k, 0.0) - calm.get(k, 0.0)) for k in reacting | calm)
        assert moved > 0.1, item.name


def test_nothing_moves_in_no_time() -> None:
    one = body()
    before = one.frame(500 * MS)
    one.apply(packet("VF_SMILE"), 500 * MS)
    assert one.frame(500 * MS) == before


def test_probe_shows_the_last_event_in_16_bits() -> None:
    one = body(probe=True)
    assert one.frame(0).probe == 0
    one.apply(packet("VF_SMILE", event_sequence=70_000), 10 * MS)
    one.apply(packet("VF_SMILE", event_sequence=0, sequence=2), 20 * MS)
    assert one.frame(33 * MS).probe == 70_000 & 0xFFFF
    assert body().frame(0).probe is None


def test_draw_list_is_canonical() -> None:
    for frame in script(body()):
        names = [name for name, _ in frame.weights]
        assert names == sorted(names)
        assert all(
            abs(amount) >= 1e-3 and amount == round(amount, 4) for _, amount in frame.weights
        )
        assert all(
            targets()[name].minimum <= amount <= targets()[name].maximum
            for name, amount in frame.weights
        )
        parts = [move.part for move in frame.transforms]
        assert parts == sorted(parts)
        assert all(move != PartTransform(move.part) for move in frame.transforms)
        numbers = [getattr(frame.camera, axis) for axis in ("x", "y", "zoom", "roll")]
        numbers += [move.x for move in frame.transforms]
        assert all(repr(round(number, 4) + 0.0) == repr(number) for number in numbers)


def test_camera_and_light_follow_their_capsules() -> None:
    one = body()
    assert one.frame(0).light.sh == ()
    one.apply(packet("CS_CLOSE", "LD_KEY"), 0)
    last = frames(one, 0, 2000)[-1]
    assert last.camera.zoom == pytest.approx(1.2)
    assert len(last.light.sh) == 27


def test_hand_is_lifted_in_pixels() -> None:
    one = body()
    one.apply(packet("HF_LIFT"), 0)
    (left,) = [move for move in frames(one, 0, 500)[-1].transforms if move.part == "handLeft"]
    assert left.y == pytest.approx(-250.0, rel=0.18)


def test_tempo_speeds_up_curves() -> None:
    slow, fast = body(), body()
    fast.apply(packet("TR_FAST"), 0)
    for item in (slow, fast):
        frames(item, 0, 2000)
        item.apply(packet("VF_WINK", sequence=9), 2000 * MS)
        frames(item, 2000, 2650)
    assert value(slow.frame(2680 * MS), "eyeSquintLeft") > 0.5
    assert value(fast.frame(2680 * MS), "eyeSquintLeft") < 0.1


def test_blinks_shut_the_eyes() -> None:
    shown = frames(body(), 0, 20_000)
    assert max(value(frame, "eyeBlinkLeft") for frame in shown) == 1.0
    assert all(value(f, "eyeBlinkLeft") == value(f, "eyeBlinkRight") for f in shown)


def test_a_blink_shuts_eyes_that_were_a_little_wide() -> None:
    alert = capsule(
        "VF_ALERT", {f"eyeWide{side}": [(0, 0.4)] for side in ("Left", "Right")}, hold=True
    )
    one = body(alert)
    one.apply(packet("VF_ALERT"), 0)
    shown = frames(one, 0, 30_000)[15:]
    shut = [frame for frame in shown if value(frame, "eyeBlinkLeft") == 1.0]
    assert len(shut) > 4
    assert max(value(frame, "eyeWideLeft") for frame in shut) < 0.1
    assert max(value(frame, "eyeWideLeft") for frame in shown) > 0.3


def test_closed_eyes_stay_closed_between_blinks() -> None:
    closed = [("eyeBlinkLeft", 0.9), ("eyeBlinkRight", 0.9)]
    asleep = capsule("VF_ASLEEP", {name: [(0, amount)] for name, amount in closed}, hold=True)
    one = body(asleep)
    one.apply(packet("VF_ASLEEP"), 0)
    assert min(value(frame, "eyeBlinkLeft") for frame in frames(one, 0, 10_000)[15:]) > 0.7


def test_no_blink_while_surprised() -> None:
    one = body()
    one.apply(packet("VF_WIDE"), 0)
    shown = frames(one, 0, 60_000)[15:]
    assert min(value(frame, "eyeWideLeft") for frame in shown) > 0.4
    assert max(value(frame, "eyeBlinkLeft") for frame in shown) == 0.0


def test_active_capsules_are_named_by_weight() -> None:
    one = body()
    one.apply(packet(("VF_SMILE", 0.4), "VF_WINK"), 0)
    frames(one, 0, 400)
    names = [cid for cid, weight in one.active_capsules(400 * MS) if weight >= 0.05]
    assert names[0] == "VF_WINK"
    assert set(names) == {"VF_WINK", "VF_SMILE", "VC_BRIGHT"}


def test_avatar_without_hands_is_asked_for_none() -> None:
    has_basis = frozenset({"jawOpen", "headYaw"})
    bare = Body(library(), BodyOptions("bust", FrameSize(64, 64), has_basis=has_basis))
    bare.apply(packet("HF_LIFT", "VF_AGAPE"), 0)
    last = frames(bare, 0, 600)[-1]
    assert set(weights(last)) <= has_basis
    assert last.transforms == ()


def test_time_does_not_go_back() -> None:
    one = body()
    one.frame(0)
    shown = one.frame(500 * MS)
    assert one.frame(400 * MS) == shown


def test_frame_rates_sample_the_same_motion() -> None:
    slow, fast = body(), body()
    for one, fps in ((slow, 30), (fast, 60)):
        one.frame(0)
        one.apply(packet("HF_LIFT", "VF_SMILE", speak_text="Hello."), 0)
        one.begin_speech(TALK, 130 * MS)
        frames(one, 1000 / fps, 1900, fps)
    worst = 0.0
    for step in range(60, 360):
        if step == 90:
            for one in (slow, fast):
                one.apply(packet("VF_SAD", "VF_WINK", sequence=2), 3000 * MS)
        now = round(step * 1e9 / 30)
        shown = weights(slow.frame(now))
        fast.frame(now - round(1e9 / 60))
        others = weights(fast.frame(now))
        worst = max(worst, *(abs(shown.get(k, 0) - others.get(k, 0)) for k in shown | others))
    assert worst < 0.02
