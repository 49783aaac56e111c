import threading
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session as OrmSession

from storage.archive import Archive
from storage.conversations import rate, topics
from storage.database import Database
from storage.keys import new_key
from storage.models import Conversation, Message
from storage.records import MessageRecord, SessionEnded, SessionStarted
from storage.repository import Repository

SESSION = SessionStarted(
    id=new_key(), avatar="mira", width=512, height=512, fps=30, seed=1, personality="friendly",
    probe=False, reply=True, version="1", platform="grpc", consent=True, model_used="rules",
)  # fmt: skip
SAID = MessageRecord(SESSION.id, "user", "hello", "client", 0.5, 0.0, 0.0, "Glad")


def begun(database: Database) -> SessionStarted:
    session = replace(SESSION, id=new_key())
    Repository(database).add([session])
    return session


def said(session: SessionStarted, **changes: object) -> MessageRecord:
    return replace(SAID, session_id=session.id, id=new_key(), **changes)  # type: ignore[arg-type]


def conversation(database: Database, session: SessionStarted) -> Conversation:
    (row,) = Archive(database).page(Conversation, Conversation.session_id == session.id)
    return row


def test_a_session_opens_a_conversation_and_its_end_closes_it(shared_database: Database) -> None:
    session = begun(shared_database)
    row = conversation(shared_database, session)
    assert (row.platform, row.consent, row.model_used) == ("grpc", True, "rules")
    assert (row.is_active, row.total_messages, row.conversation_quality) == (True, 0, None)
    end = SessionEnded(session.id, "done")
    texts = ("My garden needs roses", "Roses in a garden", "And tulips?")
    Repository(shared_database).add([*(said(session, text=text) for text in texts), end])
    row = conversation(shared_database, session)
    assert (row.is_active, row.ended_at, row.total_messages) == (False, end.ended_at, 3)
    assert row.topics_discussed == ["garden", "roses"]


replies = st.builds(
    said,
    st.just(SESSION),
    role=st.sampled_from(["user", "assistant"]),
    text=st.sampled_from(["short", "word " * 30]),
    confidence=st.none() | st.floats(0, 1),
    processing_time_s=st.none() | st.floats(0, 10),
    memory_context=st.sampled_from([(), ("m",)]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.lists(replies, max_size=5), max_size=4))
def test_figures_are_as_if_worked_out_from_all_messages(
    shared_database: Database, batches: list[list[MessageRecord]]
) -> None:
    session = begun(shared_database)
    repository = Repository(shared_database)
    records = [
        [replace(record, session_id=session.id, id=new_key()) for record in batch]
        for batch in batches
    ]
    for batch in records:
        repository.add(batch)
    flat = [record for batch in records for record in batch]
    row = conversation(shared_database, session)
    rows = Archive(shared_database).page(Message, Message.conversation_id == row.id)
    times = [item.processing_time_s for item in flat if item.processing_time_s is not None]
    trust = [item.confidence for item in flat if item.confidence is not None]
    assert row.total_messages == len(rows) == len(flat)
    assert row.avg_response_time == (pytest.approx(fmean(times)) if times else None)
    assert row.avg_emotion_score == (pytest.approx(fmean(trust)) if trust else None)
    scores = [item.quality_score or 0.0 for item in rows]
    assert row.conversation_quality == (pytest.approx(fmean(scores)) if scores else None)


def test_a_message_keeps_everything_it_came_with(shared_database: Database) -> None:
    session = begun(shared_database)
    record = said(
        session,
        role="assistant",
        text="word " * 30,
        confidence=1.0,
        processing_time_s=1.0,
        agent_outputs={"appraisal": {"label": "Glad"}},
        memory_context=({"id": "1", "content": "likes tea"},),
        voice_pitch=180.5,
        voice_emotion="warm",
        audio_quality=0.75,
        packet=b"\x00\xff",
        event_sequence=2**63 - 1,
    )
    repository = Repository(shared_database)
    repository.add([record])
    assert repository.messages(session.id) == [record]
    (row,) = Archive(shared_database).page(Message, Message.session_id == session.id)
    assert row.quality_score == pytest.approx(0.9)
    assert row.training_flag


def test_ratings_become_the_conversations_satisfaction(shared_database: Database) -> None:
    session = begun(shared_database)
    records = [said(session) for _ in range(3)]
    Repository(shared_database).add(records)
    for record, stars in zip(records, (5.0, 2.0, 3.0), strict=True):
        with OrmSession(shared_database.writer) as orm, orm.begin():
            rate(orm, record.id, 1.0)
            rate(orm, record.id, stars)
    row = conversation(shared_database, session)
    assert row.user_satisfaction == pytest.approx(10 / 3)
    assert row.rated_messages == 3


def test_ratings_at_the_same_moment_both_count(shared_database: Database) -> None:
    session = begun(shared_database)
    first, second = said(session), said(session)
    Repository(shared_database).add([first, second])

    def rate_second() -> None:
        with OrmSession(shared_database.writer) as orm, orm.begin():
            rate(orm, second.id, 1.0)

    other = threading.Thread(target=rate_second)
    with OrmSession(shared_database.writer) as orm, orm.begin():
        rate(orm, first.id, 5.0)
        other.start()
        other.join(0.3)
        assert other.is_alive()  # it waits for this one
    other.join()
    row = conversation(shared_database, session)
    assert (row.user_satisfaction, row.rated_messages) == (3.0, 2)


def test_common_and_single_words_are_no_topics() -> None:
    assert topics([]) == []
    assert topics(["something about them", "something about them"]) == []
    assert topics(["tea tea tea", "Coffee!", "coffee?"]) == ["coffee"]
