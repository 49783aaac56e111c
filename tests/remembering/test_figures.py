from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from storage.archive import Archive
from storage.conversation_pages import ConversationFilter, ConversationLine, ConversationPages
from storage.database import Database
from storage.errors import NotStoredError
from storage.figures import Figures, KindCount
from storage.keys import new_key
from storage.models import Project, Prompt, User
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    Record,
    SessionEnded,
    SessionStarted,
    utc_now,
)
from storage.repository import Repository
from storage.states import DatasetStatus
from storage.tables.training import Corpus, TrainingDataItem
from storage.training import Training
from storage.training_pages import TrainingPages
from tests.remembering.rows import stored
from tests.remembering.started import started

SESSION = started(platform="grpc", model_used="rules", journal="a.journal")
SAID = MessageRecord(SESSION.id, "user", "hello", "client", 0.5, -0.25, 1.0, "glad")


def add(database: Database, *records: Record) -> None:
    Repository(database).add(records)


def begun(database: Database, **changes: object) -> SessionStarted:
    session = replace(SESSION, id=new_key(), **changes)  # type: ignore[arg-type]
    add(database, session)
    return session


def said(session: SessionStarted, text: str, **changes: object) -> MessageRecord:
    return replace(SAID, session_id=session.id, id=new_key(), text=text, **changes)  # type: ignore[arg-type]


def measured(measure: str, value: float, **changes: object) -> PerformanceRecord:
    record = PerformanceRecord(None, measure, value, "ms", "a CPU", "1")
    return replace(record, id=new_key(), **changes)  # type: ignore[arg-type]


def listed(database: Database, **wanted: object) -> list[UUID]:
    found = ConversationPages(database).page(ConversationFilter(**wanted))  # type: ignore[arg-type]
    return [one.session_id for one in found]


def test_overview_counts_messages_by_day_in_utc(database: Database) -> None:
    now = utc_now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    session = begun(database)
    begun(database, created_at=now - timedelta(days=3))
    moments = [today, today - timedelta(microseconds=1), today - timedelta(days=2), now]
    add(database, *(said(session, "x", created_at=at) for at in moments))
    add(database, said(session, "x", created_at=today - timedelta(days=3)))
    found = Figures(database).overview(days=3)
    assert [one.count for one in found.messages_by_day] == [1, 1, 2]
    assert found.messages_by_day[-1].day == now.date()
    assert (found.sessions, found.sessions_day, found.messages, found.active) == (2, 1, 5, 2)


def test_overview_tells_the_faults_of_a_day_most_frequent_first(database: Database) -> None:
    faults = [FaultRecord(mode, None, "1", "x") for mode in ("speech", "viewer", "viewer")]
    old = FaultRecord("old", None, "1", "x", created_at=utc_now() - timedelta(hours=25))
    add(database, *faults, old)
    found = Figures(database).overview().faults_day
    assert found == (KindCount("viewer", 2), KindCount("speech", 1))


def test_latency_is_told_by_stage_and_version(database: Database) -> None:
    add(
        database,
        measured("render.p50", 2.0),
        measured("render.p50", 4.0),
        measured("render.p99", 9.0),
        measured("render.p99", 8.0, version="2"),
        measured("render.p99", 70.0, created_at=utc_now() - timedelta(days=5)),
        measured("cache.hits", 1e6),
    )
    found = Figures(database).latency(days=2)
    first, second = found.stages
    assert (first.stage, first.version, first.p50_ms, first.p95_ms) == ("render", "1", 3.0, None)
    assert (first.p99_ms, first.worst_ms, first.samples) == (9.0, 9.0, 2)
    assert (second.version, second.p50_ms, second.p99_ms) == ("2", None, 8.0)
    assert [(one.day, one.stage, one.p99_ms) for one in found.by_day] == [
        (utc_now().date(), "render", 8.5)
    ]
    assert (found.samples, found.complete) == (4, True)
    assert Figures(database).latency(days=7).stages[0].worst_ms == 70.0


def test_latency_of_a_busy_day_rests_on_its_last_samples(database: Database) -> None:
    now, count = utc_now(), 450  # of each of 30 days, the last 200 count

    def at(number: int) -> dict[str, object]:
        return {"created_at": now - timedelta(microseconds=count - number)}

    figures = [measured("brain.p99", float(number >= 250), **at(number)) for number in range(count)]
    add(database, *figures, measured("cache.upload", 7.0))
    found = Figures(database).latency(days=30)
    assert (found.samples, found.complete) == (199, False)
    assert found.stages[0].p99_ms == 1.0


