"""State machines and version numbers, whatever fifty writers at once do in whatever order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import ConflictError, InvalidRecordError
from storage.models import (
    Corpus,
    Finetune,
    ModeState,
    Project,
    Prompt,
    Session,
    TrainingDataset,
)
from storage.modes import Modes
from storage.states import (
    DATASET,
    FINETUNE,
    MODES,
    PROJECT,
    DatasetStatus,
    FinetuneStatus,
    Machine,
    Mode,
    ProjectStatus,
)
from storage.training import Training
from tests.remembering.rows import stored

WRITERS = 50
STEPS = st.one_of(
    st.tuples(st.sampled_from(["prompt", "dataset", "finetune", "broken", "correct"]), st.none()),
    st.tuples(st.just("dataset status"), st.sampled_from(DatasetStatus)),
    st.tuples(st.just("finetune status"), st.sampled_from(FinetuneStatus)),
    st.tuples(st.just("project status"), st.sampled_from(["ACTIVE", "ARCHIVED"])),
    st.tuples(st.just("mode"), st.sampled_from(Mode)),
)
PLANS = st.lists(
    st.lists(STEPS, min_size=1, max_size=3), min_size=WRITERS, max_size=WRITERS
)  # of each writer


@dataclass
class World:
    """What the writers of one example change."""

    training: Training
    modes: Modes
    project: UUID
    session: UUID
    columns: dict[str, Any]
    dataset: UUID
    finetune: UUID

    def do(self, step: str, value: Any) -> None:  # noqa: ANN401 - a status, a mode or None
        """One step; what may not be now is refused, and nothing else may happen to it."""
        training = self.training
        with suppress(ConflictError):  # a project that takes nothing, a status that may not follow
            match step:
                case "prompt":
                    training.new_prompt(self.project, "text")
                case "dataset":
                    training.new_dataset(self.project, **self.columns)
                case "broken":  # refused after it has been given its number
                    with suppress(InvalidRecordError):
                        training.new_dataset(self.project, **self.columns | {"language_iso": "xx"})
                case "finetune":
                    training.new_finetune(
                        self.project,
                        model_name="m",
                        base_model_name="b",
                        training_dataset_id=self.dataset,
                    )
                case "dataset status":
                    training.set_dataset_status(self.dataset, value)
                case "finetune status":
                    training.set_finetune_status(self.finetune, value)
                case "project status":
                    training.set_project_status(self.project, ProjectStatus(value))
                case "mode":
                    self.modes.enter(self.session, value)


@pytest.fixture
def passed(database: Database) -> Iterator[None]:
    """Has the database itself write down every status that a row passes through."""
    sqlite = database.engine.dialect.name == "sqlite"
    make, drop = _for_sqlite() if sqlite else _for_postgresql()
    _run(database, make)
    yield
    _run(database, drop)


@pytest.fixture
def doors(database: Database) -> Iterator[list[Database]]:
    """Several programs' worth of connections: each database has fifteen."""
    if database.engine.dialect.name == "sqlite":
        yield [database]  # it takes one writer at a time
        return
    url = database.engine.url.render_as_string(hide_password=False)
    found = [Database(url) for _ in range(4)]
    yield found
    for one in found:
        one.close()


@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],  # what depends on the moment cannot be made smaller
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(plans=PLANS)
@pytest.mark.usefixtures("passed")
def test_fifty_writers_never_break_a_chain_or_leave_a_gap(
    database: Database, doors: list[Database], plans: list[list[tuple[str, Any]]]
) -> None:
    project = stored(database, Project)
    prompt = Training(database).new_prompt(project.id, "first")
    columns = {
        "generate_prompt_id": prompt.id,
        "corpus_id": stored(database, Corpus).id,
        "language_iso": "eng",
        "field_names": ["a"],
    }
    dataset = Training(database).new_dataset(project.id, **columns)
    finetune = Training(database).new_finetune(
        project.id, model_name="m", base_model_name="b", training_dataset_id=dataset.id
    )
    session = stored(database, Session)
    worlds = [
        World(Training(one), Modes(one), project.id, session.id, columns, dataset.id, finetune.id)
        for one in doors
    ]
    together = Barrier(WRITERS)

    def write(number: int) -> None:
        together.wait(60)
        for step, value in plans[number]:
            worlds[number % len(worlds)].do(step, value)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    with OrmSession(database.engine) as orm:
        for kind in (Prompt, TrainingDataset, Finetune):
            versions = orm.scalars(select(kind.version).where(kind.project_id == project.id)).all()
            assert sorted(versions) == list(range(1, len(versions) + 1)), kind
        modes = select(ModeState.mode).where(ModeState.session_id == session.id)
        chain = orm.scalars(modes.order_by(ModeState.position)).all()
        _check(MODES, chain)
        for machine, row in ((PROJECT, project), (DATASET, dataset), (FINETUNE, finetune)):
            query = text('SELECT status FROM passed WHERE "row" = :row ORDER BY number')
            _check(machine, orm.scalars(query, {"row": _key(database, row.id)}).all())


def _check(machine: Machine, chain: Sequence[str]) -> None:
    """That every step of what was passed through is one that is drawn."""
    assert not chain or machine.allows(None, chain[0])
    assert all(before != after for before, after in pairwise(chain))
    assert all(machine.allows(before, after) for before, after in pairwise(chain)), chain


def _key(database: Database, key: UUID) -> str:
    return key.hex if database.engine.dialect.name == "sqlite" else str(key)


_NOTE = 'INSERT INTO passed ("row", status) VALUES (NEW.id, NEW.status)'
_GUARDED = ("project", "training_dataset", "finetune")


def _for_sqlite() -> tuple[list[str], list[str]]:
    make = ['CREATE TABLE passed (number INTEGER PRIMARY KEY, "row" TEXT, status TEXT)']
    for table in _GUARDED:
        make += [
            f"CREATE TRIGGER passed_{table}_new AFTER INSERT ON {table} BEGIN {_NOTE}; END",
            f"CREATE TRIGGER passed_{table} AFTER UPDATE OF status ON {table}"
            f" WHEN OLD.status <> NEW.status BEGIN {_NOTE}; END",
        ]
    return make, []  # the file goes with the test


def _for_postgresql() -> tuple[list[str], list[str]]:
    make = [
        'CREATE TABLE passed (number BIGSERIAL PRIMARY KEY, "row" TEXT, status TEXT)',
        "CREATE FUNCTION note_passed() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF TG_OP = 'INSERT' OR OLD.status <> NEW.status THEN"
        f" {_NOTE}; END IF; RETURN NEW; END $$",
    ]
    make += [
        f"CREATE TRIGGER passed_{table} AFTER INSERT OR UPDATE OF status ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION note_passed()"
        for table in _GUARDED
    ]
    return make, ["DROP FUNCTION note_passed() CASCADE", "DROP TABLE passed"]


def _run(database: Database, statements: Sequence[str]) -> None:
    with database.writer.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
