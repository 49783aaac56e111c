import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import StatusCode, aio

from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from capsulecast.v1 import governance_service_pb2 as pb
from capsulecast.v1 import governance_service_pb2_grpc as pb_grpc
from capsulecast.v1 import session_service_pb2 as session_pb
from capsulecast.v1 import session_service_pb2_grpc as session_grpc
from capsules.targets import targets
from compositor.drawlist import DrawList, FrameSize
from control_plane.cli import main
from control_plane.events import PlayExpression
from control_plane.sessions.options import SessionOptions
from tests.integration.calls import until
from tests.integration.recording import playing
from tests.integration.running import Running, running

LIMIT_S = 20.0
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def weight(draw_list: DrawList, name: str) -> float:
    return dict(draw_list.weights).get(name, 0.0)


@asynccontextmanager
async def calling(
    server: Running,
) -> AsyncIterator[tuple["pb_grpc.GovernanceServiceAsyncStub", aio.Channel]]:
    async with aio.insecure_channel(server.ready.grpc_address) as channel:
        yield pb_grpc.GovernanceServiceStub(channel), channel


def test_order_over_grpc_reaches_the_session_the_library_and_the_trail(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as server, calling(server) as (governance, channel):
            sessions = session_grpc.SessionServiceStub(channel)
            library = capsule_grpc.CapsuleServiceStub(channel)
            made = await sessions.CreateSession(session_pb.CreateSessionRequest(), timeout=LIMIT_S)
            session_id = made.session.id

            request = pb.RevokeRequest(ids=["VF_NOD", "delight"], actor="ada", reason="too loud")
            answer = await governance.Revoke(request, timeout=LIMIT_S)
            revoked = {one.id: one.reason for one in answer.rules.revoked}
            assert revoked["VF_NOD"] == "too loud"
            assert len(revoked) == 2
            assert server.body(session_id).taken[0][0].barred == set(revoked)

            event = session_pb.Event(sequence=1)
            event.expression.id = "VF_NOD"
            send = session_pb.SendEventRequest(session_id=session_id, event=event)
            with pytest.raises(aio.AioRpcError) as error:
                await sessions.SendEvent(send, timeout=LIMIT_S)
            assert error.value.code() is StatusCode.FAILED_PRECONDITION
            assert "'VF_NOD', which may not be played: it has been revoked" in (
                error.value.details() or ""
            )
            nod = capsule_pb.GetCapsuleRequest(cid="VF_NOD")
            shown = (await library.GetCapsule(nod, timeout=LIMIT_S)).capsule
            assert (shown.revoked, shown.bar) == (True, capsule_pb.BAR_REVOKED)
            assert shown.bar_reason == "too loud"

            again = pb.ReinstateRequest(ids=["VF_NOD"], actor="bob")
            await governance.Reinstate(again, timeout=LIMIT_S)
            await sessions.SendEvent(send, timeout=LIMIT_S)
            orders = await governance.ListOrders(pb.ListOrdersRequest(), timeout=LIMIT_S)
            told = [(one.action, one.actor) for one in orders.orders]
            assert told == [("reinstate", "bob"), ("revoke", "ada")]
            page = pb.ListAuditLinesRequest(session_id=session_id, page_size=1)
            lines: list[pb.AuditLine] = []
            while not lines or page.page_token:
                answered = await governance.ListAuditLines(page, timeout=LIMIT_S)
                lines += answered.lines
                page.page_token = answered.next_page_token
            assert [one.sequence for one in lines] == list(range(1, len(lines) + 1))
            last = next(one for one in lines if one.cause == "expression")
            assert last.event_sequence == 1
            assert [one.cid for one in last.capsules] == ["VF_NOD"]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("ids", "code", "told"),
    [
        (["VF_NOWHERE"], StatusCode.NOT_FOUND, "no capsule, expression or profile 'VF_NOWHERE'"),
        (["VF_NEUTRAL"], StatusCode.INVALID_ARGUMENT, "rests in"),
        ([], StatusCode.INVALID_ARGUMENT, "ids is empty"),
    ],
)
def test_bad_order_is_refused(tmp_path: Path, ids: list[str], code: StatusCode, told: str) -> None:
    async def test() -> None:
        async with running(tmp_path) as server, calling(server) as (governance, _):
            with pytest.raises(aio.AioRpcError) as error:
                await governance.Revoke(pb.RevokeRequest(ids=ids), timeout=LIMIT_S)
            assert error.value.code() is code
            assert told in (error.value.details() or "")

    asyncio.run(test())


