"""Each personality's own answers: chosen by occasion, held for their time, told apart on sight."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.library import Library, load_library
from capsules.model import Layer
from capsules.targets import TargetKind, targets
from compositor.drawlist import FrameSize
from control_plane.brain.brain import Brain
from control_plane.emotion.appraisal import Appraisal, default_appraiser
from control_plane.emotion.occasions import Occasion, occasion_of
from control_plane.emotion.personality import Personality, Reaction
from control_plane.emotion.personality_file import packaged_personalities, personality_named
from control_plane.emotion.signals import signals_in
from control_plane.events import Chat, ChatRole, Event, EventKind, Task, TaskState, Ui, UiContext
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_S, VirtualClock
from engine.packet import IdPacket, LeadLag, Mood

BASES = frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
FACE = tuple(name for name in targets() if name in BASES and not name.startswith("hand"))
FPS = 30
BEFORE, AFTER = 36, 50  # frames
PEOPLE = ("friendly", "professional", "skeptical")
SAID: dict[Occasion, str] = {
    Occasion.GREETED: "Hi there! How are you?",
    Occasion.PARTED: "Okay, bye! Take care!",
    Occasion.THANKED: "Thank you for cheering me on, you are so kind.",
    Occasion.DELIGHTED: "I got the job! I'm so happy!!!",
    Occasion.AMUSED: "hahaha that joke about the penguin cracked me up",
    Occasion.AMAZED: "What?! No way! You won't believe who just walked in!",
    Occasion.ASKED: "Could you explain how that works?",
    Occasion.GRIEVED: "My grandmother died last week and I miss her terribly.",
    Occasion.FRIGHTENED: "I'm scared, I'm really worried about the operation tomorrow.",
    Occasion.TROUBLED: "It crashed again and I lost everything, I'm so annoyed!",
    Occasion.MOCKED: "Oh great, another meeting. Just what I needed.",
    Occasion.INSULTED: "You are useless, you stupid machine!",
}

BAD = Appraisal(Mood(-0.6, 0.4, 0.2), 0.9, "angry", 0.9)

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def occasion(text: str) -> Occasion | None:
    appraisal = default_appraiser().appraise(text)
    return occasion_of(text, appraisal, signals_in(text, appraisal))


@pytest.mark.parametrize(("expected", "text"), SAID.items())
def test_what_is_said_is_an_occasion(expected: Occasion, text: str) -> None:
    assert occasion(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "You're an idiot!",
        "shut up",
        "I really hate you",
        "I don't like you",
        "You bore me.",
        "you suck",
        "What a useless bot.",
        "f*** you",
    ],
)
def test_an_insult_is_one_whatever_its_words(text: str) -> None:
    assert occasion(text) is Occasion.INSULTED


@pytest.mark.parametrize(
    "text",
    [
        "My boss is so stupid, I hate him.",
        "I am angry!",
        "You are not stupid, but this is terrible.",
        "I feel useless and pathetic.",
        "You know how awful my week was: everything failed.",
    ],
)
def test_what_is_bad_without_being_meant_for_the_listener_is_no_insult(text: str) -> None:
    assert occasion_of(text, BAD) is Occasion.TROUBLED


def test_who_apologises_is_not_met_like_somebody_bereaved() -> None:
    assert occasion("I'm sorry, I didn't mean that.") is None
    assert occasion("I'm sorry, my dog died this morning.") is Occasion.GRIEVED


def test_plain_talk_is_no_occasion() -> None:
    assert occasion("The train leaves at noon from the second platform.") is None


class Stage:
    """A brain and a body that does just what it is told."""

    def __init__(self, library: Library, person: Personality) -> None:
        self.clock = VirtualClock(NS_PER_S)
        self.brain = Brain(library, "s", person, self.clock, seed=1)
        options = BodyOptions("mira", FrameSize(64, 64), has_basis=BASES, lively=False)
        self._body = Body(library, options)
        self._steps = self._events = 0

    def event(self, kind: EventKind) -> tuple[IdPacket, ...]:
        self._events += 1
        packets = self.brain.handle(Event(self._events, kind))
        for packet in packets:
            self._body.apply(packet, self.clock.now_ns())
        return packets

    def say(self, text: str) -> tuple[IdPacket, ...]:
        return self.event(Chat(ChatRole.USER, text))

    def frames(self, count: int) -> Floats:
        """The face's weights in the frames to come, (N, targets)."""
        found = []
        for _ in range(count):
            now_ns = self.clock.now_ns()
            if self._steps % 6 == 0 and (packet := self.brain.tick(now_ns)) is not None:
                self._body.apply(packet, now_ns)
            self._steps += 1
            shown = dict(self._body.frame(now_ns).weights)
            found.append([shown.get(name, 0.0) for name in FACE])
            self.clock.advance(NS_PER_S // FPS)
        return np.array(found)


Course = tuple[Floats, Floats]  # at rest (targets,), and after the event (frames, targets)


@pytest.fixture(scope="module")
def courses(library: Library) -> Mapping[tuple[str, Occasion], Course]:
    found: dict[tuple[str, Occasion], Course] = {}
    for name, (what, text) in itertools.product(PEOPLE, SAID.items()):
        stage = Stage(library, personality_named(name))
        rest = stage.frames(BEFORE)[-1]
        stage.say(text)
        found[name, what] = rest, stage.frames(AFTER)
    return found


def apart(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(one - other))


def test_the_three_are_told_apart_at_rest(
    courses: Mapping[tuple[str, Occasion], Course],
) -> None:
    for one, other in itertools.combinations(PEOPLE, 2):
        assert apart(courses[one, Occasion.ASKED][0], courses[other, Occasion.ASKED][0]) > 0.9


@pytest.mark.parametrize("what", SAID)
def test_the_three_are_told_apart_at_every_occasion(
    courses: Mapping[tuple[str, Occasion], Course], what: Occasion
) -> None:
    for one, other in itertools.combinations(PEOPLE, 2):
        faces = [courses[name, what][1][9:45].mean(axis=0) for name in (one, other)]
        assert apart(faces[0], faces[1]) > 0.5, (one, other)


# Of FACS (Ekman, Friesen and Hager, 2002), in ARKit's names; L and R are the avatar's own sides.
UNITS = {
    "1": "browInnerUp", "2": "browOuterUp", "4": "browDown", "5": "eyeWide", "6": "cheekSquint",
    "7": "eyeSquint", "12": "mouthSmile", "14": "mouthDimple", "15": "mouthFrown",
    "17": "mouthShrugLower", "20": "mouthStretch", "24": "mouthPress", "26": "jawOpen",
    "45": "eyeBlink", "63": "eyeLookUp", "64": "eyeLookDown",
}  # fmt: skip
# What an answer raises above the face at rest, and what it lowers or leaves.
SIGNS: dict[tuple[str, Occasion], tuple[str, str]] = {
    ("friendly", Occasion.GREETED): ("2 6 12", "15"),
    ("professional", Occasion.GREETED): ("12", "4 15"),
    ("skeptical", Occasion.GREETED): ("12L", "12R"),
    ("friendly", Occasion.THANKED): ("1 6 12", "15"),
    ("skeptical", Occasion.THANKED): ("12L 14L", "14R"),
    ("friendly", Occasion.DELIGHTED): ("6 12 26", "4 15"),
    ("professional", Occasion.DELIGHTED): ("6 12", "4 15"),
    ("skeptical", Occasion.DELIGHTED): ("6L 12L 14L", "15"),
    ("friendly", Occasion.AMUSED): ("6 7 12 26", "4 15"),
    ("professional", Occasion.AMUSED): ("12 14", "26"),
    ("skeptical", Occasion.AMUSED): ("12L 14L", "12R 26"),
    ("friendly", Occasion.AMAZED): ("1 2 5 26", "4"),
    ("professional", Occasion.AMAZED): ("1 2 5 26", "4"),
    ("skeptical", Occasion.AMAZED): ("1 5", "12"),
    ("friendly", Occasion.GRIEVED): ("1 4 15 17 64", "12"),
    ("professional", Occasion.GRIEVED): ("1 15", "12"),
    ("skeptical", Occasion.GRIEVED): ("1 15", "2L 12"),
    ("friendly", Occasion.FRIGHTENED): ("1 4 5 15 20", "12"),
    ("professional", Occasion.FRIGHTENED): ("1 15", "12"),
    ("skeptical", Occasion.FRIGHTENED): ("1 15", "2L 12"),
    ("friendly", Occasion.MOCKED): ("1 14 24", "12"),
    ("professional", Occasion.MOCKED): ("24 45", "12"),
    ("skeptical", Occasion.MOCKED): ("63 12L", "12R"),
    ("friendly", Occasion.INSULTED): ("1 4 15 17 64", "12"),
    ("professional", Occasion.INSULTED): ("4 7 15 24", "1 12"),
    ("skeptical", Occasion.INSULTED): ("4R 7 14L 15 63", "12"),
}


@pytest.mark.parametrize(("name", "what"), SIGNS)
def test_an_answer_has_the_signs_of_its_emotion(
    courses: Mapping[tuple[str, Occasion], Course], name: str, what: Occasion
) -> None:
    rest, after = courses[name, what]
    raised, lowered = SIGNS[name, what]
    peak = after.max(axis=0) - rest
    end = after[-1] - rest
    for column in columns(raised):
        assert peak[column] > 0.19, FACE[column]
    for column in columns(lowered):
        assert end[column] < 0.19, FACE[column]


def columns(units: str) -> list[int]:
    found = []
    for unit in units.split():
        name = UNITS[unit.rstrip("LR")]
        sides = {"L": ("Left",), "R": ("Right",)}.get(unit[-1], ("Left", "Right", ""))
        found += [FACE.index(name + side) for side in sides if name + side in FACE]
    return found


def test_the_startled_are_so_at_once(courses: Mapping[tuple[str, Occasion], Course]) -> None:
    rest, after = courses["friendly", Occasion.AMAZED]
    brows = after[:, FACE.index("browOuterUpLeft")] - rest[FACE.index("browOuterUpLeft")]
    lids = after[:, FACE.index("eyeWideLeft")] - rest[FACE.index("eyeWideLeft")]
    for unit in (brows, lids):
        half = int(np.argmax(unit > 0.5 * unit.max()))
        assert half <= 0.2 * FPS
        assert unit[-1] < 0.6 * unit.max()  # and it is over soon


# Holding, and what goes with it


def answering(reaction: Reaction, what: Occasion = Occasion.INSULTED) -> Personality:
    person = personality_named("friendly")
    return replace(person, stance={"VF_WARM": 0.8}, reactions={what: reaction})


def faces(packets: tuple[IdPacket, ...]) -> dict[str, float]:
    found = [item for packet in packets for item in packet.blends if item.layer is Layer.FACE]
    return {item.cid: item.weight for item in found}


INSULT = SAID[Occasion.INSULTED]


def test_an_answer_is_held_through_what_is_said_and_ends_in_its_time(library: Library) -> None:
    person = answering(Reaction({"VF_COOL": 0.9, "VF_SLOW_BLINK": 1.0}, lasts_s=2.0))
    stage = Stage(library, person)
    assert {"VF_COOL", "VF_SLOW_BLINK"} <= faces(stage.say(INSULT)).keys()
    spoken = faces(stage.brain.speak("I see.", expression="apologetic"))
    assert {"VF_COOL", "VF_SLOW_BLINK"} <= spoken.keys()
    assert "VF_EMBARRASSED" not in spoken  # the expression gives its hands and its voice alone
    stage.frames(FPS)
    assert "VF_COOL" in faces(stage.brain.speak("So be it."))
    stage.frames(2 * FPS)
    assert "VF_COOL" not in faces(stage.brain.speak("Shall we go on?"))


def test_an_answer_ebbs_rather_than_stops(library: Library) -> None:
    stage = Stage(library, answering(Reaction({"VF_COOL": 0.9}, lasts_s=1.0)))
    stage.say(INSULT)
    column = FACE.index("mouthPressLeft")
    path = stage.frames(4 * FPS)[:, column]
    held, steps = path[FPS - 1], np.diff(path[FPS:])
    assert held > 0.5
    assert path[2 * FPS] > 0.1 * held  # something is left of it a second later
    assert path[-1] < 0.1
    assert np.abs(steps).max() * FPS < 3.0 * held  # and nothing falls off a face


def test_whatever_else_happens_ends_an_answer(library: Library) -> None:
    stage = Stage(library, answering(Reaction({"VF_COOL": 0.9}, lasts_s=20.0)))
    stage.say(INSULT)
    assert "VF_COOL" not in faces(stage.event(Ui(UiContext.TYPING)))


def test_the_stance_steps_back_for_an_answer(library: Library) -> None:
    stage = Stage(library, answering(Reaction({"VF_COOL": 0.9}, stance=0.25)))
    stage.frames(10)
    assert faces(stage.event(Ui(UiContext.TYPING)))["VF_WARM"] > 0.7
    assert faces(stage.say(INSULT)).get("VF_WARM", 0.0) < 0.2


def test_who_is_sad_does_not_smile_by_bearing(library: Library) -> None:
    stage = Stage(library, answering(Reaction({}), Occasion.GREETED))
    assert "VF_WARM" not in faces(stage.say(SAID[Occasion.GRIEVED]))


def test_what_is_felt_may_be_the_answers_own(library: Library) -> None:
    hurt = Mood(-0.5, -0.1, -0.5)
    stage = Stage(library, answering(Reaction({"VF_HURT": 0.9}, feels=hurt)))
    stage.say(INSULT)
    assert stage.brain.response == hurt
    assert stage.brain.mood.dominance < -0.2


def test_hands_are_still_where_the_answer_says_so(library: Library) -> None:
    def hands(packets: tuple[IdPacket, ...]) -> list[str]:
        return [item.cid for item in packets[0].blends if item.layer is Layer.HAND]

    still = Stage(library, answering(Reaction({"VF_COOL": 0.9}, still=True)))
    assert hands(still.say(INSULT)) == []
    assert hands(still.brain.speak("I see.", expression="apologetic")) == []
    drawn_back = Stage(library, answering(Reaction({"HF_067": 0.9}, still=True)))
    assert hands(drawn_back.say(INSULT)) == ["HF_067"]


def test_words_wait_for_an_answer_of_the_face(library: Library) -> None:
    stage = Stage(library, answering(Reaction({"VF_COOL": 0.9}, pause_ms=480)))
    stage.say(INSULT)
    (first, *_) = stage.brain.speak("I see.")
    assert LeadLag(Layer.VOICE, 480) in first.lead_lags
    options = BodyOptions("mira", FrameSize(64, 64), has_basis=BASES)
    assert Body(library, options).speech_lead_ms(first) == 480


def test_each_has_a_pause_of_its_own(library: Library) -> None:
    def wait(name: str) -> int:
        brain = Brain(library, "s", personality_named(name), VirtualClock(NS_PER_S))
        (first, *_) = brain.speak("The train leaves at noon.")
        return next(item.offset_ms for item in first.lead_lags if item.layer is Layer.VOICE)

    assert wait("friendly") + 50 < wait("professional") + 50 < wait("skeptical")


def test_a_finished_task_is_an_occasion_too(library: Library) -> None:
    shown = {
        name: faces(
            Stage(library, personality_named(name)).event(Task("search", TaskState.SUCCEEDED, 1.0))
        )
        for name in PEOPLE
    }
    for one, other in itertools.combinations(PEOPLE, 2):
        assert shown[one].keys() != shown[other].keys()


def test_answers_name_capsules_that_there_are(library: Library) -> None:
    for person in packaged_personalities():
        for what, reaction in person.reactions.items():
            assert set(reaction.shows) <= library.capsules.keys(), (person.name, what)
        assert set(person.stance) <= library.capsules.keys()
        assert set(person.reactions) == set(Occasion)


def test_every_answer_leaves_room_for_words(library: Library) -> None:
    for name, text in itertools.product(PEOPLE, SAID.values()):
        brain = Brain(library, "7b1d2c3e-0000-4000-8000-000000000001", personality_named(name),
                      VirtualClock(NS_PER_S))  # fmt: skip
        brain.handle(Event(1, Chat(ChatRole.USER, text)))
        (first, *_) = brain.speak("That is how it is. " * 20, expression="sympathy")
        assert len(first.speak_text) >= 60
        assert any(item.layer is Layer.VOICE for item in first.blends)
