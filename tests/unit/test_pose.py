"""Held movements, and capsules that only one session knows."""

import itertools
import json
from typing import Any

import pytest

from capsules.library import Library, load_library
from capsules.targets import targets
from compositor.drawlist import FrameSize
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.errors import InvalidEventError
from control_plane.events import Event, Pose, Preview
from control_plane.translate.events import event_from_json
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_S, VirtualClock
from engine.motion.firing import MAX_LEARNED
from engine.packet import IdPacket
from tests.unit.bodies import BASES, MS, body, capsule, frames, packet, speech, value
from tests.unit.bodies import library as small_library

TALK = speech(("aa", 400), ("ou", 400), ("aa", 1200))
GRIN: dict[str, Any] = {
    "cid": "VF_GRIN",
    "layer": "face",
    "description": "A quick grin",
    "duration_ms": 900,
    "tracks": [{"target": "mouthSmileLeft", "curve": [[0, 0.0], [300, 0.8], [900, 0.0]]}],
}


def calm_body() -> Body:
    """One that does nothing by itself."""
    options = BodyOptions("mira", FrameSize(64, 64), has_basis=BASES, lively=False)
    return Body(small_library(), options)


def test_a_posed_target_stays_where_it_is_held_whatever_plays() -> None:
    one = body()
    one.pose([("jawOpen", 0.25), ("mouthSmileLeft", 0.0), ("eyeBlinkLeft", 0.5)])
    one.apply(packet("VF_SMILE", speak_text="Ah."), 0)
    one.begin_speech(TALK, 130 * MS)
    for frame in frames(one, 500, 6000):
        assert value(frame, "jawOpen") == 0.25
        assert value(frame, "mouthSmileLeft") == 0.0
        assert value(frame, "eyeBlinkLeft") == 0.5
    assert max(value(frame, "mouthSmileRight") for frame in frames(one, 6000, 6500)) > 0.3


def test_a_pose_replaces_the_one_before_and_an_empty_one_lets_go() -> None:
    one = calm_body()
    frames(one, 0, 100)
    one.pose([("jawOpen", 0.6)])
    frames(one, 100, 1000)
    one.pose([("cheekPuff", 0.5)])
    later = frames(one, 1000, 2000)[-1]
    assert (value(later, "jawOpen"), value(later, "cheekPuff")) == (0.0, 0.5)
    one.pose([])
    assert value(frames(one, 2000, 3000)[-1], "cheekPuff") == 0.0


def test_nothing_snaps_on_its_way_to_a_pose_and_back() -> None:
    one = calm_body()
    frames(one, 0, 100, 100.0)
    most = targets()["browInnerUp"].max_rate / 100.0 + 2e-4
    shown = [0.0]
    for start, values in ((100, [("browInnerUp", 1.0)]), (600, [])):
        one.pose(values)
        shown += [value(frame, "browInnerUp") for frame in frames(one, start, start + 490, 100.0)]
    steps = [abs(after - before) for before, after in itertools.pairwise(shown)]
    assert 0.0 < max(steps) <= most
    assert max(shown) == 1.0
    assert shown[-1] == 0.0


def test_an_unknown_target_cannot_be_posed() -> None:
    with pytest.raises(KeyError):
        body().pose([("jawOpened", 1.0)])


def strongest(one: Body, start_ms: int, target: str) -> float:
    return max(value(frame, target) for frame in frames(one, start_ms, start_ms + 700))


def test_a_learned_capsule_plays_and_takes_the_place_of_the_librarys() -> None:
    one = calm_body()
    one.learn(capsule("VF_NEW", {"cheekPuff": [(0, 0.0), (100, 0.8), (400, 0.0)]}))
    one.apply(packet("VF_NEW"), 0)
    assert strongest(one, 0, "cheekPuff") == pytest.approx(0.8, abs=0.1)
    one.learn(capsule("VF_WINK", {"noseSneerLeft": [(0, 0.0), (100, 0.6), (400, 0.0)]}))
    one.apply(packet("VF_WINK", sequence=2), 2000 * MS)
    assert strongest(one, 2000, "noseSneerLeft") == pytest.approx(0.6, abs=0.1)


def test_a_held_capsule_that_is_learned_anew_changes_what_is_held() -> None:
    one = calm_body()
    for number, target in enumerate(("cheekPuff", "noseSneerLeft"), start=1):
        curve = [(0, 0.0), (100, 0.8)]
        one.learn(capsule("VF_NEW", {target: curve}, hold=True))
        one.apply(packet("VF_NEW", sequence=number), number * 2000 * MS)
        last = frames(one, number * 2000, number * 2000 + 1500)[-1]
        assert value(last, target) == pytest.approx(0.8, abs=0.01)
    assert value(last, "cheekPuff") == 0.0


