import asyncio
import json
from collections.abc import Coroutine
from functools import cache
from typing import Any

import pytest

from capsules.library import Library, load_library
from compositor.drawlist import FrameSize
from compositor.light import Surroundings
from control_plane.emotion.personality_file import packaged_personalities
from control_plane.errors import (
    DuplicateEventError,
    InvalidArgumentError,
    InvalidEventError,
    NotFoundError,
    ResourceExhaustedError,
    SessionEndedError,
    UnavailableError,
)
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
from control_plane.sessions import manager as sessions_module
from control_plane.sessions.manager import SessionManager, SessionServices
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.paging import write_token
from control_plane.sessions.session import LiveSession
from control_plane.sessions.subscription import Subscription
from control_plane.sessions.updates import Lag, MoodUpdate, Rejection, Update
from engine.clock import NS_PER_S, VirtualClock
from engine.faults import Fault
from engine.packet import IdPacket, Mood
from engine.quality import Quality
from engine.voice.speaker import SpeechState, SpeechUpdate
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    Record,
    SessionEnded,
    SessionStarted,
)
from tests.unit.fake_media import CACHE, FakeBody, FakeMedia, FakeResponder
from tests.unit.virtual_time import settle

OPTIONS = SessionOptions(avatar="mira", size=FrameSize(512, 512), fps=30, seed=1)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@cache
def library() -> Library:
    return load_library()


class World:
    """A session manager with fakes about it."""

    def __init__(self, **limits: Any) -> None:  # noqa: ANN401 - the manager's own keywords
        self.media = FakeMedia()
        self.responder = FakeResponder()
        self.clock = VirtualClock(NS_PER_S)
        self.records: list[Record] = []
        services = SessionServices(
            library=library(),
            responder=self.responder,
            make_body=self.media.make,
            remember=self.records.append,
            clock=self.clock,
            version="1",
            personalities=packaged_personalities(),
            hardware="a CPU",
        )
        self.sessions = SessionManager(
            services, **{"max_sessions": 3, "idle_timeout_s": 60.0, **limits}
        )

    async def session(self) -> tuple[LiveSession, FakeBody]:
        session = await self.sessions.create(OPTIONS)
        return session, self.media.bodies[session.id]

    def of(self, kind: type[Record]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def user(text: str, sequence: int = 1) -> Event:
    return Event(sequence, Chat(ChatRole.USER, text))


def taken(subscription: Subscription) -> list[Update]:
    """What waits in a subscription."""
    return list(subscription._waiting)


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


def test_slow_follower_loses_the_oldest_and_is_told() -> None:
    async def test() -> None:
        subscription = Subscription(capacity=3)
        for number in range(5):
            subscription.offer(Rejection(number, 3, ""))
        subscription.close()
        subscription.offer(Rejection(9, 3, ""))
        got = [update async for update in subscription]
        assert got == [Lag(2), *(Rejection(number, 3, "") for number in (2, 3, 4))]
        assert subscription.dropped == 2

    run(test())


def test_follower_waits_for_the_next_update() -> None:
    async def test() -> None:
        subscription = Subscription()
        waiting = asyncio.create_task(anext(subscription))
        await settle()
        assert not waiting.done()
        subscription.offer(Rejection(1, 3, ""))
        assert await waiting == Rejection(1, 3, "")

    run(test())


def test_speech_and_faults_of_the_body_are_passed_on() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        subscription = session.subscribe()
        update = SpeechUpdate(SpeechState.STARTED, "I see.", "fake")
        body.callbacks.on_speech(update)
        body.callbacks.on_fault(Fault("viewer", "it broke", session.id))
        assert taken(subscription) == [update]
        (fault,) = world.of(FaultRecord)
        assert (fault.mode, str(fault.session_id), fault.cause) == (
            "viewer",
            session.id,
            "it broke",
        )
        await world.sessions.aclose()

    run(test())


def test_viewer_sends_events_and_hears_everything() -> None:
    async def test() -> None:
        world = World()
        _, body = await world.session()
        body.viewers = 1
        body.callbacks.on_message('{"event": {"sequence": 4, "interrupt": {}}}')
        body.callbacks.on_message('{"sequence": 1, "interrupt": {}}')
        told = [json.loads(text) for text in body.sent]
        assert [list(one) for one in told] == [["packet"], ["mood"]] * 2
        assert told[0]["packet"]["eventSequence"] == "4"
        assert told[0]["packet"]["interrupt"] is True
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    ("text", "sequence", "code", "said"),
    [
        ("no json", "0", 3, "no JSON"),
        ('{"sequence": 8, "emotion": {"vad": {"valence": 2}}}', "8", 3, "valence is 2"),
        ('{"sequence": 8, "expression": {"id": "E_9999"}}', "8", 5, "E_9999"),
        ('{"event": {"sequence": 8, "foo": {}}}', "8", 3, "foo"),
    ],
)
def test_viewer_is_told_what_is_wrong_with_an_event(
    text: str, sequence: str, code: int, said: str
) -> None:
    async def test() -> None:
        world = World()
        _, body = await world.session()
        body.viewers = 1
        body.callbacks.on_message(text)
        (rejection,) = [json.loads(one)["rejection"] for one in body.sent]
        assert rejection.get("eventSequence", "0") == sequence
        assert rejection["code"] == code
        assert said in rejection["message"]
        body.callbacks.on_message('{"sequence": 9, "interrupt": {}}')
        assert "packet" in json.loads(body.sent[1])
        await world.sessions.aclose()

    run(test())


