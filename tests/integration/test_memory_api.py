import sqlite3
from collections.abc import Iterator

import pytest
from google.protobuf.json_format import MessageToDict
from grpc import StatusCode, aio

from capsulecast.v1 import memory_service_pb2 as pb
from storage.archive import Archive
from storage.models import Fault, Performance, Session
from tests.integration.remembering import UNKNOWN, Asked, asking, emptied, talk
from tests.remembering.rows import stored


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asking(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def asked(server: Asked) -> Asked:
    return emptied(server)


def test_conversations_are_listed_page_by_page_over_both_doors(asked: Asked) -> None:
    talks = [talk(asked.database, number) for number in range(5)]
    newest = [str(one.conversation) for one in reversed(talks)]
    over_http: list[str] = []
    token, sizes = "", []
    while True:
        page = asked.get(f"/api/conversations?pageSize=2&pageToken={token}")
        over_http += [one["id"] for one in page["conversations"]]
        sizes.append(len(page["conversations"]))
        token = page["nextPageToken"]
        if not token:
            break
    assert (over_http, sizes) == (newest, [2, 2, 1])
    request = pb.ListConversationsRequest(page_size=5)
    answer = asked.call(asked.memory.ListConversations, request)
    assert [one.id for one in answer.conversations] == newest
    assert answer.next_page_token == ""
    assert MessageToDict(answer, always_print_fields_with_no_presence=True) == (
        asked.get("/api/conversations?pageSize=5")
    )


def test_conversations_are_found_by_user_quality_and_what_was_said(asked: Asked) -> None:
    poor = talk(asked.database, 1, ("It is 100% rain",), conversation_quality=0.2)
    good = talk(asked.database, 2, ("Sunshine again",), conversation_quality=0.8)
    for query, found in (
        (f"userId={poor.user}", [poor]),
        ("search=SUNSHINE", [good]),
        ("search=100%25", [poor]),
        ("search=nothing", []),
        ("minQuality=0.5", [good]),
        ("minQuality=0.1", [good, poor]),
    ):
        page = asked.get(f"/api/conversations?{query}")
        ids = [one["id"] for one in page["conversations"]]
        assert ids == [str(one.conversation) for one in found], query


def test_a_conversation_has_its_figures_and_its_messages_in_order(asked: Asked) -> None:
    one = talk(asked.database, 1, ("one", "two", "three"), topics_discussed=["work"])
    path = f"/api/conversations/{one.conversation}"
    found = asked.get(path)["conversation"]
    assert (found["sessionId"], found["userId"]) == (str(one.session), str(one.user))
    assert found["topicsDiscussed"] == ["work"]
    assert found["createdAt"] == "2026-01-02T00:00:00Z"
    page = asked.get(f"{path}/messages?pageSize=2")
    rest = asked.get(f"{path}/messages?pageToken={page['nextPageToken']}")
    messages = page["messages"] + rest["messages"]
    assert [item["text"] for item in messages] == ["one", "two", "three"]
    assert [item["role"] for item in messages] == ["user", "assistant", "user"]
    assert messages[0]["agentOutputs"] == {"appraisal": {"label": "glad"}}
    assert messages[1]["memoryContext"] == ["m"]
    assert rest["nextPageToken"] == ""


def test_what_a_session_says_can_be_read_at_once(asked: Asked) -> None:
    session = asked.ask("POST", "/api/sessions", {}).json["id"]
    event = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": "That is wonderful!"}}
    assert asked.ask("POST", f"/api/sessions/{session}/events", event).status == 200
    (found,) = asked.get("/api/conversations?search=wonderful")["conversations"]
    assert found["sessionId"] == session
    messages = asked.get(f"/api/conversations/{found['id']}/messages")["messages"]
    assert messages[0]["text"] == "That is wonderful!"
    assert asked.ask("DELETE", f"/api/sessions/{session}").status == 200
    # What the end writes has been written.
    assert not asked.get("/api/conversations?search=wonderful")["conversations"][0]["isActive"]


def test_a_message_is_rated_and_kept_out_of_training(asked: Asked) -> None:
    one = talk(asked.database)
    path = f"/api/messages/{one.messages[1]}"
    answer = asked.ask("PATCH", path, {"userFeedback": 5})
    assert answer.json["message"]["userFeedback"] == 5
    assert answer.json["message"]["trainingFlag"] is True
    request = pb.UpdateMessageRequest(id=str(one.messages[1]), training_flag=False)
    kept = asked.call(asked.memory.UpdateMessage, request).message
    assert (kept.user_feedback, kept.training_flag) == (5, False)
    found = asked.get(f"/api/conversations/{one.conversation}")
    # The other message has been rated 3.5.
    assert found["conversation"]["userSatisfaction"] == 4.25
    bad = asked.ask("PATCH", path, {"userFeedback": 6})
    assert (bad.status, bad.json["error"]["details"][0]["field"]) == (400, "user_feedback")
    assert asked.ask("PATCH", f"/api/messages/{UNKNOWN}", {}).status == 404


def test_memories_are_kept_recalled_counted_and_forgotten(asked: Asked) -> None:
    one = talk(asked.database)
    made = []
    for number in range(4):
        memory = {
            "userId": str(one.user),
            "tier": "MEMORY_TIER_LONG" if number else "MEMORY_TIER_SHORT",
            "content": f"likes tea {number}",
            "importance": number / 10,
        }
        answer = asked.ask("POST", "/api/memories", {"memory": memory})
        assert answer.status == 201, answer.body
        made.append(answer.json["memory"])
    assert made[0]["importance"] == 0
    assert made[0]["trainingRelevance"] == 0.5
    path = f"/api/users/{one.user}/recall"
    recalled = asked.ask("POST", path, {"countUse": True}).json["memories"]
    assert [item["content"][-1] for item in recalled] == ["3", "2", "0"]
    request = pb.RecallMemoriesRequest(user_id=str(one.user))
    again = asked.call(asked.memory.RecallMemories, request).memories
    assert [item.access_count for item in again] == [1, 1, 1]
    listed = asked.get(f"/api/memories?userId={one.user}&tier=MEMORY_TIER_LONG")
    assert [item["content"][-1] for item in listed["memories"]] == ["3", "2", "1"]
    gone = f"/api/memories/{made[3]['id']}"
    assert asked.ask("DELETE", gone).status == 200
    assert asked.ask("DELETE", gone).status == 404


@pytest.mark.parametrize(
    ("memory", "status", "field"),
    [
        ({"content": "x", "tier": "MEMORY_TIER_LONG", "userId": "ada"}, 400, "memory.user_id"),
        ({"content": "x", "userId": UNKNOWN}, 400, "memory.tier"),
        ({"content": " ", "tier": "MEMORY_TIER_LONG", "userId": UNKNOWN}, 400, "memory.content"),
        (
            {"content": "x", "tier": "MEMORY_TIER_LONG", "userId": UNKNOWN, "importance": 2},
            400,
            "memory.importance",
        ),
        ({"content": "x", "tier": "MEMORY_TIER_LONG", "userId": UNKNOWN}, 404, None),
        ({"contents": "x"}, 400, "request"),
    ],
)
def test_a_bad_memory_is_refused_naming_the_field(
    asked: Asked, memory: dict[str, object], status: int, field: str | None
) -> None:
    answer = asked.ask("POST", "/api/memories", {"memory": memory})
    assert answer.status == status, answer.body
    details = answer.json["error"]["details"]
    assert [item["field"] for item in details] == ([field] if field else [])


def test_judgements_are_given_listed_and_taken_back(asked: Asked) -> None:
    one = talk(asked.database)
    of_message = {"targetKind": "message", "targetId": str(one.messages[1])}
    judgement = {**of_message, "score": -0.5, "comment": "meh", "userId": str(one.user)}
    answer = asked.ask("POST", "/api/judgements", {"judgement": judgement})
    assert answer.status == 201, answer.body
    first = answer.json["judgement"]
    assert first["active"] is True
    request = pb.CreateJudgementRequest()
    request.judgement.target_kind = "last_reply"
    request.judgement.target_id = str(one.session)
    request.judgement.score = 1
    last = asked.call(asked.memory.CreateJudgement, request).judgement
    assert (last.target_kind, last.target_id) == ("message", str(one.messages[1]))
    path = f"/api/judgements?targetKind=message&targetId={one.messages[1]}"
    assert [item["score"] for item in asked.get(path)["judgements"]] == [-0.5, 1]
    changed = asked.ask("PATCH", f"/api/judgements/{first['id']}", {"active": False})
    assert changed.json["judgement"] == first | {"active": False}
    assert [item["score"] for item in asked.get(path)["judgements"]] == [1]
    assert len(asked.get(f"{path}&inactiveToo=true")["judgements"]) == 2


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"targetKind": "weather"}, 400, "INVALID_ARGUMENT"),
        ({"targetId": UNKNOWN}, 404, "NOT_FOUND"),
        ({"targetKind": "last_reply", "targetId": UNKNOWN}, 404, "NOT_FOUND"),
        ({"score": 1.5}, 400, "INVALID_ARGUMENT"),
        ({"score": "NaN"}, 400, "INVALID_ARGUMENT"),
        ({"userId": UNKNOWN}, 400, "INVALID_ARGUMENT"),
    ],
)
def test_a_bad_judgement_is_refused(
    asked: Asked, change: dict[str, object], status: int, code: str
) -> None:
    one = talk(asked.database)
    judgement = {"targetKind": "session", "targetId": str(one.session), "score": 1} | change
    answer = asked.ask("POST", "/api/judgements", {"judgement": judgement})
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    path = f"/api/judgements?targetKind=session&targetId={one.session}"
    assert asked.get(path)["judgements"] == []


