import pytest

from compositor.drawlist import FrameSize
from compositor.light import Surroundings
from control_plane.errors import DuplicateEventError, InvalidEventError
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    Light,
    SetQuality,
    Speak,
)
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.updates import MoodUpdate, Update
from engine.packet import IdPacket, Mood
from engine.quality import Quality
from engine.voice.speaker import SpeechState, SpeechUpdate
from storage.records import FaultRecord, MessageRecord
from tests.unit.fake_media import CACHE
from tests.unit.session_world import World, run, taken, user
from tests.unit.virtual_time import settle


def test_event_reaches_the_body_before_it_is_told() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        told: list[tuple[Update, int]] = []
        session.listen(lambda update: told.append((update, len(body.applied))))
        handled = session.handle(user("Really? That is wonderful!", 7))
        assert [packet for packet, _ in body.applied] == list(handled.packets)
        packets = [(update, count) for update, count in told if isinstance(update, IdPacket)]
        assert packets == [(handled.packets[0], 1)]
        (mood,) = [update for update, _ in told if isinstance(update, MoodUpdate)]
        assert mood.event_sequence == 7
        assert mood.mood.valence > 0.3
        await world.sessions.aclose()

    run(test())


def test_user_is_answered_and_both_are_remembered() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("hello", 3))
        assert len(body.applied) == 1
        await settle()
        spoken = [(packet.speak_text, source) for packet, source in body.applied[1:]]
        assert spoken == [("I see.", "fake")]
        asked, answered = world.of(MessageRecord)
        assert (asked.role, asked.text, asked.source) == ("user", "hello", "client")
        assert (asked.event_sequence, asked.label != "") == (3, True)
        assert (answered.role, answered.text, answered.source) == ("assistant", "I see.", "fake")
        for record in (asked, answered):
            assert 0 < len(record.packet) <= 500
        await world.sessions.aclose()

    run(test())


def test_responder_is_told_what_it_said_before() -> None:
    async def test() -> None:
        world = World()
        session, _ = await world.session()
        for sequence in (1, 2):
            session.handle(user("hello", sequence))
            await settle()
        assert [(turn.number, turn.previous, turn.seed) for turn in world.responder.turns] == [
            (0, "", 1),
            (1, "I see.", 1),
        ]
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    "kind", [Interrupt(), Speak("something else"), Chat(ChatRole.USER, "wait")]
)
def test_pending_reply_gives_way_to_whatever_is_said(kind: EventKind) -> None:
    async def test() -> None:
        world = World()
        world.responder.may_answer.clear()
        session, body = await world.session()
        session.handle(user("hello"))
        await settle()
        session.handle(Event(2, kind))
        world.responder.may_answer.set()
        await settle()
        replies = [source for _, source in body.applied if source == "fake"]
        assert len(replies) == (1 if isinstance(kind, Chat) else 0)
        await world.sessions.aclose()

    run(test())


def test_user_cuts_a_reply_short_but_not_what_a_client_has_said() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()

        def cut(sequence: int) -> bool:
            (packet,) = session.handle(user("and another thing", sequence)).packets
            return packet.interrupt

        assert not cut(1)
        await settle()
        _, source = body.applied[-1]
        session.heard_speech(SpeechUpdate(SpeechState.STARTED, "I see.", source))
        emotion = session.handle(Event(2, Emotion(Mood(0.4, 0.2, 0.1)))).packets
        assert not any(packet.interrupt for packet in emotion)
        assert cut(3)
        session.heard_speech(SpeechUpdate(SpeechState.INTERRUPTED, "I see.", source))
        assert not cut(4)
        session.heard_speech(SpeechUpdate(SpeechState.STARTED, "a client's words", ""))
        assert not cut(5)
        await world.sessions.aclose()

    run(test())


def test_emotion_does_not_stop_a_pending_reply() -> None:
    async def test() -> None:
        world = World()
        world.responder.may_answer.clear()
        session, body = await world.session()
        session.handle(user("hello"))
        session.handle(Event(2, Emotion(Mood(0.5, 0.5, 0.5))))
        world.responder.may_answer.set()
        await settle()
        assert "fake" in [source for _, source in body.applied]
        await world.sessions.aclose()

    run(test())


def test_session_without_reply_only_reacts() -> None:
    async def test() -> None:
        world = World()
        options = SessionOptions("mira", FrameSize(512, 512), 30, seed=1, reply=False)
        session = await world.sessions.create(options)
        session.handle(user("hello"))
        await settle()
        assert world.responder.turns == []
        await world.sessions.aclose()

    run(test())


def test_failing_responder_costs_only_the_reply() -> None:
    async def test() -> None:
        world = World()
        world.responder.text = "x" * 9000
        session, body = await world.session()
        session.handle(user("hello"))
        await settle()
        (fault,) = world.of(FaultRecord)
        assert fault.mode == "reply"
        assert "9,000" in fault.cause
        world.responder.text = "fine"
        session.handle(user("hello", 2))
        await settle()
        assert body.applied[-1][1] == "fake"
        await world.sessions.aclose()

    run(test())


def test_refused_event_changes_nothing_and_the_session_goes_on() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        for kind in (Emotion(Mood(float("nan"), 0, 0)), Emotion(Mood(2.0, 0, 0))):
            with pytest.raises(InvalidEventError):
                session.handle(Event(1, kind))
        assert body.applied == []
        assert session.handle(user("hello")).packets
        await world.sessions.aclose()

    run(test())


def test_named_client_must_count_upwards_and_others_need_not() -> None:
    async def test() -> None:
        world = World()
        session, _ = await world.session()
        session.handle(user("one", 5), "a")
        session.handle(user("two", 5), "b")
        with pytest.raises(DuplicateEventError):
            session.handle(user("three", 5), "a")
        for _ in range(2):
            session.handle(user("four", 1))
        session.forget("a")
        session.handle(user("five", 1), "a")
        await world.sessions.aclose()

    run(test())


def test_light_reaches_the_body_and_moves_nothing_else() -> None:
    around = Surroundings((1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12), 0.5)

    async def test() -> None:
        world = World()
        session, body = await world.session()
        subscription = session.subscribe()
        assert session.handle(Event(3, Light(around)), "id:page").packets == ()
        assert body.surroundings == [around]
        assert (body.applied, taken(subscription)) == ([], [])
        with pytest.raises(DuplicateEventError):
            session.handle(Event(3, Light(around)), "id:page")
        assert len(body.surroundings) == 1
        session.handle(Event(4, Interrupt()), "id:page")
        assert len(body.applied) == 1

    run(test())


def test_quality_reaches_the_body_and_the_sessions_state() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        subscription = session.subscribe()
        before = session.info
        assert session.handle(Event(3, SetQuality(Quality.HALF)), "id:page").packets == ()
        assert body.qualities == [Quality.HALF]
        told = [before.options.quality, session.info.options.quality]
        assert told == [Quality.FULL, Quality.HALF]
        assert world.sessions.info(session.id).options.quality == Quality.HALF
        assert (body.applied, taken(subscription)) == ([], [])

    run(test())


def test_texture_cache_is_told_while_the_session_lives() -> None:
    async def test() -> None:
        world = World()
        session, _ = await world.session()
        assert session.info.textures == CACHE
        ended = await world.sessions.end(session.id)
        assert ended.textures is None

    run(test())
