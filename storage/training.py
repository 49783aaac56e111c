"""Projects and what they number: prompts, datasets, finetunes; items and their corrections."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as OrmSession

from storage.archive import MAX_PAGE, Archive, lock
from storage.database import Database
from storage.errors import ConflictError, InvalidRecordError, NotStoredError
from storage.states import DatasetStatus, FinetuneStatus, ProjectStatus
from storage.tables.training import (
    Finetune,
    Project,
    Prompt,
    PromptHistory,
    TrainingDataItem,
    TrainingDataset,
)
from storage.transactions import reading, writing

__all__ = ["Training"]


class Training:
    """Makes and changes training data. Every call blocks and is a transaction of its own.

    Versions count from 1 in each project, without gaps, however many write at once: the project's
    row holds the last one, and is locked while the next is given.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._archive = Archive(database)

    def new_prompt(self, project_id: UUID, text: str) -> Prompt:
        """The project's next version of its prompt.

        Raises:
            NotStoredError: There is no such project.
        """
        with writing(self._database) as orm:
            return _numbered(orm, project_id, Prompt(project_id=project_id, text=text))

    def new_dataset(self, project_id: UUID, **columns: Any) -> TrainingDataset:  # noqa: ANN401 - of whatever the columns are
        """The project's next version of its dataset, to be generated.

        The prompts that came before its own are its history.

        Args:
            project_id: The project.
            columns: Columns of `TrainingDataset`, without project, version and status.

        Raises:
            NotStoredError: There is no such project.
            ConflictError: The project is archived or deleted.
            InvalidRecordError: The prompt is another project's, or a value breaks a rule.
        """
        dataset = TrainingDataset(project_id=project_id, status=DatasetStatus.PLANNING, **columns)
        with writing(self._database) as orm:
            _numbered(orm, project_id, dataset)
            current = orm.get(Prompt, dataset.generate_prompt_id)
            if current is None or current.project_id != project_id:
                raise InvalidRecordError("generate_prompt is not one of the project's")
            older = orm.scalars(
                select(Prompt.id)
                .where(Prompt.project_id == project_id, Prompt.version < current.version)
                .order_by(Prompt.version)
            )
            for position, prompt_id in enumerate(older.all()):
                orm.add(
                    PromptHistory(
                        training_dataset_id=dataset.id, position=position, prompt_id=prompt_id
                    )
                )
            return dataset

    def new_finetune(self, project_id: UUID, **columns: Any) -> Finetune:  # noqa: ANN401 - of whatever the columns are
        """The project's next version of its model, in training.

        Args:
            project_id: The project.
            columns: Columns of `Finetune`, without project, version and status.

        Raises:
            NotStoredError: There is no such project.
            ConflictError: The project is archived or deleted.
            InvalidRecordError: The dataset is another project's, or a value breaks a rule.
        """
        finetune = Finetune(project_id=project_id, status=FinetuneStatus.RUNNING, **columns)
        with writing(self._database) as orm:
            _numbered(orm, project_id, finetune)
            dataset = orm.get_one(TrainingDataset, finetune.training_dataset_id)
            if dataset.project_id != project_id:
                raise InvalidRecordError("training_dataset is not one of the project's")
            return finetune

    def set_project_status(self, project_id: UUID, status: ProjectStatus) -> Project:
        """Moves a project on; see `storage.states.PROJECT`.

        Raises:
            NotStoredError: There is no such project.
            TransitionError: The status may not follow the one it has.
        """
        return self._archive.change(Project, project_id, status=status)

    def set_dataset_status(
        self,
        dataset_id: UUID,
        status: DatasetStatus,
        **columns: Any,  # noqa: ANN401 - of whatever the columns are
    ) -> TrainingDataset:
        """Moves a dataset on; see `storage.states.DATASET`; raises as `set_project_status`.

        Args:
            dataset_id: The dataset.
            status: Its status from now on.
            columns: What else is known by now, such as `total_generation_time_seconds`.
        """
        return self._archive.change(TrainingDataset, dataset_id, status=status, **columns)

    def set_finetune_status(
        self,
        finetune_id: UUID,
        status: FinetuneStatus,
        **columns: Any,  # noqa: ANN401 - of whatever the columns are
    ) -> Finetune:
        """Moves a finetune on; see `storage.states.FINETUNE`; raises as `set_project_status`.

        Args:
            finetune_id: The finetune.
            status: Its status from now on.
            columns: What else is known by now, such as `training_time_seconds`.
        """
        return self._archive.change(Finetune, finetune_id, status=status, **columns)

    def latest(
        self, project_ids: Collection[UUID]
    ) -> tuple[dict[UUID, TrainingDataset], dict[UUID, Finetune]]:
        """The datasets and the finetunes of the highest versions, by project that has any."""
        with reading(self._database) as orm:
            return (
                _latest(orm, TrainingDataset, project_ids),
                _latest(orm, Finetune, project_ids),
            )

    def prompt_histories(self, dataset_ids: Collection[UUID]) -> dict[UUID, list[Prompt]]:
        """The prompts saved before each dataset's own, the oldest first, where there are any."""
        query = (
            select(PromptHistory.training_dataset_id, Prompt)
            .join(Prompt, Prompt.id == PromptHistory.prompt_id)
            .where(PromptHistory.training_dataset_id.in_(dataset_ids))
            .order_by(PromptHistory.training_dataset_id, PromptHistory.position)
        )
        found: dict[UUID, list[Prompt]] = {}
        with reading(self._database) as orm:
            for dataset_id, prompt in orm.execute(query):
                found.setdefault(dataset_id, []).append(prompt)
        return found

    def add_items(self, dataset_id: UUID, items: Iterable[TrainingDataItem]) -> int:
        """Adds examples at the end of a dataset.

        Returns:
            How many there are now, deleted ones too.

        Raises:
            NotStoredError: There is no such dataset.
            InvalidRecordError: An example has more or fewer values than the dataset has fields.
        """
        with writing(self._database) as orm:
            dataset = lock(orm, TrainingDataset, dataset_id)
            last = orm.scalar(
                select(func.max(TrainingDataItem.position)).where(
                    TrainingDataItem.training_dataset_id == dataset_id
                )
            )
            position = -1 if last is None else last
            for item in items:
                position += 1
                _check_values(dataset, item.values)
                item.training_dataset_id, item.position = dataset_id, position
                orm.add(item)
            return position + 1

    def correct(self, item_id: UUID, values: list[str]) -> TrainingDataItem:
        """Puts a corrected example in the place of one that counts, which it supersedes.

        Raises:
            NotStoredError: There is no such example.
            ConflictError: It has been corrected already, or has been deleted.
            InvalidRecordError: The values are not as many as the dataset's fields.
        """
        with writing(self._database) as orm:
            old = lock(orm, TrainingDataItem, item_id)
            if old.superseded or old.deleted:
                state = "corrected already" if old.superseded else "deleted"
                raise ConflictError(f"item {item_id} has been {state}")
            dataset = orm.get_one(TrainingDataset, old.training_dataset_id)
            _check_values(dataset, values)
            old.superseded = True
            orm.flush()  # there may be one that counts in a place, never two
            new = TrainingDataItem(
                training_dataset_id=old.training_dataset_id,
                position=old.position,
                values=values,
                corrects_id=old.id,
                message_id=old.message_id,
                source_document=old.source_document,
                source_document_start=old.source_document_start,
                source_document_end=old.source_document_end,
                generation_time_seconds=old.generation_time_seconds,
            )
            orm.add(new)
            return new

    def delete_item(self, item_id: UUID) -> None:
        """Takes an example out of its dataset; its row stays.

        Raises:
            NotStoredError: There is no such example.
            ConflictError: It has been corrected: what counts is its correction.
        """
        with writing(self._database) as orm:
            item = lock(orm, TrainingDataItem, item_id)
            if item.superseded:
                raise ConflictError(f"item {item_id} has been corrected already")
            item.deleted = True

    def items(
        self, dataset_id: UUID, *, after: int = -1, limit: int = 100
    ) -> Sequence[TrainingDataItem]:
        """The examples that count, in their places' order.

        Args:
            dataset_id: The dataset.
            after: Only those of later places.
            limit: At most so many, up to `MAX_PAGE`.
        """
        query = (
            select(TrainingDataItem)
            .where(
                TrainingDataItem.training_dataset_id == dataset_id,
                TrainingDataItem.position > after,
                ~TrainingDataItem.superseded,
                ~TrainingDataItem.deleted,
            )
            .order_by(TrainingDataItem.position)
            .limit(min(limit, MAX_PAGE))
        )
        with reading(self._database) as orm:
            return orm.scalars(query).all()


