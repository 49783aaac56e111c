import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from capsulecast.v1 import training_service_pb2 as pb
from control_plane.access import Access
from control_plane.errors import InvalidArgumentError
from control_plane.remembering.remembered import Places, Remembered
from control_plane.sessions.paging import write_token
from control_plane.translate.training_calls import TrainingCalls
from storage.archive import Archive
from storage.database import Database
from storage.models import Corpus, InferenceSample, Project
from storage.training import Training
from tests.remembering.rows import stored

Asking = Callable[[Callable[[TrainingCalls], Awaitable[Any]]], Any]


@pytest.fixture
def ask(database: Database, tmp_path: Path) -> Iterator[Asking]:
    remembered = Remembered(database, Places(tmp_path, tmp_path), lambda: None, Access())
    calls = TrainingCalls(remembered)

    async def answered(call: Callable[[TrainingCalls], Awaitable[Any]]) -> Any:  # noqa: ANN401 - any answer
        return await call(calls)

    yield lambda call: asyncio.run(answered(call))
    remembered.close()


def filled(database: Database, versions: int) -> Project:
    """A project with so many prompts, datasets and finetunes, each with samples."""
    training, archive = Training(database), Archive(database)
    project = stored(database, Project)
    corpus = stored(database, Corpus)
    for number in range(versions):
        prompt = training.new_prompt(project.id, f"prompt {number}")
        dataset = training.new_dataset(
            project.id,
            generate_prompt_id=prompt.id,
            corpus_id=corpus.id,
            language_iso="eng",
            field_names=["a"],
        )
        finetune = training.new_finetune(
            project.id, model_name="m", base_model_name="b", training_dataset_id=dataset.id
        )
        pairs = [{"input": f"{number}", "output": ""}]
        archive.add(InferenceSample(finetune_id=finetune.id, at_step=1, items=pairs))
    return project


def counted(database: Database, work: Callable[[], Any]) -> int:
    """How many statements it takes."""
    seen = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    work()
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


def test_lists_take_as_many_statements_however_long_they_are(
    database: Database, ask: Asking
) -> None:
    few, many = filled(database, 1), filled(database, 6)

    def datasets(project: Project) -> Any:  # noqa: ANN401 - an answer
        request = pb.ListDatasetsRequest(project_id=str(project.id))
        return ask(lambda calls: calls.list_datasets(request))

    def finetunes(project: Project) -> Any:  # noqa: ANN401 - an answer
        request = pb.ListFinetunesRequest(project_id=str(project.id))
        return ask(lambda calls: calls.list_finetunes(request))

    def all_projects() -> Any:  # noqa: ANN401 - an answer
        return ask(lambda calls: calls.list_projects(pb.ListProjectsRequest()))

    for listed in (datasets, finetunes):
        of_few = counted(database, partial(listed, few))
        assert counted(database, partial(listed, many)) == of_few

    before = counted(database, all_projects)
    for _ in range(5):
        filled(database, 1)
    assert counted(database, all_projects) == before
    assert len(all_projects().projects) == 7


def test_lists_tell_each_row_what_is_its_own(database: Database, ask: Asking) -> None:
    project, bare = filled(database, 3), stored(database, Project)
    filled(database, 1)
    key = str(project.id)
    datasets = ask(lambda calls: calls.list_datasets(pb.ListDatasetsRequest(project_id=key)))
    assert [list(one.generate_prompt_history) for one in datasets.datasets] == [
        ["prompt 0", "prompt 1"],
        ["prompt 0"],
        [],
    ]
    finetunes = ask(lambda calls: calls.list_finetunes(pb.ListFinetunesRequest(project_id=key)))
    inputs = [one.inference_samples[0].items[0].input for one in finetunes.finetunes]
    assert inputs == ["2", "1", "0"]
    found = ask(lambda calls: calls.list_projects(pb.ListProjectsRequest())).projects
    latest = {one.id: (one.training_dataset.version, one.finetune.version) for one in found}
    assert (latest[key], latest[str(bare.id)]) == ((3, 3), (0, 0))
    without = next(one for one in found if one.id == str(bare.id))
    assert not without.HasField("training_dataset")


def test_a_made_up_place_in_a_list_is_refused(database: Database, ask: Asking) -> None:
    token = write_token("9" * 5000)
    request = pb.ListItemsRequest(dataset_id=str(stored(database, Project).id), page_token=token)
    with pytest.raises(InvalidArgumentError, match="page_token"):
        ask(lambda calls: calls.list_items(request))