def test_unforeseen_error_reaches_the_log_and_not_the_viewer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        world = World()
        _, body = await world.session()
        body.viewers = 1
        monkeypatch.setattr(body, "apply", lambda *_a, **_k: 1 / 0)
        body.callbacks.on_message('{"sequence": 9, "interrupt": {}}')
        assert json.loads(body.sent[-1])["rejection"]["message"] == "internal error"
        assert "ZeroDivisionError" in caplog.text
        (fault,) = world.of(FaultRecord)
        assert "ZeroDivisionError" in fault.cause
        await world.sessions.aclose()

    run(test())


def test_ended_session_takes_nothing_and_is_still_known() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        subscription = session.subscribe()
        session.handle(user("hello"))
        info = await world.sessions.end(session.id)
        assert info.ended_at is not None
        assert body.closed == 1
        assert await world.sessions.end(session.id) == info == world.sessions.info(session.id)
        with pytest.raises(SessionEndedError, match=session.id):
            world.sessions.get(session.id)
        with pytest.raises(SessionEndedError):
            session.handle(user("again", 2))
        # What was told before the end can still be read, and then the stream ends.
        assert len([update async for update in subscription]) == 2
        (started,), (ended,) = world.of(SessionStarted), world.of(SessionEnded)
        assert (str(started.id), ended.reason) == (session.id, "asked to")
        await world.sessions.aclose()

    run(test())


def test_end_is_carried_out_even_if_the_caller_goes_away() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        ending = asyncio.create_task(world.sessions.end(session.id))
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await world.sessions.aclose()
        assert body.closed == 1

    run(test())


def test_unknown_session_is_not_found() -> None:
    async def test() -> None:
        world = World()
        for ask in (world.sessions.get, world.sessions.info):
            with pytest.raises(NotFoundError, match=UNKNOWN):
                ask(UNKNOWN)
        with pytest.raises(NotFoundError):
            await world.sessions.end(UNKNOWN)

    run(test())


def test_no_more_sessions_than_allowed() -> None:
    async def test() -> None:
        world = World(max_sessions=2)
        made = await asyncio.gather(
            *(world.sessions.create(OPTIONS) for _ in range(3)), return_exceptions=True
        )
        refused = [one for one in made if isinstance(one, BaseException)]
        assert [type(one) for one in refused] == [ResourceExhaustedError]
        first = next(one for one in made if isinstance(one, LiveSession))
        await world.sessions.end(first.id)
        await world.sessions.create(OPTIONS)
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    "options",
    [
        SessionOptions("nobody", FrameSize(512, 512), 30),
        SessionOptions("mira", FrameSize(512, 512), 30, personality="grumpy"),
    ],
)
def test_option_that_names_nothing_makes_no_session(options: SessionOptions) -> None:
    async def test() -> None:
        world = World(max_sessions=1)
        with pytest.raises(InvalidArgumentError):
            await world.sessions.create(options)
        assert world.records == []
        await world.sessions.create(OPTIONS)
        await world.sessions.aclose()

    run(test())


def test_closed_manager_makes_no_sessions() -> None:
    async def test() -> None:
        world = World()
        _, body = await world.session()
        await world.sessions.aclose()
        await world.sessions.aclose()
        assert body.closed == 1
        with pytest.raises(UnavailableError):
            await world.sessions.create(OPTIONS)
        assert [ended.reason for ended in world.of(SessionEnded)] == ["the server stopped"]

    run(test())


def test_seed_is_drawn_where_none_is_given() -> None:
    async def test() -> None:
        world = World()
        options = SessionOptions("mira", FrameSize(512, 512), 30)
        seeds = {(await world.sessions.create(options)).options.seed for _ in range(3)}
        assert None not in seeds
        assert len(seeds) > 1
        await world.sessions.aclose()

    run(test())


def test_pages_are_newest_first_and_hold_everything_once() -> None:
    async def test() -> None:
        world = World(max_sessions=10)
        ids = [(await world.session())[0].id for _ in range(5)]
        await world.sessions.end(ids[1])
        shown: list[str] = []
        token = ""
        while True:
            page, token = world.sessions.page(2, token, include_ended=True)
            assert len(page) <= 2
            shown += [info.id for info in page]
            if not token:
                break
        assert shown == ids[::-1]
        live, _ = world.sessions.page()
        assert [info.id for info in live] == [one for one in ids[::-1] if one != ids[1]]
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    ("size", "token"),
    [(1001, ""), (-1, ""), (0, "junk"), (0, "YWZ0ZXI6eA=="), (0, write_token("9" * 5000))],
)
def test_bad_page_is_refused(size: int, token: str) -> None:
    async def test() -> None:
        with pytest.raises(InvalidArgumentError):
            World().sessions.page(size, token)

    run(test())