def test_figures_and_faults_are_found_by_session_and_kind(asked: Asked) -> None:
    one = talk(asked.database)
    stored(asked.database, Performance, session_id=one.session, measure="render.p99", value=3.5)
    stored(asked.database, Performance, session_id=None, measure="encode.p99")
    stored(asked.database, Fault, session_id=one.session, mode="device_lost", during="chat")
    stored(asked.database, Fault, session_id=None, mode="storage_overflow")
    for query, found in (
        ("", ["encode.p99", "render.p99"]),
        (f"?sessionId={one.session}", ["render.p99"]),
        ("?measure=encode.p99", ["encode.p99"]),
    ):
        figures = asked.get(f"/api/performance{query}")["figures"]
        assert [item["measure"] for item in figures] == found
    faults = asked.call(asked.memory.ListFaults, pb.ListFaultsRequest(mode="device_lost")).faults
    assert [(one.session_id, one.during) for one in faults] == [(str(one.session), "chat")]
    assert len(asked.get("/api/faults")["faults"]) == 2


def test_a_user_is_made_known_exported_and_erased(asked: Asked) -> None:
    at = "2026-02-03T00:00:00Z"
    user = {"username": "grace", "email": "grace@example.org", "consentAt": at}
    made = asked.ask("POST", "/api/users", {"user": user})
    assert made.status == 201
    known = made.json["user"]
    assert known["consentAt"] == at
    path = f"/api/users/{known['id']}"
    changed = asked.ask("PUT", path, {"user": {"username": "hopper"}})
    assert (changed.json["user"]["email"], changed.json["user"]["username"]) == ("", "hopper")
    listed = asked.get("/api/users?username=hopper")["users"]
    assert [item["id"] for item in listed] == [known["id"]]
    one = talk(asked.database, 1, ("my name is ada1", "hello"))
    exported = asked.get(f"/api/users/{one.user}/export")["tables"]
    assert [row["text"] for row in exported["message"]] == ["my name is ada1", "hello"]
    erased = asked.ask("DELETE", f"/api/users/{one.user}")
    assert erased.json == {"sessions": 1, "messages": 2}
    again = asked.get(f"/api/conversations/{one.conversation}/messages")
    assert [item["text"] for item in again["messages"]] == ["", ""]
    back = asked.ask("PUT", f"/api/users/{one.user}", {"user": {"username": "ada1"}})
    assert (back.status, back.json["error"]["code"]) == (409, "FAILED_PRECONDITION")
    taken = asked.ask("POST", "/api/users", {"user": {"username": "hopper"}})
    assert taken.status == 400