def test_rules_over_http_and_the_command_line_last_beyond_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def first() -> None:
        async with running(tmp_path) as server:
            order = ["library", "revoke", "VF_NOD", "--server", server.ready.url, "--by", "ada"]
            assert await asyncio.to_thread(main, [*order, "--reason", "too loud"]) == 0
            assert "by ada: too loud" in capsys.readouterr().out
            assert await asyncio.to_thread(main, [*order[:2], "VF_NOWHERE", *order[3:]]) == 1
            assert "no capsule, expression or profile" in capsys.readouterr().err
            answer = await server.request(
                "POST", "/api/governance/whitelist", {"ids": ["VF_NOD", "VF_WINK_LEFT"]}
            )
            assert answer.json["rules"]["whitelist"]["ids"] == ["VF_NOD", "VF_WINK_LEFT"]
            shown = await server.request("GET", "/api/library/capsules/VF_BROW_FLASH")
            assert (shown.json["bar"], shown.json["revoked"]) == ("BAR_WHITELIST", True)

    async def second() -> None:
        async with running(tmp_path) as server:
            rules = (await server.request("GET", "/api/governance")).json["rules"]
            assert [one["id"] for one in rules["revoked"]] == ["VF_NOD"]
            assert rules["whitelist"]["ids"] == ["VF_NOD", "VF_WINK_LEFT"]
            made = (await server.request("POST", "/api/sessions")).json
            path = f"/api/sessions/{made['id']}/events"
            for cid in ("VF_NOD", "VF_BROW_FLASH"):
                event = {"sequence": 1, "expression": {"id": cid}}
                answer = await server.request("POST", path, event)
                assert answer.status == 409
                assert answer.json["error"]["code"] == "FAILED_PRECONDITION"
            event = {"sequence": 1, "expression": {"id": "VF_WINK_LEFT"}}
            answer = await server.request("POST", path, event)
            assert answer.status == 200
            trail = await server.request("GET", f"/api/sessions/{made['id']}/audit")
            assert trail.json["lines"][-1]["cause"] == "expression"
            assert (await server.request("GET", f"/api/sessions/{UNKNOWN}/audit")).status == 404
            orders = (await server.request("GET", "/api/governance/orders")).json["orders"]
            assert [one["action"] for one in orders] == ["whitelist", "revoke"]

    asyncio.run(first())
    asyncio.run(second())
    where = ["--governance", str(tmp_path / "governance.json"), "--json"]
    where += ["--capsules", str(tmp_path / "capsules")]
    assert main(["library", "whitelist", "--off", *where]) == 0
    assert main(["library", "reinstate", "VF_NOD", *where]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["revoked"] == []
    assert main(["library", "whitelist", *where]) == 2


def test_capsule_revoked_over_grpc_is_out_of_a_live_picture_from_the_next_frame_on(
    tmp_path: Path,
) -> None:
    cid, target = "VF_CONTEMPT", "mouthSmileLeft"  # whose fallback smiles less

    async def test() -> None:
        async with playing(tmp_path) as server:
            watched = await server.watched(SessionOptions("mira", FrameSize(128, 128), 30, seed=1))
            drawn: list[tuple[int, DrawList]] = []
            frame = watched.body._body.frame

            def kept(now_ns: int) -> DrawList:
                drawn.append((now_ns, frame(now_ns)))
                return drawn[-1][1]

            watched.body._frames._source.frame = kept  # type: ignore[method-assign]
            watched.handle(PlayExpression(cid))
            async with aio.insecure_channel(server.ready.grpc_address) as channel:
                governance = pb_grpc.GovernanceServiceStub(channel)
                await until(
                    lambda: bool(drawn) and dict(drawn[-1][1].weights).get(target, 0.0) > 0.4
                )
                await governance.Revoke(pb.RevokeRequest(ids=[cid]), timeout=LIMIT_S)
                assert cid not in dict(watched.body.active_capsules()), "before any frame"
                before = len(drawn)
                await asyncio.sleep(0.6)
            rate = targets()[target].max_rate
            shown = [(ns, weight(one, target)) for ns, one in drawn[before - 1 :]]
            assert len(shown) > 5
            assert shown[-1][1] < 0.2
            for (was_ns, was), (now_ns, now) in itertools.pairwise(shown):
                assert now <= was + 1e-6 or now < 0.2, "it never comes back"
                assert was - now <= rate * (now_ns - was_ns) / 1e9 + 2e-4, "and never snaps"
            await server.end(watched)

    asyncio.run(test())
