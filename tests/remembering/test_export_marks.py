from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.archive import Archive
from storage.database import Database
from storage.errors import ConflictError, NotStoredError
from storage.export_marks import ExportMarks
from storage.keys import new_key
from storage.models import AgentLog, Conversation, Memory, Message
from tests.remembering.rows import stored


def test_a_conversation_is_marked_once_however_many_ask(database: Database) -> None:
    row = stored(database, Conversation, training_data_exported=False, exported_at=None)
    marks = ExportMarks(database)

    def mark(_number: int) -> bool:
        try:
            marks.mark(row.id)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(mark, range(20))) == 1
    found = Archive(database).get(Conversation, row.id)
    assert found.training_data_exported
    assert found.exported_at is not None
    with pytest.raises(NotStoredError):
        marks.mark(new_key())


def test_many_are_marked_together_and_those_that_are_stay(database: Database) -> None:
    new = [stored(database, Conversation, training_data_exported=False) for _ in range(2)]
    old = stored(database, Conversation, training_data_exported=True)
    marks = ExportMarks(database)
    assert marks.mark_all([row.id for row in (*new, old)]) == 2
    assert marks.mark_all([row.id for row in new]) == 0
    assert Archive(database).get(Conversation, old.id).exported_at == old.exported_at
    assert marks.stats().exported == 3


def test_stats_count_what_there_is(database: Database) -> None:
    empty = ExportMarks(database).stats()
    assert (empty.conversations, empty.messages, empty.mean_quality) == (0, 0, None)
    good = stored(database, Conversation, conversation_quality=0.9, avg_response_time=2.0,
                  training_data_exported=True, consent=True, total_messages=3)  # fmt: skip
    poor = stored(database, Conversation, conversation_quality=0.5, avg_response_time=None,
                  training_data_exported=False, consent=False, total_messages=0)  # fmt: skip
    said = {"session_id": good.session_id, "conversation_id": good.id}
    stored(database, Message, **said, training_flag=True, voice_pitch=None)
    stored(database, Message, **said, training_flag=True, voice_pitch=180.0)
    stored(database, Message, **said, training_flag=False, voice_pitch=180.0)
    stored(database, Memory, conversation_id=poor.id, message_id=None)
    stored(database, AgentLog, conversation_id=poor.id, message_id=None)
    stats = ExportMarks(database).stats()
    assert (stats.conversations, stats.exported, stats.consented, stats.high_quality) == (
        2,
        1,
        1,
        1,
    )
    assert (stats.messages, stats.flagged_messages, stats.voice_messages) == (3, 2, 1)
    assert (stats.memories, stats.agent_logs) == (1, 1)
    assert stats.mean_quality == pytest.approx(0.7)
    assert stats.mean_response_time_s == 2.0