def test_erasing_a_user_removes_their_recordings(asked: Asked) -> None:
    journals = asked.folder / "journals"
    journals.mkdir(exist_ok=True)
    one, other = talk(asked.database, 1), talk(asked.database, 2)
    for number, who in enumerate((one, other)):
        (journals / f"{number}.journal").write_bytes(b"what was said")
        Archive(asked.database).change(Session, who.session, journal=f"{number}.journal")
    request = pb.EraseUserRequest(user_id=str(one.user))
    assert asked.call(asked.memory.EraseUser, request).sessions == 1
    assert [path.name for path in journals.iterdir()] == ["1.journal"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/conversations/{UNKNOWN}", 404),
        (f"/api/conversations/{UNKNOWN}/messages", 404),
        ("/api/conversations/nonsense", 400),
        ("/api/conversations?pageToken=nonsense", 400),
        ("/api/conversations?pageToken=YWZ0ZXI6eA==", 400),
        ("/api/conversations?pageSize=1001", 400),
        ("/api/memories?tier=MEMORY_TIER_ETERNAL", 400),
        (f"/api/users/{UNKNOWN}/export", 404),
        ("/api/judgements?targetKind=weather&targetId=x", 400),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_told(asked: Asked, path: str, status: int) -> None:
    answer = asked.ask("GET", path)
    code = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}[status]
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_errors_over_grpc_have_their_codes(asked: Asked) -> None:
    for key, code in (
        (UNKNOWN, StatusCode.NOT_FOUND),
        ("nonsense", StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(aio.AioRpcError) as error:
            asked.call(asked.memory.GetConversation, pb.GetConversationRequest(id=key))
        assert error.value.code() is code


def test_a_database_that_is_away_is_a_reason_to_come_again(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = asked.server.server._database
    assert database is not None

    def away(*_arguments: object, **_options: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as patch:
        patch.setattr(database.engine.dialect, "do_execute", away)
        answer = asked.ask("GET", "/api/conversations")
    assert (answer.status, answer.json["error"]["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert asked.ask("GET", "/api/conversations").status == 200
