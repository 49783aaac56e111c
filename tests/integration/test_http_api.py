import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from control_plane.events import Event, Interrupt
from engine.quality import Quality
from tests.integration.running import Answer, Running, running

UNKNOWN = "00000000-0000-4000-8000-000000000000"
LIMIT_S = 20.0
HELLO = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": "That is wonderful!"}}


def run(
    folder: Path, test: Callable[[Running], Coroutine[Any, Any, None]], **settings: object
) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), running(folder, **settings) as server:
            await test(server)

    asyncio.run(main())


async def made(server: Running, **options: object) -> str:
    answer = await server.request("POST", "/api/sessions", options)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def is_error(answer: Answer, status: int, code: str, said: str, field: str | None = None) -> bool:
    error = answer.json["error"]
    assert set(error) == {"code", "message", "details"}
    assert answer.headers["content-type"] == "application/json"
    fields = [detail["field"] for detail in error["details"]]
    assert field is None or fields == [field]
    return answer.status == status and error["code"] == code and said in error["message"]


def test_session_lives_from_post_to_delete(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        options = {"avatar": "mira", "size": "256x144", "fps": 15, "seed": 3, "probe": True}
        answer = await server.request("POST", "/api/sessions", options)
        assert answer.status == 201
        session = answer.json
        assert session["options"]["size"] == {"width": 256, "height": 144}
        assert session["options"]["seed"] == "3"
        path = f"/api/sessions/{session['id']}"
        assert (await server.request("GET", path)).json == session
        listed = (await server.request("GET", "/api/sessions?pageSize=5")).json
        assert listed == {"sessions": [session], "nextPageToken": ""}
        for _ in range(2):
            ended = await server.request("DELETE", path)
            assert (ended.status, ended.json["state"]) == (200, "SESSION_STATE_ENDED")
        assert (await server.request("GET", "/api/sessions")).json["sessions"] == []
        known = (await server.request("GET", "/api/sessions?includeEnded=true")).json
        assert [one["id"] for one in known["sessions"]] == [session["id"]]

    run(tmp_path, test)


def test_session_takes_a_shape_and_a_background(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        options = {"size": "bubble", "background": "transparent"}
        answer = await server.request("POST", "/api/sessions", options)
        assert answer.json["options"]["size"] == {"width": 300, "height": 150}
        assert answer.json["options"]["background"] == "transparent"

    run(tmp_path, test)


def test_session_needs_no_body(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("POST", "/api/sessions")
        assert answer.json["options"]["avatar"] == "mira"

    run(tmp_path, test)


def test_light_is_taken_and_leads_to_no_packet(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await made(server)
        body = {"sequence": 1, "light": {"left": 0x102030, "strength": 0.2}}
        answer = await server.request("POST", f"/api/sessions/{session}/events", body)
        assert answer.status == 200
        assert "packet" not in answer.json
        (told,) = server.body(session).surroundings
        assert (told.left, told.right) == ((16, 32, 48), (0, 0, 0))
        assert told.strength == pytest.approx(0.2)

    run(tmp_path, test)


def test_quality_is_switched_and_the_session_tells_it(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await made(server)
        body = {"sequence": 1, "quality": {"quality": "QUALITY_HALF"}}
        answer = await server.request("POST", f"/api/sessions/{session}/events", body)
        assert (answer.status, "packet" in answer.json) == (200, False)
        assert server.body(session).qualities == [Quality.HALF]
        told = (await server.request("GET", f"/api/sessions/{session}")).json
        assert told["options"]["quality"] == "QUALITY_HALF"
        assert told["textures"]["misses"] == "10"

    run(tmp_path, test)


def test_event_is_answered_with_its_packet(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server)}/events"
        for body in (HELLO, {"event": HELLO}):
            answer = await server.request("POST", path, body)
            assert answer.status == 200
            assert answer.json["packet"]["eventSequence"] == "1"
            assert answer.json["packet"]["blends"]
            assert answer.json["brainUs"] > 0

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        ({"sequence": 1, "emotion": {"vad": {"valence": 2}}}, 400, "INVALID_ARGUMENT", "[-1, 1]"),
        (
            {"sequence": 1, "emotion": {"vad": {"valence": "NaN"}}},
            400,
            "INVALID_ARGUMENT",
            "nan, expected",
        ),
        (b'{"sequence": 1, "emotion": {"vad": {"valence": NaN}}}', 400, "INVALID_ARGUMENT", "NaN"),
        ({"sequence": 1, "expression": {"id": "E_9999"}}, 404, "NOT_FOUND", "E_9999"),
        ({"sequence": 1}, 400, "INVALID_ARGUMENT", "no kind"),
        (b"{", 400, "INVALID_ARGUMENT", "no JSON"),
        (b"\xff\xfe", 400, "INVALID_ARGUMENT", "no JSON"),
        (b"[" * 100_000, 400, "INVALID_ARGUMENT", "no JSON"),
        (
            {"sequence": 1, "speak": {"text": "x" * 100_000}},
            400,
            "INVALID_ARGUMENT",
            "100,000 characters, expected at most 8,000",
        ),
        (
            {"sequence": 1, "speak": {"text": "x" * 1_000_000}},
            413,
            "INVALID_ARGUMENT",
            "at most 262,144 bytes",
        ),
        (b"x" * 20_000_000, 413, "INVALID_ARGUMENT", "at most 262,144 bytes"),
    ],
)
def test_bad_event_is_refused_and_the_session_goes_on(
    tmp_path: Path, body: object, status: int, code: str, said: str
) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server)}/events"
        try:
            answer = await server.request("POST", path, body)
        except (BrokenPipeError, ConnectionResetError):
            # Far beyond any sense the server hangs up, which is an answer too.
            assert isinstance(body, bytes)
            assert len(body) > 8_000_000
        else:
            assert is_error(answer, status, code, said)
        assert (await server.request("POST", path, HELLO)).status == 200

    run(tmp_path, test)


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for method, path in (
            ("GET", f"/api/sessions/{UNKNOWN}"),
            ("DELETE", f"/api/sessions/{UNKNOWN}"),
            ("POST", f"/api/sessions/{UNKNOWN}/events"),
            ("POST", f"/api/sessions/{UNKNOWN}/offer"),
            ("GET", "/api/library/capsules/VF_NOT_THERE"),
            ("GET", "/api/nothing"),
            ("GET", "/../../etc/passwd"),
        ):
            answer = await server.request(method, path, HELLO if method == "POST" else None)
            assert is_error(answer, 404, "NOT_FOUND", "")
        answer = await server.request("PUT", "/api/sessions", {})
        assert is_error(answer, 405, "UNIMPLEMENTED", "Method Not Allowed")

    run(tmp_path, test)


