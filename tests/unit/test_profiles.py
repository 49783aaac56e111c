"""Profiles in a brain and a body: held until something replaces them, small on the wire."""

import pytest

from capsules.library import Library, load_library
from capsules.model import Layer
from compositor.drawlist import FrameSize
from control_plane.brain.brain import Brain
from control_plane.brain.profiles import ProfilePlay
from control_plane.brain.weights import MIN_WEIGHT
from control_plane.emotion.personality_file import personality_named
from control_plane.emotion.vad import distance
from control_plane.errors import BarredError, NotFoundError
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    PlayExpression,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.governance.checks import check_allowed
from control_plane.governance.rules import Bar, Order, Rules
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.packet import MAX_PACKET_BYTES, IdPacket, Mood
from engine.wire import from_bytes, to_bytes
from storage.records import utc_now

LONG_ID = "s" * 64


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


class Talk:
    """A brain and a body in virtual time."""

    def __init__(self, library: Library, seed: int = 5, session_id: str = "s") -> None:
        self.library = library
        self.clock = VirtualClock(0)
        self.brain = Brain(
            library, session_id, personality_named("friendly"), self.clock, seed=seed
        )
        self.body = Body(library, BodyOptions("x", FrameSize(128, 128), seed))
        self.number = 0
        self.packets: list[IdPacket] = []

    def tell(self, kind: EventKind) -> IdPacket:
        self.number += 1
        found = self.brain.handle(Event(self.number, kind))
        for packet in found:
            self._apply(packet)
        return found[0]

    def wait(self, seconds: float) -> list[IdPacket]:
        found = []
        for _ in range(round(5 * seconds)):
            packet = self.brain.tick(self.clock.advance(NS_PER_S // 5))
            if packet is not None:
                found.append(packet)
                self._apply(packet)
            self.body.frame(self.clock.now_ns())
        return found

    def _apply(self, packet: IdPacket) -> None:
        assert from_bytes(to_bytes(packet)) == packet
        self.packets.append(packet)
        self.body.apply(packet, self.clock.now_ns())

    def playing(self) -> dict[str, float]:
        return dict(self.body.active_capsules(self.clock.now_ns()))


def test_every_profile_shows_at_once_and_fits_its_packets(library: Library) -> None:
    for name, profile in library.profiles.items():
        talk = Talk(library, session_id=LONG_ID)
        first = talk.tell(PlayExpression(name))
        begun = {item.cid for item in profile.items if item.every_s is None}
        assert begun <= {item.cid for item in first.blends}, name
        talk.wait(20.0)
        assert max(len(to_bytes(packet)) for packet in talk.packets) <= MAX_PACKET_BYTES
        assert max(len(to_bytes(packet)) for packet in talk.packets) <= 300, name


def test_profile_is_held_until_something_replaces_it(library: Library) -> None:
    talk = Talk(library)
    talk.tell(PlayExpression("bittersweet"))
    talk.wait(60.0)
    assert {"VF_SAD_MID", "VF_SMILE_POLITE", "LD_WARM"} <= set(talk.playing())
    assert talk.brain.label == "bittersweet"
    talk.tell(Chat(ChatRole.USER, "That is wonderful!"))
    talk.wait(4.0)
    assert not {"VF_SAD_MID", "LD_WARM"} & set(talk.playing())
    assert not any(cid.startswith("TR_") and cid != "TR_NEUTRAL" for cid in talk.playing())
    assert talk.brain.label != "bittersweet"


@pytest.mark.parametrize(
    "kind",
    [
        Chat(ChatRole.USER, "I see."),
        PlayExpression("delight"),
        PlayExpression("VF_ANGER_MID"),
        PlayExpression("quiet_pride"),
        Emotion(Mood(0.6, 0.4, 0.2)),
        Task("build", TaskState.SUCCEEDED),
        Interrupt(),
    ],
    ids=repr,
)
def test_what_shows_another_face_replaces_it(library: Library, kind: EventKind) -> None:
    talk = Talk(library)
    talk.tell(PlayExpression("anxious_denial"))
    talk.wait(5.0)
    talk.tell(kind)
    talk.wait(4.0)
    assert "VF_WORRIED" not in talk.playing()
    assert talk.brain.label != "anxious denial"


@pytest.mark.parametrize(
    "kind",
    [
        Ui(UiContext.TYPING),
        Ui(UiContext.AWAY),
        Speak("Everything is fine, really."),
        Chat(ChatRole.ASSISTANT, "Everything is fine."),
        Chat(ChatRole.SYSTEM, "The weather changed."),
        PlayExpression("VF_NOD"),
        PlayExpression("HF_041"),
    ],
    ids=repr,
)
def test_what_goes_along_with_it_leaves_it(library: Library, kind: EventKind) -> None:
    talk = Talk(library)
    talk.tell(PlayExpression("anxious_denial"))
    talk.wait(5.0)
    packet = talk.tell(kind)
    assert any(item.layer in (Layer.FACE, Layer.HAND) for item in packet.blends)
    talk.wait(20.0)
    assert {"VF_WORRIED", "VF_SMILE_POLITE", "BK_TENSE"} <= set(talk.playing())
    assert talk.brain.label == "anxious denial"


def test_mood_stays_where_the_profile_is_and_goes_home_after_it(library: Library) -> None:
    talk = Talk(library)
    home = talk.brain.mood
    talk.tell(PlayExpression("stunned_grief"))
    talk.wait(60.0)
    assert distance(talk.brain.lasting_mood, Mood(-0.75, 0.1, -0.6)) < 0.01
    talk.tell(Emotion(Mood(0.0, 0.0, 0.0)))
    talk.wait(60.0)
    assert distance(talk.brain.lasting_mood, home) < 0.01


def test_what_comes_again_does_so_about_as_often_as_it_says(library: Library) -> None:
    talk = Talk(library)
    talk.tell(PlayExpression("anxious_denial"))
    packets = talk.wait(120.0)
    for item in library.profile("anxious_denial").items:
        times = sum(entry.cid == item.cid for packet in packets for entry in packet.blends)
        if item.every_s is not None:
            assert 0.7 * 120.0 / item.every_s <= times <= 1.4 * 120.0 / item.every_s, item.cid


def wavers(library: Library, noise: float) -> set[float]:
    profile = library.profile("bittersweet").model_copy(update={"noise": noise})
    play = ProfilePlay(library, profile, 1.0, 3, 0)
    found = set()
    for step in range(1, 300):
        for entry in play.due(step * 200 * NS_PER_MS):
            if entry.cid == "VF_SAD_MID":
                found.add(entry.weight)
    return found


def test_noise_is_how_much_held_weights_waver(library: Library) -> None:
    assert wavers(library, 0.0) == set()
    little, much = wavers(library, 0.5), wavers(library, 3.0)
    assert max(little) - min(little) < 0.5 * (max(much) - min(much))
    assert len(much) > len(little) > 5
    assert all(0.0 < weight <= 1.0 for weight in much)


def test_noise_goes_to_the_body_with_the_packet(library: Library) -> None:
    packet = Talk(library).tell(PlayExpression("nervous_excitement"))
    assert packet.variation == pytest.approx(library.profile("nervous_excitement").noise, abs=0.01)
    assert Talk(library).tell(Chat(ChatRole.USER, "hi")).variation == 1.0


@pytest.mark.parametrize("tempo", [0.7, 0.84, 0.95, 1.0, 1.1, 1.3])
def test_tempo_is_that_of_the_profile(library: Library, tempo: float) -> None:
    profile = library.profile("bittersweet").model_copy(update={"tempo": tempo})
    found = 1.0
    for entry in ProfilePlay(library, profile, 1.0, 3, 0).begin():
        if entry.layer is Layer.TEMPO:
            (track,) = library.capsule(entry.cid).tracks
            found += entry.weight * track.curve[-1][1]
    assert found == pytest.approx(tempo, abs=0.01)


def test_weight_scales_all_of_it(library: Library) -> None:
    full = Talk(library).tell(PlayExpression("quiet_pride"))
    half = Talk(library).tell(PlayExpression("quiet_pride", 0.5))
    weights = {entry.cid: entry.weight for entry in full.blends}
    for entry in half.blends:
        if entry.layer is not Layer.TEMPO:
            assert entry.weight == pytest.approx(0.5 * weights[entry.cid], abs=0.01)


def test_same_seed_and_times_give_equal_packets(library: Library) -> None:
    def run(seed: int) -> list[IdPacket]:
        talk = Talk(library, seed)
        talk.tell(PlayExpression("nervous_excitement"))
        talk.wait(20.0)
        return talk.packets

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_profile_without_a_face_left_is_not_found(library: Library) -> None:
    faces = [item.cid for item in library.layer(Layer.FACE)]
    talk = Talk(library.bar(faces))
    before = talk.brain.mood
    with pytest.raises(NotFoundError, match="bittersweet"):
        talk.tell(PlayExpression("bittersweet"))
    assert talk.brain.mood == before


def test_barred_profile_is_let_go_of(library: Library) -> None:
    talk = Talk(library)
    talk.tell(PlayExpression("bittersweet"))
    talk.wait(2.0)
    packet = talk.brain.take(library.bar(["bittersweet"]))
    assert packet is not None
    talk._apply(packet)
    talk.wait(4.0)
    assert "VF_SAD_MID" not in talk.playing()
    assert talk.brain.label != "bittersweet"


def test_chat_may_name_a_profile_as_its_intent(library: Library) -> None:
    talk = Talk(library)
    packet = talk.tell(Chat(ChatRole.ASSISTANT, "All is well.", intent="anxious_denial"))
    assert packet.speak_text == "All is well."
    assert packet.label == "anxious denial"
    assert {"VF_WORRIED", "VF_SMILE_POLITE"} <= {item.cid for item in packet.blends}


def test_profile_may_be_revoked_and_whitelisted_by_name(library: Library) -> None:
    rules = Rules(revoked={"bittersweet": Order("me", "", utc_now())})
    ruled = rules.applied(library)
    assert rules.bars(library) == {"bittersweet": Bar.REVOKED}
    talk = Talk(ruled)
    with pytest.raises(BarredError, match="revoked"):
        check_allowed(PlayExpression("bittersweet"), ruled)
    with pytest.raises(NotFoundError):
        talk.tell(PlayExpression("bittersweet"))
    alone = Rules(whitelist=("quiet_pride",)).applied(library)
    check_allowed(PlayExpression("quiet_pride"), alone)
    packet = Talk(alone).tell(PlayExpression("quiet_pride"))
    assert {"VF_PRIDE", "VF_SMILE_HELD_BACK"} <= {item.cid for item in packet.blends}
    with pytest.raises(BarredError, match="whitelist"):
        check_allowed(PlayExpression("anxious_denial"), alone)


def test_faintest_profile_is_still_held(library: Library) -> None:
    talk = Talk(library)
    packet = talk.tell(PlayExpression("bittersweet", 0.01))
    assert all(entry.weight >= MIN_WEIGHT - 0.01 for entry in packet.blends)
    assert talk.brain.label == "bittersweet"