_Row = TypeVar("_Row", Prompt, TrainingDataset, Finetune)
_Versioned = TypeVar("_Versioned", TrainingDataset, Finetune)
_COUNTERS = {
    Prompt: Project.last_prompt,
    TrainingDataset: Project.last_dataset,
    Finetune: Project.last_finetune,
}


def _numbered(orm: OrmSession, project_id: UUID, row: _Row) -> _Row:
    """Gives a row the project's next version; a transaction that fails gives it back."""
    counter = _COUNTERS[type(row)]
    found = orm.execute(
        update(Project)
        .where(Project.id == project_id)
        .values({counter: counter + 1})
        .returning(counter, Project.status)
    ).one_or_none()
    if found is None:
        raise NotStoredError(f"no Project has the id {project_id}")
    version, status = found
    if status != ProjectStatus.ACTIVE:
        raise ConflictError(f"project {project_id} is {status}, expected ACTIVE")
    row.version = version
    orm.add(row)
    orm.flush()
    orm.refresh(row)  # as it is kept: some numbers are rounded
    return row


def _latest(
    orm: OrmSession, kind: type[_Versioned], project_ids: Collection[UUID]
) -> dict[UUID, _Versioned]:
    highest = (
        select(kind.project_id, func.max(kind.version).label("version"))
        .where(kind.project_id.in_(project_ids))
        .group_by(kind.project_id)
        .subquery()
    )
    same = (kind.project_id == highest.c.project_id) & (kind.version == highest.c.version)
    return {row.project_id: row for row in orm.scalars(select(kind).join(highest, same))}


def _check_values(dataset: TrainingDataset, values: list[str]) -> None:
    if len(values) != len(dataset.field_names):
        raise InvalidRecordError(
            f"an item has {len(values)} values, expected {len(dataset.field_names)}: "
            f"{', '.join(dataset.field_names)}"
        )