async def beat(world: World, times: int) -> None:
    """Lets the pulse beat without waiting."""
    for tick in range(1, times + 1):
        for entry in tuple(world.sessions._live.values()):
            await world.sessions._beat_one(entry, tick)


def test_session_that_nobody_uses_is_ended() -> None:
    async def test() -> None:
        world = World(idle_timeout_s=10.0)
        idle, _ = await world.session()
        watched, body = await world.session()
        followed, _ = await world.session()
        body.viewers = 1
        followed.subscribe()
        world.clock.advance(11 * NS_PER_S)
        await beat(world, 5)
        with pytest.raises(SessionEndedError):
            world.sessions.get(idle.id)
        assert world.sessions.get(watched.id) is watched
        assert world.sessions.get(followed.id) is followed
        assert [ended.reason for ended in world.of(SessionEnded)] == ["nobody used it"]
        await world.sessions.aclose()

    run(test())


def test_viewers_hear_measurements_once_a_second() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("hello"))
        body.viewers = 1
        await beat(world, 10)
        stats = [json.loads(text)["stats"] for text in body.sent if "stats" in text]
        assert len(stats) == 2
        assert stats[0]["codec"] == "H264"
        assert stats[0]["fps"] == 30.0
        assert stats[0]["stages"]["drawList"] == {"p50": 0.2, "p95": 0.4, "p99": 0.5, "n": 10}
        assert set(stats[0]["stages"]) == {"brain", "drawList", "render"}
        assert stats[0]["cache"] == {
            "hits": 90,
            "misses": 10,
            "evictions": 3,
            "pages": 6,
            "residentBytes": 6000,
            "budgetBytes": 8000,
            "uploadMs": 1.5,
            "short": True,
        }
        names = {one["cid"]: one["name"] for one in stats[0]["capsules"]}
        assert names["VF_NEUTRAL"]
        assert names["VF_GONE"] == ""
        await world.sessions.aclose()

    run(test())


def test_performance_is_logged_every_minute_and_at_the_end() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("hello"))
        body.viewers = 1
        await beat(world, 299)
        assert world.of(PerformanceRecord) == []
        await beat(world, 300)
        measures = {record.measure: record.value for record in world.of(PerformanceRecord)}
        assert measures["render.p99"] == 4.0
        assert set(measures) == {
            f"{stage}.{quantile}"
            for stage in ("brain", "draw_list", "render")
            for quantile in ("p50", "p95", "p99")
        } | {f"cache.{name}" for name in ("hits", "misses", "evictions", "resident", "upload")}
        assert measures["cache.resident"] == 6000.0
        units = {record.measure: record.unit for record in world.of(PerformanceRecord)}
        assert (units["cache.hits"], units["cache.upload"]) == ("pages", "ms")
        logged = len(world.of(PerformanceRecord))
        await world.sessions.end(session.id)
        assert len(world.of(PerformanceRecord)) == 2 * logged
        await world.sessions.aclose()

    run(test())


def test_mood_that_moves_by_itself_is_told() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("I love this, it is wonderful!"))
        await settle()
        before = len(body.applied)
        subscription = session.subscribe()
        for _ in range(150):
            world.clock.advance(NS_PER_S // 5)
            session.tick()
        assert len(body.applied) > before
        kinds = {type(update) for update in taken(subscription)}
        assert kinds == {IdPacket, MoodUpdate}
        await world.sessions.aclose()

    run(test())


def test_one_failing_session_does_not_stop_the_pulse_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        monkeypatch.setattr(sessions_module, "_TICK_S", 0)
        world = World()
        bad, _ = await world.session()
        good, _ = await world.session()
        beaten = asyncio.Event()
        monkeypatch.setattr(bad, "tick", lambda: 1 / 0)
        monkeypatch.setattr(good, "tick", beaten.set)
        world.sessions.start()
        await beaten.wait()
        await world.sessions.aclose()
        assert "ZeroDivisionError" in caplog.text
        assert {fault.mode for fault in world.of(FaultRecord)} == {"pulse"}

    run(test())


def test_many_moods_move_on_in_turns_and_each_once_a_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        monkeypatch.setattr(sessions_module, "_TICK_S", 0)
        monkeypatch.setattr(sessions_module, "_SESSIONS_A_TURN", 1)
        world = World()
        moved: list[int] = []
        for number in range(3):
            session, _ = await world.session()
            monkeypatch.setattr(session, "tick", lambda number=number: moved.append(number))
        together: list[int] = []
        world.sessions.start()
        while len(moved) < 9:
            before = len(moved)
            await asyncio.sleep(0)
            together.append(len(moved) - before)
        await world.sessions.aclose()
        assert max(together) == 1
        assert all(sorted(moved[start : start + 3]) == [0, 1, 2] for start in (0, 3, 6))

    run(test())


def test_nothing_is_left_behind() -> None:
    async def test() -> None:
        world = World()
        world.responder.may_answer.clear()
        world.sessions.start()
        for _ in range(3):
            session, _ = await world.session()
            session.subscribe()
            session.handle(user("hello"))
        await settle()
        await world.sessions.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
