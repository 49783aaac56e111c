"""Runs of the program: which version, where, on what, from when to when."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import InvalidRecordError
from storage.keys import new_key
from storage.tables.base import Kept, now
from storage.tables.system import Deployment, DeploymentType, Run, SystemVersion
from storage.transactions import writing

__all__ = ["Beginning", "Begun", "begin_run"]

_RACES = 5


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run is of.

    Attributes:
        component: Which part of the program runs, such as "server".
        version_tag: The release.
        git_hash: The commit, where it runs from a checkout; else empty.
        modified: Whether the checkout differs from that commit.
        deployment: Name of the place where it runs.
        deployment_type: What kind of place that is; kept from its first run.
        hardware: What it runs on.
    """

    component: str
    version_tag: str
    git_hash: str
    modified: bool
    deployment: str
    deployment_type: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The rows of a run, for what refers to them."""

    run_id: UUID
    system_version_id: UUID
    deployment_id: UUID


def begin_run(database: Database, beginning: Beginning) -> Begun:
    """Notes that a run began; makes what it refers to where that is not there yet. Blocks.

    Raises:
        DatabaseUnavailableError: The database cannot be written to now.
        InvalidRecordError: It cannot hold one of the names.
    """
    for attempt in range(_RACES):
        try:
            return _begin(database, beginning)
        except InvalidRecordError:  # another program made the same row at the same moment
            if attempt == _RACES - 1:
                raise
    raise AssertionError("unreachable")


def _begin(database: Database, beginning: Beginning) -> Begun:
    with writing(database) as orm:
        version = {
            "version_tag": beginning.version_tag[:200],
            "git_hash": beginning.git_hash[:64],
            "modified": beginning.modified,
        }
        version_id = _found(orm, SystemVersion, version)
        kind_id = _found(orm, DeploymentType, {"descriptor": beginning.deployment_type[:200]})
        named = {"name": beginning.deployment[:200]}
        deployment_id = _found(orm, Deployment, named, deployment_type_id=kind_id)
        run = Run(
            id=new_key(),
            component=beginning.component[:40],
            started_at=now(),
            system_version_id=version_id,
            deployment_id=deployment_id,
            hardware=beginning.hardware[:200],
        )
        orm.add(run)
        return Begun(run.id, version_id, deployment_id)


def _found(orm: OrmSession, kind: type[Kept], named: dict[str, Any], **more: object) -> UUID:
    """The row with these values, made where there is none."""
    table: Any = kind
    where: list[ColumnElement[bool]] = [
        getattr(table, name) == value for name, value in named.items()
    ]
    found: UUID | None = orm.scalar(select(table.id).where(*where))
    if found is not None:
        return found
    key = new_key()
    orm.add(table(id=key, **named, **more))
    orm.flush()
    return key
