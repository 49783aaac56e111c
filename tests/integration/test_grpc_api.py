import asyncio
import math
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from capsulecast.v1 import common_pb2
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc
from control_plane.sessions.subscription import Subscription
from control_plane.settings import SettingsError, load_settings
from control_plane.tls import load_tls
from engine.quality import Quality
from engine.voice.speaker import SpeechState, SpeechUpdate
from tests.integration.running import Running, running

UNKNOWN = "00000000-0000-4000-8000-000000000000"
LIMIT_S = 20.0


class Client:
    """Stubs on one channel, and a session."""

    def __init__(self, channel: aio.Channel, session_id: str = "") -> None:
        self.channel = channel
        self.sessions = pb_grpc.SessionServiceStub(channel)
        self.capsules = capsule_grpc.CapsuleServiceStub(channel)
        self.id = session_id

    async def send(self, event: pb.Event, session_id: str = "") -> pb.SendEventResponse:
        request = pb.SendEventRequest(session_id=session_id or self.id, event=event)
        return await self.sessions.SendEvent(request, timeout=LIMIT_S)

    async def refused(self, call: Awaitable[Any]) -> tuple[StatusCode, str, "Details"]:
        """Code, message and details of a call that fails."""
        with pytest.raises(aio.AioRpcError) as error:
            await call
        return error.value.code(), error.value.details() or "", details_of(error.value)


class Details:
    def __init__(self, status: status_pb2.Status) -> None:
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.retry = error_details_pb2.RetryInfo()
        self.kinds = set()
        for packed in status.details:
            for message in (self.info, self.bad_request, self.retry):
                if packed.Unpack(message):
                    self.kinds.add(type(message).__name__)

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.bad_request.field_violations]


def details_of(error: aio.AioRpcError) -> Details:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            assert status.code == error.code().value[0]
            assert status.message == error.details()
            assert rpc_status.to_status(status).code is error.code()
            return Details(status)
    raise AssertionError("no google.rpc.Status came with the error")


def chat(sequence: int, text: str = "Really? That is wonderful!") -> pb.Event:
    return pb.Event(sequence=sequence, chat=pb.ChatEvent(role=pb.CHAT_ROLE_USER, text=text))


def emotion(sequence: int, valence: float) -> pb.Event:
    vad = common_pb2.Vad(valence=valence)
    return pb.Event(sequence=sequence, emotion=pb.EmotionEvent(vad=vad))


async def read(stream: aio.StreamStreamCall[Any, Any]) -> pb.ConverseResponse:
    answer = await stream.read()
    assert isinstance(answer, pb.ConverseResponse)
    return answer


@asynccontextmanager
async def connected(folder: Path, **settings: object) -> AsyncIterator[tuple[Running, Client]]:
    async with (
        running(folder, **settings) as server,
        aio.insecure_channel(server.ready.grpc_address) as channel,
    ):
        client = Client(channel)
        made = await client.sessions.CreateSession(pb.CreateSessionRequest(), timeout=LIMIT_S)
        client.id = made.session.id
        yield server, client


Test = Callable[[Running, Client], Coroutine[Any, Any, None]]


def run(folder: Path, test: Test, **settings: object) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), connected(folder, **settings) as (server, client):
            await test(server, client)

    asyncio.run(main())


