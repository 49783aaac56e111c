import asyncio
import json

import pytest

from control_plane.sessions.subscription import Subscription
from control_plane.sessions.updates import Lag, Rejection, Stored
from engine.faults import Fault
from engine.voice.speaker import SpeechState, SpeechUpdate
from storage.records import FaultRecord
from tests.unit.session_world import World, run, taken
from tests.unit.virtual_time import settle


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


def test_follower_may_take_all_that_waits_at_once() -> None:
    async def test() -> None:
        subscription = Subscription(capacity=2)
        waiting = asyncio.create_task(subscription.together())
        await settle()
        assert not waiting.done()
        for number in range(3):
            subscription.offer(Rejection(number, 3, ""))
        assert await waiting == [Lag(1), Rejection(1, 3, ""), Rejection(2, 3, "")]
        subscription.offer(Rejection(3, 3, ""))
        subscription.close()
        assert await subscription.together() == [Rejection(3, 3, "")]
        assert await subscription.together() == []

    run(test())


def test_what_is_stored_waits_for_company_but_not_for_ever() -> None:
    async def test() -> None:
        subscription = Subscription(patience_s=0.02)
        stored, urgent = Stored("m", 1), Rejection(1, 3, "")
        waiting = asyncio.create_task(subscription.together())
        await settle()
        subscription.offer(stored)
        await settle()
        assert not waiting.done()
        subscription.offer(urgent)
        assert await waiting == [stored, urgent]
        subscription.offer(stored)
        async with asyncio.timeout(5.0):
            assert await subscription.together() == [stored]
        subscription.offer(urgent)
        subscription.offer(stored)
        assert await subscription.together() == [urgent, stored]
        subscription.offer(stored)
        subscription.close()
        assert await subscription.together() == [stored]
        assert await subscription.together() == []

    run(test())


def test_what_is_patient_does_not_wait_until_it_is_lost() -> None:
    async def test() -> None:
        subscription = Subscription(capacity=4, patience_s=60.0)
        waiting = asyncio.create_task(subscription.together())
        await settle()
        for number in range(3):
            subscription.offer(Stored(str(number), number))
        async with asyncio.timeout(5.0):
            assert len(await waiting) == 3

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