def test_only_so_many_learned_capsules_are_kept() -> None:
    one = calm_body()
    for number in range(MAX_LEARNED + 1):
        curve = [(0, 0.0), (100, 0.8), (400, 0.0)]
        one.learn(capsule(f"VF_NEW_{number}", {"cheekPuff": curve}))
    one.apply(packet("VF_NEW_0"), 0)
    assert strongest(one, 0, "cheekPuff") == 0.0
    one.apply(packet("VF_NEW_1", sequence=2), 2000 * MS)
    assert strongest(one, 2000, "cheekPuff") > 0.5


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


@pytest.fixture
def brain(library: Library) -> Brain:
    clock = VirtualClock(NS_PER_S)
    return Brain(library, "session", personality_named("friendly"), clock, seed=7)


def told(brain: Brain, kind: dict[str, Any]) -> tuple[IdPacket, ...]:
    return brain.handle(event_from_json({"event": {"sequence": 1} | kind}))


def preview(**changes: object) -> dict[str, Any]:
    return {"preview": {"json": json.dumps(GRIN | changes), "weight": 0.5}}


def test_a_preview_becomes_a_packet_that_names_the_capsule(brain: Brain) -> None:
    (found,) = told(brain, preview())
    assert [(item.cid, item.weight) for item in found.blends] == [("VF_GRIN", 0.5)]


def test_a_preview_is_named_even_where_the_library_has_its_id_revoked(library: Library) -> None:
    cid = "VF_JOY_HIGH"
    clock = VirtualClock(NS_PER_S)
    brain = Brain(library.revoke(cid), "session", personality_named("friendly"), clock)
    (found,) = told(brain, preview(cid=cid))
    assert [item.cid for item in found.blends] == [cid]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tracks": [{"target": "mouthSmileLeft", "curve": [[0, 3.0]]}]}, "expected 0 to 1"),
        ({"tracks": [{"target": "jawOpened", "curve": [[0, 0.5]]}]}, "did you mean"),
        ({"tracks": [{"target": "jawOpen", "curve": [[0, 0.0], [901, 1.0]]}]}, "901 ms"),
        ({"tracks": []}, "moves nothing"),
        ({"tracks": [], "components": [{"cid": "VF_JOY_HIGH", "weight": 1}]}, "no tracks"),
        ({"duration_ms": 5}, "duration_ms"),
        ({"cid": "HF_GRIN"}, "another layer"),
        ({"description": "x" * 100_000}, "60,000"),
        ({"fallback_cid": "VF_NOTHING"}, "VF_NOTHING"),
    ],
)
def test_a_preview_is_checked_as_the_librarys_capsules_are(
    brain: Brain, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidEventError, match=said) as caught:
        told(brain, preview(**changes))
    assert caught.value.field == "event.preview.json"


def test_text_that_is_no_capsule_is_refused(brain: Brain) -> None:
    for text in ("", "{", "[]", '{"cid": 3}', "\x00"):
        with pytest.raises(InvalidEventError):
            told(brain, {"preview": {"json": text}})


def test_a_pose_leads_to_no_packet(brain: Brain) -> None:
    values = [{"target": "jawOpen", "value": 0.5}, {"target": "headYaw", "value": -0.5}]
    assert told(brain, {"pose": {"values": values}}) == ()
    assert brain.handle(Event(2, Pose(()))) == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([("jawOpened", 0.5)], "jawOpened"),
        ([("jawOpen", 1.5)], "jawOpen is 1.5"),
        ([("jawOpen", float("nan"))], "nan"),
        ([("jawOpen", 0.5), ("jawOpen", 0.25)], "once"),
        ([("voice.rate", 1.0)], "seen"),
        ([("tempo.rate", 1.0)], "seen"),
    ],
)
def test_a_pose_out_of_range_is_refused(
    brain: Brain, values: list[tuple[str, float]], said: str
) -> None:
    with pytest.raises(InvalidEventError, match=said):
        brain.handle(Event(1, Pose(tuple(values))))


def test_a_previews_weight_is_in_range(brain: Brain) -> None:
    found = event_from_json({"preview": {"json": json.dumps(GRIN)}}).kind
    assert isinstance(found, Preview)
    assert found.weight == 1.0
    with pytest.raises(InvalidEventError, match="weight"):
        brain.handle(Event(1, Preview(found.capsule, 1.5)))
