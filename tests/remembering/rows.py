"""One row of every table, with a value in every column."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, Boolean, Column, Enum, Float, Integer, LargeBinary, Table, Uuid
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.keys import new_key
from storage.models import Base
from storage.states import (
    DatasetStatus,
    FinetuneStatus,
    Mode,
    PrecalculationStatus,
    ProjectStatus,
)
from storage.tables.base import Hundredths, UtcDateTime

__all__ = ["KINDS", "stored", "values"]

KINDS: dict[str, Any] = {item.class_.__tablename__: item.class_ for item in Base.registry.mappers}
"""Every mapped class, by the name of its table."""

Kind = TypeVar("Kind", bound=Base)

_WHEN = datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)
# Where a rule asks for more than a value of the right type.
_SPECIAL: dict[tuple[str, str], Any] = {
    ("conversation", "user_satisfaction"): 4.5,
    ("lip_sync", "message_id"): None,
    ("media_file", "sha256"): "0123456789abcdef" * 4,
    ("message", "user_feedback"): 3.5,
    ("mode_state", "mode"): Mode.WARMUP,
    ("mode_state", "position"): 0,
    ("mode_state", "previous"): None,
    ("mode_state", "previous_position"): None,
    ("portrait", "master_id"): None,
    ("project", "last_dataset"): 0,
    ("project", "last_finetune"): 0,
    ("project", "last_prompt"): 0,
    ("project", "status"): ProjectStatus.ACTIVE,
    ("prompt_parameter", "template_id"): None,
    ("training_data_item", "corrects_id"): None,
    ("training_dataset", "language_iso"): "eng",
    ("training_dataset", "status"): DatasetStatus.PLANNING,
    ("finetune", "status"): FinetuneStatus.RUNNING,
    ("precalculation", "status"): PrecalculationStatus.PLANNED,
}


def stored(database: Database, kind: type[Kind], /, **changes: object) -> Kind:
    """Writes a filled row, and the rows it refers to."""
    row = kind(**values(database, kind, **changes))
    with OrmSession(database.engine, expire_on_commit=False) as orm, orm.begin():
        orm.add(row)
    return row


def values(database: Database, kind: type[Base], /, **changes: object) -> dict[str, Any]:
    """A value for every column, those it refers to being stored."""
    table = kind.__table__
    assert isinstance(table, Table)
    found: dict[str, Any] = dict(changes)
    references = {
        one.column_keys[0]: one.referred_table.name
        for one in table.foreign_key_constraints
        if len(one.columns) == 1
    }
    for column in table.columns:
        if column.key in found:
            continue
        if column.key in references and (table.name, column.key) not in _SPECIAL:
            found[column.key] = stored(database, KINDS[references[column.key]]).id
        else:
            found[column.key] = _value(table.name, column)
    return found


def _value(table: str, column: Column[Any]) -> object:
    if (table, column.key) in _SPECIAL:
        return _SPECIAL[table, column.key]
    unique = new_key().hex
    match column.type:
        case Uuid():
            return new_key()
        case Boolean():
            return True
        case Enum() as kinds:
            return kinds.python_type(kinds.enums[0]) if kinds.enum_class else kinds.enums[0]
        case Integer():
            return 1
        case JSON():
            return [0.5, 0.25] if "vector" in column.key or "embedding" in column.key else ["a"]
        case LargeBinary():
            return b"\x00\xff"
        case Float() | Hundredths():
            return 0.25
        case UtcDateTime():
            return _WHEN
        case _:
            return unique[: getattr(column.type, "length", None) or 40]
