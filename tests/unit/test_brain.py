import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.library import Library, load_library
from capsules.model import Layer
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import packaged_personalities, personality_named
from control_plane.errors import (
    DuplicateEventError,
    InvalidArgumentError,
    InvalidEventError,
    NotFoundError,
)
from control_plane.events import (
    MAX_TEXT_CHARS,
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
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.packet import MAX_PACKET_BYTES, IdPacket, Mood
from engine.wire import from_bytes, to_bytes

SESSION_ID = "7b1d2c3e-0000-4000-8000-000000000001"
NAN = math.nan


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(5 * NS_PER_S)


Tell = Callable[[EventKind], tuple[IdPacket, ...]]


@pytest.fixture
def brain(library: Library, clock: VirtualClock) -> Brain:
    return Brain(library, SESSION_ID, personality_named("friendly"), clock, seed=7)


@pytest.fixture
def tell(brain: Brain) -> Tell:
    """Sends an event under the next sequence number."""
    numbers = iter(range(1, 10_000))
    return lambda kind: brain.handle(Event(next(numbers), kind))


def said(text: str) -> Chat:
    return Chat(ChatRole.USER, text)


def cids(packet: IdPacket, layer: Layer | None = None) -> list[str]:
    return [item.cid for item in packet.blends if layer in (None, item.layer)]


EVENTS: list[EventKind] = [
    said("The meeting is at three."),
    said("Really? That is wonderful!"),
    said("What time is it?"),
    said("素晴らしい!!!"),
    Chat(ChatRole.USER, "hm", intent="delight"),
    Chat(ChatRole.USER, "hm", intent="sadness"),
    Chat(ChatRole.ASSISTANT, "I am so glad to see you!"),
    Chat(ChatRole.ASSISTANT, "Well.", intent="E_0018"),
    Chat(ChatRole.SYSTEM, "You are a helpful assistant."),
    PlayExpression("delight"),
    PlayExpression("E_0018", 0.5),
    PlayExpression("VF_NOD"),
    Emotion(Mood(0.5, 0.5, 0.5)),
    Emotion(Mood(0.0, 0.0, 0.0)),
    Emotion(Mood(-1.0, 1.0, -1.0), 0.3),
    *[Task("build", state, 0.5) for state in TaskState],
    *[Ui(context) for context in UiContext],
    Speak("Hello."),
    Interrupt(),
]


@pytest.mark.parametrize("kind", EVENTS, ids=repr)
def test_every_event_shows_at_once(tell: Tell, library: Library, kind: EventKind) -> None:
    first, *_ = tell(kind)
    visible = [item for item in first.blends if item.layer not in (Layer.VOICE, Layer.TEMPO)]
    assert visible
    assert all(not library.capsule(item.cid).revoked for item in first.blends)
    assert first.event_sequence == 1
    assert first.session_id == SESSION_ID
    assert from_bytes(to_bytes(first)) == first


def test_packets_are_numbered_and_timed(tell: Tell, clock: VirtualClock) -> None:
    first = tell(said("hello"))
    clock.advance(40 * NS_PER_MS)
    second = tell(Speak("Some words. " * 60))
    numbers = [packet.sequence for packet in (*first, *second)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert first[0].timestamp_ns == 5 * NS_PER_S
    assert second[-1].timestamp_ns == 5 * NS_PER_S + 40 * NS_PER_MS


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (Emotion(Mood(NAN, 0, 0)), "emotion.vad.valence is nan"),
        (Emotion(Mood(0, 1.2, 0)), r"emotion.vad.arousal is 1.2, expected a number in \[-1, 1\]"),
        (Emotion(Mood(0, 0, -math.inf)), "emotion.vad.dominance is -inf"),
        (Emotion(Mood(), 0.0), "emotion.intensity is 0,"),
        (Emotion(Mood(), NAN), "emotion.intensity is nan"),
        (PlayExpression("delight", 1.5), "expression.weight is 1.5"),
        (PlayExpression("delight", NAN), "expression.weight is nan"),
        (Task("t", TaskState.PROGRESS, 1.01), "task.progress is 1.01"),
        (Task("t", TaskState.PROGRESS, NAN), "task.progress is nan"),
        (said("x" * (MAX_TEXT_CHARS + 1)), "chat.text has 8,001 characters"),
        (Speak("x" * 1_000_000), "speak.text has 1,000,000 characters"),
        (Speak(" \n "), r"speak.text is ' \\n ', expected 1 to 8,000"),
        (Chat(ChatRole.ASSISTANT, ""), "chat.text is '', expected 1 to 8,000"),
        (said(" "), "chat.text is ' ', expected 1 to 8,000"),
        (PlayExpression(""), "expression.id is '', expected 1 to 200"),
        (said("\ud800"), "lone surrogate"),
    ],
)
def test_bad_event_is_refused_and_leaves_no_trace(
    brain: Brain, kind: EventKind, complaint: str
) -> None:
    before = brain.mood
    with pytest.raises(InvalidEventError, match=complaint):
        brain.handle(Event(1, kind))
    assert brain.mood == before
    (packet,) = brain.handle(Event(1, said("hello")))
    assert packet.sequence == 1