def test_event_for_an_ended_session_is_refused(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server)}"
        await server.request("DELETE", path)
        for door in ("events", "offer"):
            answer = await server.request("POST", f"{path}/{door}", HELLO)
            assert is_error(answer, 409, "FAILED_PRECONDITION", "has ended")

    run(tmp_path, test)


def test_bad_options_are_refused_naming_the_field(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for options, field in (
            ({"size": "12x12"}, "options.size"),
            ({"background": "picture:../key"}, "options.background"),
            ({"fps": 61}, "options.fps"),
            ({"avatar": "nobody"}, "options.avatar"),
            ({"personality": "grumpy"}, "options.personality"),
            ({"colour": "red"}, "options"),
        ):
            answer = await server.request("POST", "/api/sessions", options)
            assert is_error(answer, 400, "INVALID_ARGUMENT", "", field)
            assert "expected expected" not in answer.json["error"]["message"]
        answer = await server.request("GET", "/api/sessions?pageSize=many")
        assert is_error(answer, 400, "INVALID_ARGUMENT", "'many'", "pageSize")

    run(tmp_path, test)


def test_full_server_says_when_to_come_again(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        await made(server)
        answer = await server.request("POST", "/api/sessions", {})
        assert is_error(answer, 429, "RESOURCE_EXHAUSTED", "1 sessions")
        assert answer.headers["retry-after"] == "1"

    run(tmp_path, test, max_sessions=1)


def test_offer_is_answered(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server)}/offer"
        answer = await server.request("POST", path, {"type": "offer", "sdp": "v=0\r\n"})
        assert (answer.status, answer.json) == (200, {"type": "answer", "sdp": "v=0\r\n"})
        for offer, said in (
            ({"type": "offer", "sdp": "garbage"}, "v=0"),
            ({"type": "answer", "sdp": "v=0"}, "'offer'"),
            ([], "JSON object"),
        ):
            answer = await server.request("POST", path, offer)
            assert is_error(answer, 400, "INVALID_ARGUMENT", said)

    run(tmp_path, test)


def test_library_is_listed_page_by_page(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        names: list[str] = []
        token = ""
        while True:
            path = f"/api/library/expressions?pageSize=25&pageToken={token}"
            page = (await server.request("GET", path)).json
            names += [one["name"] for one in page["expressions"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert len(names) == len(set(names)) >= 40
        hands = await server.request("GET", "/api/library/capsules?layer=hand&pageSize=1000")
        assert {one["layer"] for one in hands.json["capsules"]} == {"LAYER_HAND"}
        same = await server.request("GET", "/api/library/capsules?layer=LAYER_HAND&pageSize=1000")
        assert same.json == hands.json
        answer = await server.request("GET", "/api/library/capsules?layer=LAYER_FOOT")
        assert is_error(answer, 400, "INVALID_ARGUMENT", "LAYER_FOOT", "layer")
        cid = hands.json["capsules"][0]["cid"]
        whole = await server.request("GET", f"/api/library/capsules/{cid}")
        assert json.loads(whole.json["json"])["cid"] == cid

    run(tmp_path, test)


def test_page_and_docs_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for path in ("/", "/docs", "/docs/page.js", "/docs/style.css"):
            answer = await server.request("GET", path)
            assert answer.status == 200
            for start in (b'src="http', b'href="http', b"@import", b"//cdn"):
                assert start not in answer.body
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'self'" in answer.headers["content-security-policy"]

    run(tmp_path, test)


def test_docs_with_a_slash_are_the_docs(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("GET", "/docs/")
        assert (answer.status, answer.headers["location"]) == (307, "../docs")

    run(tmp_path, test)


def test_description_covers_the_api_and_refers_to_what_is_there(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        document = (await server.request("GET", "/openapi.json")).json
        assert set(document["paths"]) == {
            "/api/avatars",
            "/api/avatars/{name}",
            "/api/avatars/{name}/capsules/{cid}.png",
            "/api/avatars:detectLandmarks",
            "/api/conversations",
            "/api/conversations/{id}",
            "/api/conversations/{id}/messages",
            "/api/faults",
            "/api/governance",
            "/api/governance/orders",
            "/api/governance/reinstate",
            "/api/governance/revoke",
            "/api/governance/whitelist",
            "/api/health",
            "/api/judgements",
            "/api/judgements/{id}",
            "/api/library/capsules",
            "/api/library/capsules/{cid}",
            "/api/library/expressions",
            "/api/library/profiles",
            "/api/library/targets",
            "/api/memories",
            "/api/memories/{id}",
            "/api/messages/{id}",
            "/api/performance",
            "/api/personalities",
            "/api/sessions",
            "/api/sessions/{id}",
            "/api/sessions/{id}/audit",
            "/api/sessions/{id}/events",
            "/api/sessions/{id}/judgements",
            "/api/sessions/{id}/mood/explanation",
            "/api/sessions/{id}/offer",
            "/api/library/capsules:importTake",
            "/api/studies",
            "/api/studies/{name}/trial",
            "/api/studies/{name}/trials/{id}",
            "/api/studies/{name}:open",
            "/api/studies/{name}/participants",
            "/api/studies/{name}/results",
            "/api/studies/{name}/results.md",
            "/api/studies/{name}/trials/{id}/{side}.mp4",
            "/api/studies/{name}:close",
            "/api/studies/{name}",
            "/api/studies/{name}/definition",
            "/api/studies/{name}/ratings.csv",
            "/api/training/corpora",
            "/api/training/datasets/{id}",
            "/api/training/datasets/{id}/items",
            "/api/training/export",
            "/api/training/finetunes/{id}",
            "/api/training/finetunes/{id}/samples",
            "/api/training/items/{id}",
            "/api/training/mark-exported/{conversation_id}",
            "/api/training/projects",
            "/api/training/projects/{id}",
            "/api/training/projects/{id}/datasets",
            "/api/training/projects/{id}/finetunes",
            "/api/training/projects/{id}/prompts",
            "/api/training/stats",
            "/api/users",
            "/api/users/{id}",
            "/api/users/{id}/export",
            "/api/users/{id}/recall",
        }
        text = json.dumps(document)
        referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert referred <= set(document["components"]["schemas"])
        assert {"Event", "SessionOptions", "Error"} <= referred

    run(tmp_path, test)


def test_pages_of_other_origins_may_change_nothing(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        other = {"Origin": "https://other.example"}
        answer = await server.request("POST", "/api/sessions", {}, other)
        assert is_error(answer, 403, "PERMISSION_DENIED", "origin")
        assert "access-control-allow-origin" not in answer.headers
        own = {"Origin": server.ready.url}
        assert (await server.request("POST", "/api/sessions", {}, own)).status == 201

    run(tmp_path, test)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "[::1", "", "127.0.0.1.evil"]
)
def test_host_that_is_not_ours_is_refused(tmp_path: Path, host: str) -> None:
    async def test(server: Running) -> None:
        for method, path in (("POST", "/api/sessions"), ("GET", "/api/sessions"), ("GET", "/")):
            rebound = {"Host": host, "Origin": f"http://{host}"}
            answer = await server.request(method, path, None, rebound)
            assert is_error(answer, 403, "PERMISSION_DENIED", "allowed_hosts")

    run(tmp_path, test)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:9000", "[::1]:8080", "192.0.2.7", "cast.example"],
)
def test_own_names_and_addresses_are_ours(tmp_path: Path, host: str) -> None:
    async def test(server: Running) -> None:
        own = {"Host": host, "Origin": f"http://{host}"}
        assert (await server.request("POST", "/api/sessions", {}, own)).status == 201

    run(tmp_path, test, allowed_hosts="Cast.Example")


@pytest.mark.parametrize("origin", ["http://[", "null", "://", ""])
def test_malformed_origin_is_refused(tmp_path: Path, origin: str) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("POST", "/api/sessions", {}, {"Origin": origin})
        assert is_error(answer, 403, "PERMISSION_DENIED", "origin")

    run(tmp_path, test)


def test_allowed_origin_may_call(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        friend = {"Origin": "https://friend.example"}
        answer = await server.request("POST", "/api/sessions", {}, friend)
        assert answer.status == 201
        assert answer.headers["access-control-allow-origin"] == "https://friend.example"
        asking = {**friend, "Access-Control-Request-Method": "DELETE"}
        assert (await server.request("OPTIONS", "/api/sessions", None, asking)).status == 200

    run(tmp_path, test, allowed_origins="https://friend.example")


def test_named_client_must_count_upwards(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        path = f"/api/sessions/{await made(server)}/events"
        me = {"X-Client-Id": "me"}
        assert (await server.request("POST", path, HELLO, me)).status == 200
        answer = await server.request("POST", path, HELLO, me)
        assert is_error(answer, 409, "ALREADY_EXISTS", "sequence is 1")

    run(tmp_path, test)


@pytest.mark.parametrize("name", ["call-1", "call:1", "stream:1", "id:me", "me"])
def test_client_may_call_itself_anything(tmp_path: Path, name: str) -> None:
    async def test(server: Running) -> None:
        session_id = await made(server)
        path = f"/api/sessions/{session_id}/events"
        high = HELLO | {"sequence": 9}
        assert (await server.request("POST", path, high, {"X-Client-Id": name})).status == 200
        # Calls of nobody number themselves inside, and none may meet that client's number.
        for _ in range(3):
            assert (await server.request("POST", path, HELLO)).status == 200
        session = server.server.sessions.get(session_id)  # type: ignore[union-attr]
        stream = Event(1, Interrupt())
        assert session.handle(stream, "stream:1").packets
        answer = await server.request("POST", path, high, {"X-Client-Id": name})
        assert is_error(answer, 409, "ALREADY_EXISTS", "sequence is 9")

    run(tmp_path, test)


def test_unforeseen_error_tells_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(server: Running) -> None:
        session_id = await made(server)
        monkeypatch.setattr(server.body(session_id), "apply", lambda *_a, **_k: 1 / 0)
        answer = await server.request("POST", f"/api/sessions/{session_id}/events", HELLO)
        assert is_error(answer, 500, "INTERNAL", "internal error")
        assert "ZeroDivisionError" in caplog.text

    run(tmp_path, test)


def test_health_tells_that_the_server_answers(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        await made(server)
        answer = (await server.request("GET", "/api/health")).json
        assert (answer["status"], answer["sessions"]) == ("SERVING", 1)

    run(tmp_path, test)
