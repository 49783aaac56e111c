"""Sessions that a killed program left open, closed by the next as of their last sign of life."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as OrmSession

from storage.conversations import end_conversation
from storage.modes import enter_modes
from storage.records import ModeEntered, SessionEnded
from storage.states import Mode
from storage.tables.live import Message, Packet, Performance, Session
from storage.tables.people import ModeState

__all__ = ["LEFT_OPEN", "close_left_open"]

LEFT_OPEN = "the program ended without closing it"
"""Why such a session ended."""


def close_left_open(orm: OrmSession, run_id: UUID) -> None:
    """Closes the sessions of a run that are open, with their conversations and modes.

    Args:
        orm: The transaction.
        run_id: A run that lives no more, and of which nothing waits to be written.
    """
    query = select(Session.id, Session.created_at).where(
        Session.run_id == run_id, Session.ended_at.is_(None)
    )
    for session_id, created_at in orm.execute(query).all():
        ended = SessionEnded(session_id, LEFT_OPEN, _last_sign(orm, session_id) or created_at)
        _close_mode(orm, ended)
        end_conversation(orm, ended)
        orm.execute(
            update(Session)
            .where(Session.id == session_id)
            .values(ended_at=ended.ended_at, end_reason=ended.reason)
        )


def _last_sign(orm: OrmSession, session_id: UUID) -> datetime | None:
    """When anything was last written of a session."""
    times = [
        orm.scalar(select(func.max(time)).where(owner == session_id))
        for time, owner in (
            (Message.created_at, Message.session_id),
            (Packet.created_at, Packet.session_id),
            (Performance.created_at, Performance.session_id),
            (ModeState.started_at, ModeState.session_id),
        )
    ]
    return max((time for time in times if time is not None), default=None)


def _close_mode(orm: OrmSession, ended: SessionEnded) -> None:
    """By way of a fault, after which a session may be closed whatever it did before."""
    modes = select(ModeState.mode).where(ModeState.session_id == ended.id)
    last = orm.scalar(modes.order_by(ModeState.position.desc()).limit(1))
    if last in (None, Mode.CLOSE):
        return
    steps = [
        ModeEntered(ended.id, mode.value, ended.reason, created_at=ended.ended_at)
        for mode in (Mode.FAULT, Mode.CLOSE)
    ]
    enter_modes(orm, steps)
