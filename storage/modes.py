"""What sessions do from when on: their mode's state machine, step by step."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session as OrmSession

from storage.archive import lock
from storage.bulk import add_rows
from storage.database import Database
from storage.records import ModeEntered
from storage.states import MODES, Mode
from storage.tables.base import now
from storage.tables.live import Session
from storage.tables.people import ModeState
from storage.transactions import reading, writing

__all__ = ["Modes", "enter_modes"]


class Modes:
    """Writes and reads modes. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, session_id: UUID, mode: Mode, reason: str = "") -> ModeState:
        """Puts a session into a mode; one that it is in already changes nothing.

        Raises:
            NotStoredError: There is no such session.
            TransitionError: The mode may not follow the one it is in.
        """
        with writing(self._database) as orm:
            lock(orm, Session, session_id)
            enter_modes(orm, [ModeEntered(session_id, mode.value, reason, created_at=now())])
            return orm.scalars(_history(session_id, newest_first=True).limit(1)).one()

    def history(self, session_id: UUID) -> Sequence[ModeState]:
        """The modes of a session, the first one first."""
        with reading(self._database) as orm:
            return orm.scalars(_history(session_id)).all()


def enter_modes(orm: OrmSession, records: Sequence[ModeEntered]) -> None:
    """Puts sessions into modes in the transaction of `orm`, in order; see `Modes.enter`.

    One query and one statement, however many there are.

    Raises:
        TransitionError: A mode may not follow the one that its session is in.
    """
    if not records:
        return
    last = _last_modes(orm, {record.session_id for record in records})
    steps: list[dict[str, object]] = []
    for record in records:
        mode = Mode(record.mode)
        position, before = last.get(record.session_id, (-1, None))
        MODES.check(before, mode)
        if before is mode:
            continue
        last[record.session_id] = position + 1, mode
        steps.append(
            {
                "id": record.id,
                "created_at": record.created_at,
                "updated_at": record.created_at,
                "session_id": record.session_id,
                "position": position + 1,
                "mode": mode,
                "started_at": record.created_at,
                "previous_position": None if before is None else position,
                "previous": None if before is None else before.value,
                "reason": record.reason[:200],
            }
        )
    if steps:
        add_rows(orm, ModeState, steps)


def _last_modes(orm: OrmSession, sessions: Collection[UUID]) -> dict[UUID, tuple[int, Mode]]:
    """Position and mode of the step that each session is at; none of those that have made none."""
    at = (ModeState.session_id, func.max(ModeState.position).label("position"))
    newest = select(*at).where(ModeState.session_id.in_(sessions)).group_by(at[0]).subquery()
    same = and_(
        ModeState.session_id == newest.c.session_id, ModeState.position == newest.c.position
    )
    query = select(ModeState.session_id, ModeState.position, ModeState.mode).join(newest, same)
    return {session: (position, mode) for session, position, mode in orm.execute(query)}


def _history(session_id: UUID, *, newest_first: bool = False) -> Select[ModeState]:
    order = ModeState.position.desc() if newest_first else ModeState.position
    return select(ModeState).where(ModeState.session_id == session_id).order_by(order)
