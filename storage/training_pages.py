"""Projects as people look at them: their datasets and finetunes with versions and states."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from storage.database import Database
from storage.newest import Query
from storage.tables.people import User
from storage.tables.training import Finetune, Project, TrainingDataItem, TrainingDataset
from storage.transactions import reading

__all__ = ["DatasetLine", "FinetuneLine", "ProjectLine", "TrainingPages"]


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """One version of a project's training data; `items` are those that count."""

    id: UUID
    version: int
    status: str
    language_iso: str
    generate_model: str | None
    created_at: datetime
    items: int


@dataclass(frozen=True, slots=True)
class FinetuneLine:
    """One version of a project's model, and the version of the data it was trained on."""

    id: UUID
    version: int
    status: str
    model_name: str
    base_model_name: str
    training_time_s: float | None
    created_at: datetime
    dataset_version: int


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project, with its datasets and finetunes, the latest version first."""

    id: UUID
    name: str
    owner: str
    status: str
    created_at: datetime
    datasets: tuple[DatasetLine, ...]
    finetunes: tuple[FinetuneLine, ...]


class TrainingPages:
    """Reads projects. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def projects(self, limit: int = 50) -> Sequence[ProjectLine]:
        """At most so many projects, the newest first."""
        row = Project
        query = (
            select(row.id, row.name, User.username, row.status, row.created_at)
            .join(User, User.id == row.owner_id)
            .order_by(row.created_at.desc(), row.id.desc())
            .limit(limit)
        )
        datasets: dict[UUID, list[DatasetLine]] = defaultdict(list)
        finetunes: dict[UUID, list[FinetuneLine]] = defaultdict(list)
        with reading(self._database) as orm:
            projects = orm.execute(query).all()
            keys = [project.id for project in projects]
            for project_id, *values in orm.execute(_datasets(keys)):
                datasets[project_id].append(DatasetLine(*values))
            for project_id, *values in orm.execute(_finetunes(keys)):
                finetunes[project_id].append(FinetuneLine(*values))
        return [
            ProjectLine(*project, tuple(datasets[project.id]), tuple(finetunes[project.id]))
            for project in projects
        ]


def _datasets(projects: Sequence[UUID]) -> Query:
    row, item = TrainingDataset, TrainingDataItem
    items = (
        select(item.training_dataset_id, func.count().label("kept"))
        .join(row, row.id == item.training_dataset_id)
        .where(row.project_id.in_(projects), ~item.superseded, ~item.deleted)
        .group_by(item.training_dataset_id)
        .subquery()
    )
    return (
        select(
            row.project_id,
            row.id,
            row.version,
            row.status,
            row.language_iso,
            row.generate_model,
            row.created_at,
            func.coalesce(items.c.kept, 0),
        )
        .outerjoin(items, items.c.training_dataset_id == row.id)
        .where(row.project_id.in_(projects))
        .order_by(row.version.desc())
    )


def _finetunes(projects: Sequence[UUID]) -> Query:
    row = Finetune
    return (
        select(
            row.project_id,
            row.id,
            row.version,
            row.status,
            row.model_name,
            row.base_model_name,
            row.training_time_seconds,
            row.created_at,
            TrainingDataset.version,
        )
        .join(TrainingDataset, TrainingDataset.id == row.training_dataset_id)
        .where(row.project_id.in_(projects))
        .order_by(row.version.desc())
    )