@pytest.mark.parametrize(
    "kind",
    [
        PlayExpression("E_9999"),
        PlayExpression("VF_NOWHERE"),
        Chat(ChatRole.USER, "hi", intent="flabbergastation"),
        Chat(ChatRole.ASSISTANT, "hi", intent="flabbergastation"),
    ],
)
def test_unknown_name_is_not_found(brain: Brain, kind: EventKind) -> None:
    with pytest.raises(NotFoundError):
        brain.handle(Event(1, kind))
    assert brain.handle(Event(1, said("hello")))


def test_sequence_must_rise_for_each_client_alone(brain: Brain) -> None:
    brain.handle(Event(5, said("one")), "a")
    brain.handle(Event(1, said("two")), "b")
    with pytest.raises(DuplicateEventError, match="sequence is 5, expected above 5"):
        brain.handle(Event(5, said("three")), "a")
    brain.handle(Event(9, said("four")), "a")
    brain.forget("a")
    brain.handle(Event(1, said("five")), "a")


@pytest.mark.parametrize("sequence", [0, -1, 2**64])
def test_sequence_out_of_range_is_refused(brain: Brain, sequence: int) -> None:
    with pytest.raises(InvalidEventError, match=f"sequence is {sequence}"):
        brain.handle(Event(sequence, said("one")))


def test_clients_are_bounded(brain: Brain) -> None:
    for number in range(1100):
        brain.handle(Event(1, Ui(UiContext.IDLE)), f"client {number}")
    brain.handle(Event(1, said("the first one is forgotten")), "client 0")
    with pytest.raises(DuplicateEventError):
        brain.handle(Event(1, said("the last one is not")), "client 1099")


def test_good_news_makes_a_smile_and_bad_news_takes_it(tell: Tell, brain: Brain) -> None:
    (glad,) = tell(said("Really? That is wonderful!"))
    assert glad.mood.valence > 0.6
    assert glad.mood.arousal > 0.5
    assert brain.label == glad.label
    assert any(cid.startswith(("VF_JOY", "VF_EXC", "VF_LAUGH")) for cid in cids(glad))
    (sorry,) = tell(said("my grandmother died"))
    assert sorry.mood.valence < -0.3
    assert not any(cid.startswith(("VF_JOY", "VF_LAUGH")) for cid in cids(sorry))


def test_anger_is_not_shouted_back(tell: Tell, brain: Brain) -> None:
    (packet,) = tell(said("THIS IS UNACCEPTABLE!!!"))
    assert brain.appraisal is not None
    assert brain.appraisal.label == "angry"
    assert packet.mood.dominance < 0.1
    assert not any(cid.startswith(("VF_ANGER", "VF_BROW_FLASH")) for cid in cids(packet))


