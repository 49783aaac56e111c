import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from grpc import StatusCode, aio

from capsulecast.v1 import session_service_pb2 as pb
from control_plane.sessions.subscription import Subscription
from engine.voice.speaker import SpeechState, SpeechUpdate
from storage.database import Database
from storage.repository import Repository
from tests.integration.grpc_client import Client, chat, emotion, read, read_any, run
from tests.integration.running import UNKNOWN, Running


def test_converse_goes_on_after_a_bad_event(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id))
        for event in (emotion(1, 7.0), chat(2, "x" * 1_000_000), emotion(3, -0.5)):
            await stream.write(pb.ConverseRequest(event=event))
        answers = [await read(stream) for _ in range(4)]
        kinds = [answer.WhichOneof("kind") for answer in answers]
        assert kinds == ["rejection", "rejection", "packet", "mood"]
        for answer, sequence in zip(answers[:2], (1, 2), strict=True):
            assert answer.rejection.event_sequence == sequence
            assert answer.rejection.code == StatusCode.INVALID_ARGUMENT.value[0]
            assert "expected" in answer.rejection.message
        assert answers[2].packet.event_sequence == answers[3].mood.event_sequence == 3
        stream.cancel()

    run(tmp_path, test)


def test_answers_come_together_where_the_client_asks(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id, together=True))
        await stream.initial_metadata()
        for number, valence in ((1, -0.5), (2, 7.0)):
            await stream.write(pb.ConverseRequest(event=emotion(number, valence)))
        told: list[pb.ConverseResponse] = []
        while len(told) < 3:
            answer = await read(stream)
            told += [answer, *answer.more]
        assert [one.WhichOneof("kind") for one in told] == ["packet", "mood", "rejection"]
        # What one event leads to is there at one time.
        assert told[0].more[0] == told[1]
        assert not any(one.more for one in told[1:2])
        stream.cancel()

    run(tmp_path, test)


def test_converse_tells_replies_and_speech(tmp_path: Path) -> None:
    async def test(server: Running, client: Client) -> None:
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id, event=chat(1)))
        answers = [await read(stream) for _ in range(3)]
        assert answers[2].packet.speak_text == "I see."
        update = SpeechUpdate(SpeechState.STARTED, "I see.", "fake")
        server.body(client.id).callbacks.on_speech(update)
        speech = (await read(stream)).speech
        assert (speech.state, speech.text) == (pb.SPEECH_STATE_STARTED, "I see.")
        assert speech.source == "fake"
        # The client's side may end first: what the session says still arrives.
        await stream.done_writing()
        await client.send(emotion(9, 0.9))
        assert (await read(stream)).packet.event_sequence == 9
        stream.cancel()

    run(tmp_path, test)


def test_a_message_is_told_stored_once_another_process_has_written_it(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id, event=chat(7)))
        while (answer := await read_any(stream)).WhichOneof("kind") != "stored":
            pass
        assert answer.stored.event_sequence == 7
        database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
        (message,) = Repository(database).messages(UUID(client.id))[:1]
        database.close()
        assert str(message.id) == answer.stored.message_id
        stream.cancel()

    run(tmp_path, test, writer="process")


def test_converse_needs_a_session(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        for first, code in (
            (pb.ConverseRequest(event=chat(1)), StatusCode.INVALID_ARGUMENT),
            (pb.ConverseRequest(session_id=UNKNOWN), StatusCode.NOT_FOUND),
        ):
            stream = client.sessions.Converse(iter([first]))
            got, _, _ = await client.refused(stream.read())
            assert got is code

    run(tmp_path, test)


def test_named_client_is_not_taken_for_a_stream(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        request = pb.SendEventRequest(session_id=client.id, event=chat(9))
        for name in ("stream:1", "stream-1", "call:1"):
            await client.sessions.SendEvent(request, metadata=(("x-client-id", name),))
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id, event=chat(1)))
        assert (await read(stream)).packet.event_sequence == 1
        stream.cancel()
        call = client.sessions.SendEvent(request, metadata=(("x-client-id", "stream:1"),))
        assert (await client.refused(call))[0] is StatusCode.ALREADY_EXISTS

    run(tmp_path, test)


def test_streams_end_with_their_session(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        watching = client.sessions.WatchPackets(pb.WatchPacketsRequest(session_id=client.id))
        await watching.initial_metadata()
        stream = client.sessions.Converse()
        await stream.write(pb.ConverseRequest(session_id=client.id))
        await stream.initial_metadata()
        await client.sessions.EndSession(pb.EndSessionRequest(session_id=client.id))
        assert [packet async for packet in watching] == []
        assert await stream.read() is aio.EOF
        assert await stream.code() is StatusCode.OK

    run(tmp_path, test)


def test_watched_packets_are_small_and_in_order(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        watching = client.sessions.WatchPackets(pb.WatchPacketsRequest(session_id=client.id))
        await watching.initial_metadata()
        text = "This is a long story, and it goes on and on without an end in sight. " * 40
        speak = pb.Event(sequence=1, speak=pb.SpeakEvent(text=text))
        await client.send(speak)
        await client.send(chat(2))
        said = ""
        last = 0
        async for answer in watching:
            packet = answer.packet
            assert packet.ByteSize() <= 500
            assert packet.sequence == last + 1 or not last
            last = packet.sequence
            if packet.event_sequence == 2:
                break
            said += packet.speak_text
        assert said == text
        watching.cancel()

    run(tmp_path, test)


def test_stream_that_the_client_leaves_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: Running, client: Client) -> None:
        assert server.server.sessions is not None
        session = server.server.sessions.get(client.id)
        forgotten = asyncio.Event()
        unsubscribe = session.unsubscribe

        def noting(subscription: Subscription) -> None:
            unsubscribe(subscription)
            forgotten.set()

        monkeypatch.setattr(session, "unsubscribe", noting)
        watching = client.sessions.WatchPackets(pb.WatchPacketsRequest(session_id=client.id))
        await watching.initial_metadata()
        assert session.in_use
        watching.cancel()
        await forgotten.wait()
        assert not session.in_use

    run(tmp_path, test)
