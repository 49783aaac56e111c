import asyncio
from pathlib import Path

import pytest

from capsulecast.v1 import memory_service_pb2 as pb
from control_plane.access import Access
from control_plane.errors import InvalidArgumentError
from control_plane.remembering.remembered import Places, Remembered
from control_plane.translate.memory_calls import MemoryCalls
from storage.archive import Archive
from storage.database import Database
from storage.errors import InvalidRecordError, NotStoredError
from storage.keys import new_key
from storage.models import Conversation, Judgement, Memory, Message, Session
from storage.ratings import update_message
from tests.remembering.rows import stored


def test_a_removed_row_takes_its_judgements_links_along(database: Database) -> None:
    archive = Archive(database)
    memory, other = stored(database, Memory), stored(database, Memory)
    judgement = Judgement(score=0.5)
    archive.judge("memory", memory.id, judgement)
    assert archive.judged(judgement.id) == ("memory", memory.id)
    archive.remove(Memory, memory.id)
    with pytest.raises(NotStoredError):
        archive.get(Memory, memory.id)
    with pytest.raises(NotStoredError):
        archive.remove(Memory, memory.id)
    with pytest.raises(NotStoredError):
        archive.judged(judgement.id)
    assert archive.get(Memory, other.id).content == other.content


def test_what_something_refers_to_is_not_removed(database: Database) -> None:
    archive = Archive(database)
    row = stored(database, Conversation)
    with pytest.raises(InvalidRecordError):
        archive.remove(Session, row.session_id)
    assert archive.get(Session, row.session_id).id == row.session_id


def test_a_changed_row_comes_back_as_it_is_kept(database: Database) -> None:
    archive = Archive(database)
    row = stored(database, Memory)
    changed = archive.change(Memory, row.id, importance=0.75)
    assert changed.importance == 0.75
    assert changed.updated_at > row.updated_at
    assert archive.get(Memory, row.id).updated_at == changed.updated_at


def test_a_rating_and_the_training_flag_change_apart(database: Database) -> None:
    conversation = stored(database, Conversation)
    said = {"conversation_id": conversation.id, "session_id": conversation.session_id}
    one = stored(database, Message, **said, user_feedback=None)
    assert update_message(database, one.id, feedback=4.0).user_feedback == 4.0
    kept = update_message(database, one.id, training_flag=False)
    assert (kept.user_feedback, kept.training_flag) == (4.0, False)
    assert Archive(database).get(Conversation, conversation.id).user_satisfaction == 4.0
    with pytest.raises(InvalidRecordError):
        update_message(database, one.id, feedback=6.0, training_flag=True)
    assert not Archive(database).get(Message, one.id).training_flag
    with pytest.raises(NotStoredError):
        update_message(database, new_key(), training_flag=True)


def test_conversations_are_found_by_what_was_said_in_them(
    database: Database, tmp_path: Path
) -> None:
    conversation = stored(database, Conversation)
    stored(database, Conversation)
    said = {"conversation_id": conversation.id, "session_id": conversation.session_id}
    stored(database, Message, **said, text="50% Rain_coat", label="glad")

    async def found(search: str) -> list[str]:
        remembered = Remembered(database, Places(tmp_path, tmp_path), lambda: None, Access())
        request = pb.ListConversationsRequest(search=search)
        try:
            answer = await MemoryCalls(remembered).list_conversations(request)
        finally:
            remembered.close()
        return [one.id for one in answer.conversations]

    for search, count in (("rain_COAT", 1), ("50%", 1), ("5%n", 0), ("rain coat", 0)):
        assert len(asyncio.run(found(search))) == count, search
    with pytest.raises(InvalidArgumentError, match="search"):
        asyncio.run(found("x" * 60_000))
