import math
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import common_pb2
from capsulecast.v1 import session_service_pb2 as pb
from engine.quality import Quality
from tests.integration.grpc_client import Client, chat, emotion, run
from tests.integration.running import UNKNOWN, Running


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
