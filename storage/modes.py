"""What sessions do from when on: their mode's state machine, step by step."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.archive import lock
from storage.database import Database
from storage.keys import new_key
from storage.states import MODES, Mode
from storage.tables.base import now
from storage.tables.live import Session
from storage.tables.people import ModeState
from storage.transactions import reading, writing

__all__ = ["Modes", "enter"]


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
            return enter(orm, session_id, mode, now(), reason)

    def history(self, session_id: UUID) -> Sequence[ModeState]:
        """The modes of a session, the first one first."""
        query = select(ModeState).where(ModeState.session_id == session_id)
        with reading(self._database) as orm:
            return orm.scalars(query.order_by(ModeState.position)).all()


def enter(
    orm: OrmSession,
    session_id: UUID,
    mode: Mode,
    started_at: datetime,
    reason: str = "",
    key: UUID | None = None,
) -> ModeState:
    """Puts a session into a mode in the transaction of `orm`, under a key; see `Modes.enter`."""
    last = orm.scalars(
        select(ModeState)
        .where(ModeState.session_id == session_id)
        .order_by(ModeState.position.desc())
        .limit(1)
    ).first()
    MODES.check(None if last is None else last.mode, mode)
    if last is not None and last.mode is mode:
        return last
    state = ModeState(
        id=key or new_key(),
        session_id=session_id,
        position=0 if last is None else last.position + 1,
        mode=mode,
        started_at=started_at,
        previous_position=None if last is None else last.position,
        previous=None if last is None else last.mode.value,
        reason=reason[:200],
    )
    orm.add(state)
    orm.flush()
    return state
