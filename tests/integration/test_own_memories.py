"""What is remembered of whoever asks, and erasing somebody while the server runs."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from storage.keys import new_key
from storage.models import User
from storage.records import MessageRecord, Record, SessionStarted
from storage.spill import Spill
from tests.integration.remembering import Asked, asking, emptied
from tests.remembering.rows import stored

ADA, BOB = "page-" + "a" * 32, "page-" + "b" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asking(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def asked(server: Asked) -> Asked:
    return emptied(server)


def as_(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person}"}


def session(asked: Asked, user: str, *lines: str) -> str:
    """A session of that user's, in which they have said this."""
    options = {"client": {"user": user}}
    found = asked.ask("POST", "/api/sessions", options).json
    for number, line in enumerate(lines, 1):
        event = {"sequence": number, "chat": {"role": "CHAT_ROLE_USER", "text": line}}
        path = f"/api/sessions/{found['id']}/events"
        assert asked.ask("POST", path, event).status == 200
    return str(found["id"])


def texts(asked: Asked, person: str) -> list[str]:
    found = asked.get("/api/me/memories", as_(person))
    return [memory["text"] for memory in found["memories"]]


def test_people_see_what_is_remembered_of_them_in_words_to_themselves(asked: Asked) -> None:
    session(asked, ADA, "Hi, I'm Ada", "My dog is called Rex", "I miss my old friends")
    session(asked, BOB, "I live in Bonn")
    assert texts(asked, ADA) == [
        "You miss your old friends.",
        "Your dog is called Rex.",
        "Your name is Ada.",
    ]
    (memory,) = asked.get("/api/me/memories", as_(BOB))["memories"]
    assert (memory["text"], memory["said"]) == ("You live in Bonn.", "I live in Bonn")
    assert texts(asked, "page-" + "c" * 32) == []


def test_one_memory_is_deleted_and_live_sessions_forget_it_too(asked: Asked) -> None:
    live = session(asked, ADA, "Hi, I'm Ada", "I love tea")
    (tea, _name) = asked.get("/api/me/memories", as_(ADA))["memories"]
    path = f"/api/me/memories/{tea['id']}"
    assert asked.ask("DELETE", path, None, as_(BOB)).status == 404
    assert asked.ask("DELETE", path, None, as_(ADA)).status == 200
    assert texts(asked, ADA) == ["Your name is Ada."]
    event = {"sequence": 9, "chat": {"role": "CHAT_ROLE_USER", "text": "so"}}
    asked.ask("POST", f"/api/sessions/{live}/events", event)
    asked.get("/api/me/memories", as_(ADA))
    told = asked.server.responder.turns[-1].mind
    assert [memory.value for memory in told.memories] == ["Ada"]


def test_all_of_them_are_deleted_and_nobody_elses(asked: Asked) -> None:
    session(asked, ADA, "Hi, I'm Ada", "I love tea")
    session(asked, BOB, "I live in Bonn")
    answer = asked.ask("DELETE", "/api/me/memories", None, as_(ADA))
    assert answer.json == {"forgotten": 2}
    assert (texts(asked, ADA), texts(asked, BOB)) == ([], ["You live in Bonn."])


@pytest.mark.parametrize(
    "who", ["", "Bearer ", "Bearer ada", "Bearer page-12", f"Basic {ADA}", f"Bearer {ADA}0"]
)
def test_whoever_may_be_guessed_is_not_answered(asked: Asked, who: str) -> None:
    stored(asked.database, User, external_identifier="ada", erased_at=None)
    for method, path in (("GET", ""), ("DELETE", ""), ("DELETE", f"/{'0' * 32}")):
        answer = asked.ask(method, f"/api/me/memories{path}", None, {"Authorization": who})
        assert (answer.status, answer.json["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_memory_deleted_by_the_operator_is_gone_from_live_sessions(asked: Asked) -> None:
    live = session(asked, ADA, "Hi, I'm Ada")
    (memory,) = asked.get("/api/memories")["memories"]
    assert asked.ask("DELETE", f"/api/memories/{memory['id']}").status == 200
    event = {"sequence": 9, "chat": {"role": "CHAT_ROLE_USER", "text": "so"}}
    asked.ask("POST", f"/api/sessions/{live}/events", event)
    asked.get("/api/memories")
    assert asked.server.responder.turns[-1].mind.memories == ()


def test_a_user_is_not_erased_while_another_servers_journal_holds_something_of_them(
    asked: Asked,
) -> None:
    said = session(asked, ADA, "Hi, I'm Ada")
    (user,) = asked.get(f"/api/users?externalIdentifier={ADA}")["users"]
    left = Spill(Path(asked.folder / "test.sqlite.waiting"))
    left.open()  # beside the server's own
    path = f"/api/users/{user['id']}"
    for record in (_message(said), _started(ADA)):
        left.add([record])
        answer = asked.ask("DELETE", path)
        assert (answer.status, answer.json["error"]["code"]) == (503, "UNAVAILABLE")
        assert "nothing was erased" in answer.json["error"]["message"]
        assert texts(asked, ADA) == ["Your name is Ada."]
        left.advance(1)
    left.add([_started(BOB)])
    assert asked.ask("DELETE", path).json["sessions"] == 1
    left.advance(1)
    left.close()


def test_what_waits_to_be_written_is_written_before_somebody_is_erased(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(asked, ADA, "Hi, I'm Ada")
    (user,) = asked.get(f"/api/users?externalIdentifier={ADA}")["users"]
    remembered = asked.server.server._remembered
    assert remembered is not None
    with monkeypatch.context() as patch:
        patch.setattr(remembered._erasing, "_settle", lambda: False)
        answer = asked.ask("DELETE", f"/api/users/{user['id']}")
    assert (answer.status, answer.json["error"]["code"]) == (503, "UNAVAILABLE")
    assert asked.ask("DELETE", f"/api/users/{user['id']}").status == 200
    assert asked.get("/api/memories")["memories"] == []


def _message(session_id: str) -> Record:
    return MessageRecord(UUID(session_id), "user", "hm", "client", 0, 0, 0, "calm")


def _started(user: str) -> Record:
    return SessionStarted(
        id=new_key(),
        avatar="mira",
        width=512,
        height=512,
        fps=30,
        seed=1,
        personality="friendly",
        probe=False,
        reply=True,
        version="0",
        user=user,
    )
