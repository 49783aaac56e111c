"""Rows in and out of the tables: for everything that is not on the live path.

A row that comes out belongs to nobody: its values are plain, and changing it changes nothing.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    delete,
    insert,
    inspect,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import NotStoredError
from storage.tables.base import Base, Kept, now
from storage.tables.judging import JUDGED, Judgement, judgement_table
from storage.transactions import reading, writing

__all__ = ["MAX_PAGE", "Archive", "lock"]

MAX_PAGE = 1000
"""How many rows a page has at most."""

Row = TypeVar("Row", bound=Kept)


class Archive:
    """Adds, finds and changes rows. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, *rows: Base) -> None:
        """Writes rows, in their order, all of them or none; they keep their keys.

        Raises:
            InvalidRecordError: One of them contradicts what is there, or a rule.
        """
        with writing(self._database) as orm:
            for row in rows:
                orm.add(row)
                orm.flush()

    def get(self, kind: type[Row], key: UUID) -> Row:
        """The row of that key.

        Raises:
            NotStoredError: There is none.
        """
        with reading(self._database) as orm:
            row = orm.get(kind, key)
            if row is None:
                raise NotStoredError(f"no {kind.__name__} has the id {key}")
            return row

    def page(
        self,
        kind: type[Row],
        *where: ColumnElement[bool],
        after: UUID | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Row]:
        """Rows in the order they were made.

        Args:
            kind: Which table.
            where: Conditions, all of which hold.
            after: Only those that come after the row of this key.
            limit: At most so many, up to `MAX_PAGE`.
            newest_first: The other way round.
        """
        order = kind.id.desc() if newest_first else kind.id.asc()
        query = select(kind).where(*where).order_by(order).limit(max(0, min(limit, MAX_PAGE)))
        if after is not None:
            query = query.where(kind.id < after if newest_first else kind.id > after)
        with reading(self._database) as orm:
            return orm.scalars(query).all()

    def change(self, kind: type[Row], key: UUID, **values: Any) -> Row:  # noqa: ANN401 - of whatever the columns are
        """Changes columns of a row, whoever else would change it meanwhile.

        Raises:
            NotStoredError: There is none of that key.
            TransitionError: A status may not follow the one it has.
        """
        with writing(self._database) as orm:
            row = lock(orm, kind, key)
            for name, value in values.items():
                setattr(row, name, value)
            orm.flush()
            orm.refresh(row)  # as it is kept: some numbers are rounded
            return row

    def remove(self, kind: type[Row], key: UUID) -> None:
        """Deletes a row; what people think of it goes on without it.

        Raises:
            NotStoredError: There is none of that key.
            InvalidRecordError: Something refers to it.
        """
        table = inspect(kind).local_table
        link = Base.metadata.tables.get(f"judgement_of_{table}")
        with writing(self._database) as orm:
            row = lock(orm, kind, key)
            if link is not None:
                orm.execute(delete(link).where(link.c.target_id == key))
            orm.delete(row)

    def judge(self, judged: str, target: UUID, judgement: Judgement) -> None:
        """Writes what somebody thinks of a row of the table `judged`.

        Raises:
            KeyError: Rows of that table cannot be judged.
            InvalidRecordError: There is no such row, or the score is out of range.
        """
        link = judgement_table(judged)
        with writing(self._database) as orm:
            orm.add(judgement)
            orm.flush()
            orm.execute(insert(link).values(judgement_id=judgement.id, target_id=target))

    def judged(self, judgement_id: UUID) -> tuple[str, UUID]:
        """What a judgement is of: the name of a table, and the row's key.

        Raises:
            NotStoredError: It is of nothing that is there.
        """
        links = [(name, judgement_table(name)) for name in JUDGED]
        found = [
            select(literal(name), link.c.target_id).where(link.c.judgement_id == judgement_id)
            for name, link in links
        ]
        with reading(self._database) as orm:
            row = orm.execute(union_all(*found)).first()
        if row is None:
            raise NotStoredError(f"no Judgement of anything has the id {judgement_id}")
        return str(row[0]), row[1]

    def judgements(self, judged: str, target: UUID, *, active: bool = True) -> Sequence[Judgement]:
        """What people think of a row, the oldest first; of `active`, only what still counts."""
        link: Table = judgement_table(judged)
        query = (
            select(Judgement)
            .join(link, link.c.judgement_id == Judgement.id)
            .where(link.c.target_id == target)
            .order_by(Judgement.id)
        )
        if active:
            query = query.where(Judgement.active)
        with reading(self._database) as orm:
            return orm.scalars(query).all()


def lock(orm: OrmSession, kind: type[Row], key: UUID) -> Row:
    """The row of that key, which nobody else changes before the transaction of `orm` ends.

    Writing first takes the lock on both databases; SQLite would refuse one that has read before.

    Raises:
        NotStoredError: There is none.
    """
    found = orm.execute(
        update(kind).where(kind.id == key).values(updated_at=now()).returning(kind.id)
    ).scalar_one_or_none()
    row = orm.get(kind, key)
    if found is None or row is None:
        raise NotStoredError(f"no {kind.__name__} has the id {key}")
    return row