def test_intent_wins_over_the_words(tell: Tell) -> None:
    (packet,) = tell(Chat(ChatRole.USER, "my grandmother died", intent="joy"))
    assert packet.mood.valence > 0.4


def test_users_words_are_not_spoken_and_assistants_are(tell: Tell) -> None:
    assert all(not packet.speak_text for packet in tell(said("Say this.")))
    (packet,) = tell(Chat(ChatRole.ASSISTANT, "I am so happy for you!"))
    assert packet.speak_text == "I am so happy for you!"
    assert cids(packet, Layer.VOICE)
    assert packet.mood.valence > 0.2


def test_system_text_is_neither_spoken_nor_felt(tell: Tell, brain: Brain) -> None:
    before = brain.mood
    (packet,) = tell(Chat(ChatRole.SYSTEM, "THIS IS TERRIBLE, I HATE IT!!!"))
    assert packet.speak_text == ""
    assert brain.mood == before


def test_interrupt_drops_all_and_attends(tell: Tell) -> None:
    tell(said("This is absolutely amazing!!!"))
    (packet,) = tell(Interrupt())
    assert packet.interrupt
    assert cids(packet, Layer.FACE)
    assert packet.mood.arousal < 0.4


def test_repeated_context_within_100_ms_says_nothing(tell: Tell, clock: VirtualClock) -> None:
    assert tell(Ui(UiContext.TYPING))
    clock.advance(99 * NS_PER_MS)
    assert tell(Ui(UiContext.TYPING)) == ()
    clock.advance(2 * NS_PER_MS)
    assert tell(Ui(UiContext.TYPING))
    assert tell(Ui(UiContext.READING))


def test_slider_sets_the_mood_as_it_is(tell: Tell, brain: Brain) -> None:
    tell(Emotion(Mood(-0.8, 0.6, 0.4), 0.5))
    assert brain.mood == Mood(-0.4, 0.3, 0.2)


def test_tasks_are_felt(tell: Tell) -> None:
    (done,) = tell(Task("build", TaskState.SUCCEEDED))
    assert done.mood.valence > 0.4
    (failed,) = tell(Task("build", TaskState.FAILED))
    assert failed.mood.valence < -0.2