def test_session_lives_from_create_to_end(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        options = pb.SessionOptions(
            size=pb.Size(width=640, height=360), fps=60, seed=0, personality="skeptical"
        )
        request = pb.CreateSessionRequest(options=options)
        made = (await client.sessions.CreateSession(request)).session
        assert made.state == pb.SESSION_STATE_ACTIVE
        assert (made.options.avatar, made.options.fps, made.options.seed) == ("mira", 60, 0)
        got = await client.sessions.GetSession(pb.GetSessionRequest(session_id=made.id))
        assert got.session.options == made.options
        listed = await client.sessions.ListSessions(pb.ListSessionsRequest(page_size=1))
        assert [session.id for session in listed.sessions] == [made.id]
        token = listed.next_page_token
        rest = await client.sessions.ListSessions(pb.ListSessionsRequest(page_token=token))
        assert [session.id for session in rest.sessions] == [client.id]
        for _ in range(2):
            ended = await client.sessions.EndSession(pb.EndSessionRequest(session_id=made.id))
            assert ended.session.state == pb.SESSION_STATE_ENDED
        left = await client.sessions.ListSessions(pb.ListSessionsRequest())
        assert [session.id for session in left.sessions] == [client.id]
        everything = await client.sessions.ListSessions(pb.ListSessionsRequest(include_ended=True))
        assert len(everything.sessions) == 2

    run(tmp_path, test)


def test_quality_is_switched_and_the_session_tells_it(tmp_path: Path) -> None:
    async def test(server: Running, client: Client) -> None:
        event = pb.Event(sequence=1, quality=pb.QualityEvent(quality=pb.QUALITY_HALF))
        answer = await client.send(event)
        assert not answer.HasField("packet")
        assert server.body(client.id).qualities == [Quality.HALF]
        got = await client.sessions.GetSession(pb.GetSessionRequest(session_id=client.id))
        assert got.session.options.quality == pb.QUALITY_HALF
        assert (got.session.textures.hits, got.session.textures.upload_ms) == (90, 1.5)

    run(tmp_path, test)


def test_event_is_answered_with_its_packet(tmp_path: Path) -> None:
    async def test(server: Running, client: Client) -> None:
        answer = await client.send(chat(5))
        assert answer.packet.event_sequence == 5
        assert answer.packet.session_id == client.id
        assert answer.packet.mood.valence > 0.3
        assert answer.packet.ByteSize() <= 500
        assert 0 < answer.brain_us < 1_000_000
        assert server.body(client.id).applied[0][0].sequence == answer.packet.sequence

    run(tmp_path, test)


EVENTS = [
    (emotion(1, math.nan), StatusCode.INVALID_ARGUMENT, "event.emotion.vad.valence"),
    (emotion(1, 1.5), StatusCode.INVALID_ARGUMENT, "event.emotion.vad.valence"),
    (chat(1, "x" * 1_000_000), StatusCode.INVALID_ARGUMENT, "event.chat.text"),
    (chat(1, ""), StatusCode.INVALID_ARGUMENT, "event.chat.text"),
    (pb.Event(sequence=1), StatusCode.INVALID_ARGUMENT, "event"),
    (pb.Event(interrupt=pb.InterruptEvent()), StatusCode.INVALID_ARGUMENT, "event.sequence"),
    (
        pb.Event(sequence=1, expression=pb.ExpressionEvent(id="E_9999")),
        StatusCode.NOT_FOUND,
        "",
    ),
    (
        pb.Event(sequence=1, expression=pb.ExpressionEvent(id="VF_NOT_THERE")),
        StatusCode.NOT_FOUND,
        "",
    ),
]


@pytest.mark.parametrize(("event", "code", "field"), EVENTS)
def test_bad_event_is_refused_and_the_session_goes_on(
    tmp_path: Path, event: pb.Event, code: StatusCode, field: str
) -> None:
    async def test(_server: Running, client: Client) -> None:
        got, message, details = await client.refused(client.send(event))
        assert got is code
        assert "expected" in message or code is StatusCode.NOT_FOUND
        assert details.info.domain == "capsulecast"
        assert details.info.reason in ("INVALID_EVENT", "NOT_FOUND")
        assert details.fields == ([field] if field else [])
        assert (await client.send(chat(1))).packet.event_sequence == 1

    run(tmp_path, test)


def test_calls_for_what_is_not_there_are_refused(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        stubs = client.sessions
        calls: list[Awaitable[Any]] = [
            stubs.GetSession(pb.GetSessionRequest(session_id=UNKNOWN)),
            stubs.EndSession(pb.EndSessionRequest(session_id="nonsense")),
            client.send(chat(1), UNKNOWN),
            anext(aiter(stubs.WatchPackets(pb.WatchPacketsRequest(session_id=UNKNOWN)))),
            stubs.Negotiate(pb.NegotiateRequest(session_id=UNKNOWN)),
            client.capsules.GetCapsule(capsule_pb.GetCapsuleRequest(cid="VF_NOT_THERE")),
        ]
        for call in calls:
            code, _, details = await client.refused(call)
            assert code is StatusCode.NOT_FOUND
            assert details.kinds == {"ErrorInfo"}

    run(tmp_path, test)


def test_bad_options_are_refused_naming_the_field(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        for options, field in (
            (pb.SessionOptions(size=pb.Size(width=511, height=512)), "options.size.width"),
            (pb.SessionOptions(fps=1000), "options.fps"),
            (pb.SessionOptions(avatar="nobody"), "options.avatar"),
        ):
            request = pb.CreateSessionRequest(options=options)
            code, _, details = await client.refused(client.sessions.CreateSession(request))
            assert code is StatusCode.INVALID_ARGUMENT
            assert details.fields == [field]

    run(tmp_path, test)


def test_full_server_says_when_to_come_again(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        call = client.sessions.CreateSession(pb.CreateSessionRequest())
        code, message, details = await client.refused(call)
        assert code is StatusCode.RESOURCE_EXHAUSTED
        assert "1 sessions" in message
        assert details.retry.retry_delay.seconds == 1

    run(tmp_path, test, max_sessions=1)


def test_event_for_an_ended_session_is_refused(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        await client.sessions.EndSession(pb.EndSessionRequest(session_id=client.id))
        code, message, details = await client.refused(client.send(chat(1)))
        assert code is StatusCode.FAILED_PRECONDITION
        assert client.id in message
        assert details.info.reason == "SESSION_ENDED"

    run(tmp_path, test)


def test_named_client_must_count_upwards(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        request = pb.SendEventRequest(session_id=client.id, event=chat(3))
        metadata = (("x-client-id", "me"),)
        await client.sessions.SendEvent(request, metadata=metadata)
        code, _, _ = await client.refused(client.sessions.SendEvent(request, metadata=metadata))
        assert code is StatusCode.ALREADY_EXISTS
        await client.sessions.SendEvent(request)
        await client.sessions.SendEvent(request)

    run(tmp_path, test)


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


def test_offer_is_answered(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        offer = pb.SessionDescription(type="offer", sdp="v=0\r\n")
        request = pb.NegotiateRequest(session_id=client.id, offer=offer)
        answer = (await client.sessions.Negotiate(request)).answer
        assert (answer.type, answer.sdp) == ("answer", "v=0\r\n")
        for sdp, said in (("garbage", "v=0"), ("", "characters")):
            offer.sdp = sdp
            request = pb.NegotiateRequest(session_id=client.id, offer=offer)
            code, message, _ = await client.refused(client.sessions.Negotiate(request))
            assert code is StatusCode.INVALID_ARGUMENT
            assert said in message

    run(tmp_path, test)


def test_negotiation_keeps_the_callers_deadline(tmp_path: Path) -> None:
    async def test(server: Running, client: Client) -> None:
        server.body(client.id).answers.clear()
        offer = pb.SessionDescription(type="offer", sdp="v=0\r\n")
        request = pb.NegotiateRequest(session_id=client.id, offer=offer)
        with pytest.raises(aio.AioRpcError) as error:
            await client.sessions.Negotiate(request, timeout=0.1)
        assert error.value.code() is StatusCode.DEADLINE_EXCEEDED
        # Nothing of the call goes on in the server.
        await server.body(client.id).gave_up.wait()
        assert (await client.send(chat(1))).packet.event_sequence == 1

    run(tmp_path, test)


def test_library_is_listed_page_by_page(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        cids: list[str] = []
        token = ""
        while True:
            request = capsule_pb.ListCapsulesRequest(
                layer=common_pb2.LAYER_HAND, page_size=30, page_token=token
            )
            page = await client.capsules.ListCapsules(request)
            assert {capsule.layer for capsule in page.capsules} == {common_pb2.LAYER_HAND}
            cids += [capsule.cid for capsule in page.capsules]
            token = page.next_page_token
            if not token:
                break
        assert len(cids) == 100
        assert cids == sorted(set(cids))
        one = await client.capsules.GetCapsule(capsule_pb.GetCapsuleRequest(cid=cids[0]))
        assert one.capsule.cid in one.capsule.json
        expressions = await client.capsules.ListExpressions(capsule_pb.ListExpressionsRequest())
        assert len(expressions.expressions) >= 40
        for size, token in ((1001, ""), (0, "junk")):
            bad = capsule_pb.ListExpressionsRequest(page_size=size, page_token=token)
            code, _, _ = await client.refused(client.capsules.ListExpressions(bad))
            assert code is StatusCode.INVALID_ARGUMENT

    run(tmp_path, test)


def test_health_and_reflection_are_served(tmp_path: Path) -> None:
    async def test(_server: Running, client: Client) -> None:
        health: Any = health_pb2_grpc.HealthStub(client.channel)
        ours = {
            f"capsulecast.v1.{name}Service"
            for name in ("Session", "Capsule", "Avatar", "Governance", "Memory", "Training")
        }
        for service in ("", *ours):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        make_stub: Any = reflection_pb2_grpc.ServerReflectionStub
        make_request: Any = reflection_pb2.ServerReflectionRequest
        reflection = make_stub(client.channel)
        request = make_request(list_services="")
        async for listed in reflection.ServerReflectionInfo(iter([request])):
            names = {service.name for service in listed.list_services_response.service}
            assert {*ours, "grpc.health.v1.Health"} <= names

    run(tmp_path, test)


def test_unforeseen_error_tells_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: Running, client: Client) -> None:
        monkeypatch.setattr(server.body(client.id), "apply", lambda *_a, **_k: 1 / 0)
        code, message, details = await client.refused(client.send(chat(1)))
        assert code is StatusCode.INTERNAL
        assert message == "internal error"
        assert details.info.reason == "INTERNAL"

    run(tmp_path, test)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    cert, key = folder / f"{name}.cert.pem", folder / f"{name}.key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-days", "1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    return cert, key


def test_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (cert, _), (_, key) = (certificate(tmp_path, name) for name in ("one", "two"))
    settings = load_settings({"tls_cert": str(cert), "tls_key": str(key)})
    with pytest.raises(SettingsError, match="tls_cert and tls_key: cannot use"):
        load_tls(settings)


def test_tls_encrypts_both_doors(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "own")

    async def main() -> None:
        async with running(tmp_path, tls_cert=str(cert), tls_key=str(key)) as server:
            credentials = grpc.ssl_channel_credentials(cert.read_bytes())
            async with aio.secure_channel(server.ready.grpc_address, credentials) as channel:
                await Client(channel).sessions.ListSessions(
                    pb.ListSessionsRequest(), timeout=LIMIT_S
                )
            assert server.ready.url.startswith("https://")
            host, port = server.ready.url.removeprefix("https://").split(":")
            context = ssl.create_default_context(cafile=str(cert))
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
            writer.write(
                b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.close()

    asyncio.run(main())
