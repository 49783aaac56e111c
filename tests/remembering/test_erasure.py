import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.archive import Archive
from storage.database import Database
from storage.erasure import Erasure
from storage.errors import NotStoredError
from storage.keys import new_key
from storage.media_store import MediaStore
from storage.models import (
    AgentLog,
    Audio,
    Base,
    Chat,
    ClientSystem,
    Conversation,
    Fault,
    Image,
    Judgement,
    Memory,
    Message,
    Session,
    Stt,
    TrainingDataItem,
    Tts,
    User,
    Video,
    Vision,
)
from storage.records import (
    AgentRecord,
    ChatRecord,
    MemoryNoted,
    MessageRecord,
    Record,
    SessionEnded,
    SessionStarted,
    SpeechRecord,
)
from storage.repository import Repository
from tests.remembering.rows import stored

SECRET = "xyzzy"


def life(database: Database, media: MediaStore, secret: str) -> User:
    """A user of whom there is something in every corner, and `secret` in all of it."""
    user = stored(
        database,
        User,
        username=secret,
        external_identifier=secret + "1",
        email=secret,
        coordinates={"phone": secret},
    )
    client = stored(database, ClientSystem, browser={"agent": secret}, external_accounts={})
    session = stored(
        database, Session, user_id=user.id, client_system_id=client.id, journal="j.rec"
    )
    conversation = stored(
        database, Conversation, session_id=session.id, user_id=user.id, topics_discussed=[secret]
    )
    here = {"session_id": session.id}
    message = stored(
        database,
        Message,
        **here,
        conversation_id=conversation.id,
        text=secret,
        packet=secret.encode(),
        agent_outputs={"saw": secret},
        memory_context=[secret],
        voice_emotion=secret,
    )
    said = {"message_id": message.id}
    talk = {"conversation_id": conversation.id}
    stored(database, Memory, **talk, **said, user_id=user.id, content=secret, context=secret)
    stored(database, AgentLog, **talk, **said, input={"text": secret}, output={"a": [secret]})
    stored(
        database, Chat, **talk, user_prompt_id=message.id, reply_id=None, system_prompt_text=secret
    )
    stored(database, Fault, **here, cause=secret)
    stored(
        database,
        TrainingDataItem,
        **said,
        values=[secret, "b"],
        source_document=secret,
        source_document_start=secret,
        source_document_end=secret,
    )
    stored(database, Judgement, user_id=user.id, comment=secret)
    sound, film, picture = (media.put([secret.encode()], "a/b", "bin").id for _ in range(3))
    heard = stored(database, Audio, **here, file_id=sound, provenance=secret)
    stored(database, Video, **here, file_id=film, provenance=secret)
    seen = stored(database, Image, **here, file_id=picture, provenance=secret)
    stored(database, Stt, **said, audio_id=heard.id, text=secret)
    stored(database, Tts, **said, audio_id=None, text=secret)
    stored(database, Vision, image_id=seen.id, description=secret)
    return user


def found_anywhere(database: Database, secret: str) -> set[str]:
    """Tables with the secret in any column of any row."""
    found = set()
    with database.engine.connect() as connection:
        for table in Base.metadata.tables.values():
            for row in connection.execute(select(table)):
                if secret in repr(tuple(row)):
                    found.add(table.name)
    return found


def test_nothing_of_an_erased_user_is_left_and_all_of_another(
    database: Database, tmp_path: Path
) -> None:
    media = MediaStore(tmp_path / "media", database)
    user, other = life(database, media, SECRET), life(database, media, "plugh")
    before = found_anywhere(database, "plugh")
    assert found_anywhere(database, SECRET) == before
    assert len(before) >= 14
    erased = Erasure(database, media).erase(user.id)
    assert (erased.sessions, erased.messages, erased.journals) == (1, 1, ("j.rec",))
    assert found_anywhere(database, SECRET) == set()
    assert found_anywhere(database, "plugh") == before
    kept = (tmp_path / "media").rglob("*.bin")
    assert {path.read_text() for path in kept} == {"plugh"}
    assert media.check(young_s=0).files_without_row == ()
    assert other.username == "plugh"


def test_an_erased_user_can_be_erased_again(database: Database, tmp_path: Path) -> None:
    media = MediaStore(tmp_path / "media", database)
    user = life(database, media, SECRET)
    erasure = Erasure(database, media)
    erasure.erase(user.id)
    erasure.erase(user.id)
    with pytest.raises(NotStoredError):
        erasure.erase(new_key())


def test_a_user_gets_everything_that_is_stored_of_them(database: Database, tmp_path: Path) -> None:
    media = MediaStore(tmp_path / "media", database)
    user = life(database, media, SECRET)
    life(database, media, "plugh")
    exported = json.loads(json.dumps(Erasure(database, media).export(user.id)))
    tables = {table for table, rows in exported.items() if SECRET in json.dumps(rows)}
    hidden = {"vision"}  # by way of the picture
    assert tables == found_anywhere(database, SECRET) - hidden
    assert "plugh" not in json.dumps(exported)


def test_what_is_written_of_an_erased_user_later_tells_nothing(
    database: Database, tmp_path: Path
) -> None:
    session = new_key()
    started = SessionStarted(
        id=session,
        avatar="mira",
        width=512,
        height=512,
        fps=30,
        seed=1,
        personality="friendly",
        probe=False,
        reply=True,
        version="0",
        user=SECRET,
    )
    repository = Repository(database)
    repository.add([started])
    (user,) = Archive(database).page(User)
    Erasure(database, MediaStore(tmp_path / "media", database)).erase(user.id)
    packet = SECRET.encode()
    said = MessageRecord(session, "user", SECRET, "client", 0.5, 0.0, 0.0, "glad", packet)
    reply = replace(said, role="assistant", id=new_key(), memory_context=(SECRET,))
    said = replace(said, voice_emotion=SECRET, agent_outputs={"saw": SECRET})
    late: list[Record] = [
        said,
        AgentRecord(session, said.id, "appraiser", {"text": SECRET}, {"saw": SECRET}),
        reply,
        ChatRecord(session, "rules", {"about": SECRET}, said.id, reply.id),
        SpeechRecord("espeak", {}, SECRET, reply.id),
        MemoryNoted(session, said.id, "name", "name", SECRET, SECRET, "long", 1.0, 0.9),
        SessionEnded(session, "done"),
    ]
    repository.add(late)
    assert found_anywhere(database, SECRET) == set()
    rows = Archive(database).page(Message)
    assert [(row.role, row.text, row.training_flag) for row in rows] == [
        ("user", "", False),
        ("assistant", "", False),
    ]
    assert rows[0].valence == 0.5