def test_mood_fades_by_ticks_until_the_face_rests(
    tell: Tell, brain: Brain, clock: VirtualClock
) -> None:
    tell(said("Really? That is wonderful!"))
    packets = [brain.tick(clock.advance(NS_PER_S // 5)) for _ in range(5 * 60)]
    moved = [packet for packet in packets if packet is not None]
    assert moved
    assert all(packet.event_sequence == 0 for packet in moved)
    assert packets[-100:] == [None] * 100
    assert moved[-1].mood.valence == pytest.approx(0.18, abs=0.1)
    assert brain.lasting_mood.valence == pytest.approx(0.18, abs=0.01)


def test_speak_names_an_expression(brain: Brain) -> None:
    (packet,) = brain.speak("You won!", expression="delight")
    assert "VF_JOY_HIGH" in cids(packet)
    assert packet.speak_text == "You won!"
    with pytest.raises(NotFoundError):
        brain.speak("You won!", expression="no_such_thing")


def test_every_expression_fits_with_words(
    brain: Brain, library: Library, clock: VirtualClock
) -> None:
    for expression in library.expressions.values():
        clock.advance(60 * NS_PER_S)  # back at rest: what moves keeps its own face
        packets = brain.speak("A sentence. " * 30, expression=expression.name)
        assert {item.cid for item in expression.items} <= set(cids(packets[0])), expression.name
        assert all(len(to_bytes(packet)) <= MAX_PACKET_BYTES for packet in packets)


def test_every_capsule_can_be_played(brain: Brain, library: Library) -> None:
    for number, cid in enumerate(library.capsules, start=1):
        (packet,) = brain.handle(Event(number, PlayExpression(cid)))
        assert cids(packet) == [cid]


def test_revoked_capsules_never_leave(library: Library, clock: VirtualClock) -> None:
    faces = [item.cid for item in library.layer(Layer.FACE) if item.cid.startswith("VF_JOY")]
    smaller = library.revoke(*faces, "VF_NOD")
    brain = Brain(smaller, SESSION_ID, personality_named("friendly"), clock)
    for number in range(1, 40):
        for packet in brain.handle(Event(number, said("Great, I love it, wonderful!"))):
            assert not {*faces, "VF_NOD"} & set(cids(packet))


def test_what_is_revoked_while_it_shows_never_leaves_again(
    library: Library, clock: VirtualClock
) -> None:
    brain = Brain(library, SESSION_ID, personality_named("friendly"), clock)
    text = "My dog died last night and I cannot stop crying."
    shown = {
        cid
        for number in range(1, 10)
        for packet in brain.handle(Event(number, said(text)))
        for cid in cids(packet)
    }
    gone = {cid for cid in shown if not cid.endswith("_NEUTRAL")}
    assert len(gone) > 3
    later = [brain.take(library.revoke(*gone))]
    for number in range(10, 30):
        later += brain.handle(Event(number, said(text)))
        clock.advance(NS_PER_S)
        later.append(brain.tick(clock.now_ns()))
    left = {cid for packet in later if packet is not None for cid in cids(packet)}
    assert left
    assert not left & gone


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(min_size=1, max_size=600).filter(lambda value: value.strip()),
    personality=st.sampled_from([item.name for item in packaged_personalities()]),
)
def test_speech_is_split_without_loss_into_small_packets(
    library: Library, text: str, personality: str
) -> None:
    brain = Brain(library, "s" * 64, personality_named(personality), VirtualClock(2**62))
    packets = brain.handle(Event(2**64 - 1, Speak(text)))
    assert all(len(to_bytes(packet)) <= MAX_PACKET_BYTES for packet in packets)
    assert all(packet.speak_text.strip() for packet in packets)
    # Pieces of white space alone, which nobody hears, are the only loss.
    joined = "".join(packet.speak_text for packet in packets)
    assert "".join(joined.split()) == "".join(text.split())
    assert packets[0].blends
    assert not any(packet.blends for packet in packets[1:])


def test_longest_text_is_spoken_whole(brain: Brain) -> None:
    text = "日本語の文章です。" * 888
    packets = brain.handle(Event(1, Speak(text)))
    assert "".join(packet.speak_text for packet in packets) == text
    assert all(len(to_bytes(packet)) <= MAX_PACKET_BYTES for packet in packets)


def test_same_seed_events_and_clock_give_equal_packets(library: Library) -> None:
    def run(seed: int) -> list[IdPacket]:
        clock = VirtualClock(0)
        brain = Brain(library, SESSION_ID, personality_named("friendly"), clock, seed=seed)
        packets: list[IdPacket] = []
        for number, kind in enumerate(EVENTS, start=1):
            packets += brain.handle(Event(number, kind))
            clock.advance(NS_PER_S // 3)
            packets += filter(None, [brain.tick(clock.now_ns())])
        return packets

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize("session_id", ["", "x" * 65])
def test_session_id_that_fits_no_packet_is_refused(
    library: Library, clock: VirtualClock, session_id: str
) -> None:
    with pytest.raises(InvalidArgumentError, match="session_id"):
        Brain(library, session_id, personality_named("friendly"), clock)


def test_an_answer_does_not_hide_what_has_moved_the_avatar(
    tell: Tell, brain: Brain, library: Library
) -> None:
    (packet,) = tell(said("My grandmother died last week and I miss her terribly."))
    felt = brain.mood
    answer, *_ = brain.speak("I'm sorry.", expression="sympathy")
    sad = {cid for cid in cids(packet, Layer.FACE) if cid.startswith("VF_SAD")}
    assert sad
    assert sad <= set(cids(answer, Layer.FACE))
    assert brain.mood == felt
    items = {item.cid for item in library.expression("sympathy").items}
    assert set(cids(answer, Layer.HAND)) <= items
    assert set(cids(answer, Layer.VOICE)) <= items
    assert cids(answer, Layer.VOICE)
