from pathlib import Path

import pytest

from control_plane.events import Event, Interrupt
from engine.quality import Quality
from tests.integration.running import HELLO, Running, is_error, made, run


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
