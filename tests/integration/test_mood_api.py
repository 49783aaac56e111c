"""The mood's explanation, personalities and profiles through a server's doors."""

import json
from pathlib import Path

import pytest
from grpc import StatusCode, aio

from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc
from control_plane.errors import InvalidArgumentError
from control_plane.settings import SettingsError
from tests.integration.running import UNKNOWN, Running, made, run

THANKS = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": "Thank you, wonderful!"}}


def test_http_explains_the_mood(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server, reply=False)}"
        await server.request("POST", f"{path}/events", THANKS)
        answer = await server.request("GET", f"{path}/mood/explanation")
        assert answer.status == 200
        told = answer.json
        assert told["personality"] == "friendly"
        assert told["traits"]["warmth"] == pytest.approx(0.9)
        (change,) = told["changes"]
        assert (change["event"], change["rule"]) == ("chat", "MOOD_RULE_FELT")
        assert "thanks" in change["evidence"]
        assert "you wrote (thanks" in change["sentence"]
        for axis in ("valence", "arousal", "dominance"):
            added = sum(item["amount"].get(axis, 0.0) for item in change["contributions"])
            moved = change["shownAfter"][axis] - change["shownBefore"][axis]
            assert added == pytest.approx(moved, abs=1e-5)
        assert told["since"]["rule"] == "MOOD_RULE_TIME"
        assert told["since"]["shownBefore"] == change["shownAfter"]
        for limit, status in ((1, 200), (64, 200), (65, 400), (-1, 400)):
            found = await server.request("GET", f"{path}/mood/explanation?limit={limit}")
            assert found.status == status, limit
        unknown = await server.request("GET", f"/api/sessions/{UNKNOWN}/mood/explanation")
        assert unknown.status == 404

    run(tmp_path, test)


def test_grpc_explains_the_mood_and_lists_personalities_and_profiles(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        async with aio.insecure_channel(server.ready.grpc_address) as channel:
            sessions = pb_grpc.SessionServiceStub(channel)
            listed = await sessions.ListPersonalities(pb.ListPersonalitiesRequest())
            names = [item.name for item in listed.personalities]
            assert names == ["friendly", "professional", "skeptical"]
            options = pb.SessionOptions(personality="skeptical")
            request = pb.CreateSessionRequest(options=options)
            session = (await sessions.CreateSession(request)).session.id
            event = pb.Event(sequence=1, expression=pb.ExpressionEvent(id="bittersweet"))
            sent = await sessions.SendEvent(pb.SendEventRequest(session_id=session, event=event))
            assert sent.packet.label == "bittersweet"
            assert sent.packet.ByteSize() <= 500
            assert sent.packet.variation == pytest.approx(0.6, abs=0.01)
            told = await sessions.ExplainMood(pb.ExplainMoodRequest(session_id=session))
            assert told.personality == "skeptical"
            assert told.changes[0].event == "profile"
            assert told.changes[0].contributions
            with pytest.raises(aio.AioRpcError) as refused:
                await sessions.ExplainMood(pb.ExplainMoodRequest(session_id=session, limit=65))
            assert refused.value.code() is StatusCode.INVALID_ARGUMENT
            await sessions.EndSession(pb.EndSessionRequest(session_id=session))
            with pytest.raises(aio.AioRpcError) as ended:
                await sessions.ExplainMood(pb.ExplainMoodRequest(session_id=session))
            assert ended.value.code() is StatusCode.FAILED_PRECONDITION
            capsules = capsule_grpc.CapsuleServiceStub(channel)
            profiles = await capsules.ListProfiles(capsule_pb.ListProfilesRequest(page_size=3))
            assert len(profiles.profiles) == 3
            assert profiles.next_page_token
            assert profiles.profiles[0].items[0].cid

    run(tmp_path, test)


def test_http_lists_personalities_and_profiles(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        people = (await server.request("GET", "/api/personalities")).json["personalities"]
        assert [item["name"] for item in people][:2] == ["friendly", "professional"]
        assert people[0]["description"]
        answer = (await server.request("GET", "/api/library/profiles?pageSize=1000")).json
        names = [item["name"] for item in answer["profiles"]]
        assert names == sorted(names)
        assert {"quiet_reflective", "anxious_denial"} <= set(names)

    run(tmp_path, test)


def test_personality_of_ones_own_is_listed_and_may_be_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "personalities"
    folder.mkdir()
    place = {"valence": -0.4, "arousal": 0.0, "dominance": 0.3}
    content = {"name": "grumpy", "description": "Never pleased", "baseline": place, "bias": place}
    (folder / "grumpy.json").write_text(json.dumps(content), encoding="utf-8")

    async def test(server: Running) -> None:
        people = (await server.request("GET", "/api/personalities")).json["personalities"]
        assert [item["name"] for item in people][-1] == "grumpy"
        session = await server.request("POST", "/api/sessions", {})
        assert session.json["options"]["personality"] == "grumpy"
        assert session.json["mood"]["valence"] == pytest.approx(-0.4)
        other = await server.request("POST", "/api/sessions", {"personality": "moody"})
        assert other.status == 400
        assert "expected one of friendly, professional, skeptical, grumpy" in str(other.body)

    run(tmp_path, test, personalities=folder, personality="grumpy")


def test_server_does_not_start_with_a_personality_that_cannot_be_used(tmp_path: Path) -> None:
    async def test(_server: Running) -> None:
        raise AssertionError("it started")

    with pytest.raises(SettingsError, match="personality: there is no 'moody', expected one of"):
        run(tmp_path, test, personality="moody")
    (tmp_path / "bad.json").write_text('{"name": "bad", "gain": 9}', encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match=r"bad.json: gain: got 9, expected: less than"):
        run(tmp_path, test, personalities=tmp_path)