def test_faults_are_counted_by_day_and_listed_page_by_page(database: Database) -> None:
    now = utc_now()
    session = new_key()
    for number in range(5):
        at = now - timedelta(days=number % 2, microseconds=number)
        mode = "speech" if number < 3 else "viewer"
        add(database, FaultRecord(mode, session, "1", f"cause {number}", created_at=at))
    figures = Figures(database)
    found = figures.faults_by_day(days=2)
    assert dict(found.by_kind) == {"speech": (1, 2), "viewer": (1, 1)}
    assert [mode for mode, _ in found.by_kind] == ["speech", "viewer"]
    first = figures.faults(limit=2)
    rest = figures.faults(before=(first[-1].created_at, first[-1].id))
    every = [*first, *rest]
    assert len(every) == 5
    assert all(one.created_at > two.created_at for one, two in pairwise(every))
    assert {one.cause for one in figures.faults(mode="viewer")} == {"cause 3", "cause 4"}
    assert figures.faults(session_id=new_key()) == []


def test_conversations_are_found_by_words_of_any_case_and_by_id(database: Database) -> None:
    roses, tulips = begun(database), begun(database)
    add(database, said(roses, "My Roses, 100% red"), said(tulips, "tulips_and more"))
    assert listed(database, text="ROSES") == [roses.id]
    assert listed(database, text="100%") == [roses.id]
    assert listed(database, text="s_and") == [tulips.id]
    assert listed(database, text="r_ses") == []
    assert listed(database, text="%") == [roses.id]
    assert listed(database, text=str(tulips.id)) == [tulips.id]
    assert set(listed(database)) == {roses.id, tulips.id}


def test_conversations_are_found_by_state_consent_and_quality(database: Database) -> None:
    one, two = begun(database, consent=True), begun(database)
    add(database, said(two, "x", confidence=1.0), said(one, "x"), SessionEnded(one.id, "done"))
    assert listed(database, active=False) == [one.id]
    assert listed(database, active=True) == [two.id]
    assert listed(database, consent=True) == [one.id]
    assert listed(database, exported=True) == []
    assert listed(database, min_quality=0.55) == [two.id]


def test_pages_of_conversations_meet_without_gap(database: Database) -> None:
    at = utc_now()
    made = {begun(database, created_at=at).id for _ in range(7)}  # all at the same moment
    pages, before, seen = ConversationPages(database), None, list[ConversationLine]()
    while found := pages.page(ConversationFilter(), before=before, limit=3):
        seen += found
        before = (found[-1].created_at, found[-1].id)
    assert len(seen) == 7
    assert {one.session_id for one in seen} == made


def test_one_conversation_has_messages_feelings_and_faults(database: Database) -> None:
    session = begun(database)
    now = utc_now()
    texts = [f"message {number}" for number in range(5)]
    add(
        database,
        *(
            said(session, text, created_at=now + timedelta(seconds=number))
            for number, text in enumerate(texts)
        ),
        FaultRecord("speech", session.id, "1", "no voice"),
        FaultRecord("speech", new_key(), "1", "another's"),
    )
    pages = ConversationPages(database)
    found = pages.one(session.id, limit=3)
    assert [one.text for one in found.messages] == texts[:3]
    assert (found.more, len(found.feelings)) == (True, 5)
    assert [one.created_at for one in found.feelings] == sorted(
        one.created_at for one in found.feelings
    )
    feeling = found.feelings[0]
    assert (feeling.valence, feeling.arousal, feeling.dominance) == (0.5, -0.25, 1.0)
    assert [one.cause for one in found.faults] == ["no voice"]
    assert found.line.journal == "a.journal"
    rest = pages.one(found.line.id, skip=3)
    assert [one.text for one in rest.messages] == texts[3:]
    assert not rest.more
    with pytest.raises(NotStoredError, match="no conversation"):
        pages.one(new_key())


def test_projects_tell_datasets_and_finetunes_latest_first(database: Database) -> None:
    project = stored(database, Project)
    training = Training(database)
    prompt = training.new_prompt(project.id, "Write.")
    assert isinstance(prompt, Prompt)
    columns = {
        "generate_prompt_id": prompt.id,
        "corpus_id": stored(database, Corpus).id,
        "language_iso": "eng",
        "field_names": ["question"],
    }
    first, second = (training.new_dataset(project.id, **columns) for _ in range(2))
    training.set_dataset_status(second.id, DatasetStatus.RUNNING)
    items = [TrainingDataItem(values=[text], generation_time_seconds=0.1) for text in "abc"]
    training.add_items(first.id, items)
    training.correct(items[0].id, ["A"])
    training.delete_item(items[1].id)
    training.new_finetune(
        project.id, model_name="m", base_model_name="b", training_dataset_id=first.id
    )
    (found,) = TrainingPages(database).projects()
    assert found.name == project.name
    assert [(one.version, one.items) for one in found.datasets] == [(2, 0), (1, 2)]
    assert [str(one.status) for one in found.datasets] == ["RUNNING", "PLANNING"]
    assert [(one.version, one.dataset_version) for one in found.finetunes] == [(1, 1)]
    assert found.owner == Archive(database).get(User, project.owner_id).username
