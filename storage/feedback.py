"""What viewers say of the avatar's last reply: a judgement of that message, and its rating."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select, update

from storage.conversations import rate
from storage.database import Database
from storage.errors import NotStoredError
from storage.postgres_text import holdable
from storage.tables.base import now
from storage.tables.judging import Judgement, judgement_table
from storage.tables.live import Message, Session
from storage.transactions import writing

__all__ = ["Feedback", "Judged", "rating_of"]

_REPLY = "assistant"


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement as it was kept."""

    id: UUID
    message_id: UUID
    score: float
    rating: float
    comment: str


class Feedback:
    """Keeps judgements. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def judge_last_reply(
        self,
        session_id: UUID,
        score: float,
        comment: str = "",
        *,
        rating: float | None = None,
        replaces: UUID | None = None,
        user_id: UUID | None = None,
    ) -> Judged:
        """Keeps what a viewer thinks of the newest thing that the avatar has said.

        Args:
            session_id: Of the avatar.
            score: In [-1, 1].
            comment: In words.
            rating: The message's, 1 to 5; None: as the score is, see `rating_of`.
            replaces: An earlier judgement of a reply of this session, which does not count any
                more; this one is of the same reply then.
            user_id: Who thinks so; None: unknown.

        Raises:
            NotStoredError: There is no such session, it has said nothing yet, or there is no
                such judgement of it.
            InvalidRecordError: The score or the rating is out of range, or there is no such user.
        """
        link = judgement_table("message")
        stars = rating_of(score) if rating is None else rating
        judgement = Judgement(
            score=score,
            user_id=user_id,
            comment=holdable(comment),
        )
        with writing(self._database) as orm:
            if replaces is None:
                message_id = orm.scalar(
                    select(Message.id)
                    .where(Message.session_id == session_id, Message.role == _REPLY)
                    .order_by(Message.created_at.desc(), Message.id.desc())
                    .limit(1)
                )
            else:
                message_id = orm.scalar(
                    select(Message.id)
                    .join(link, link.c.target_id == Message.id)
                    .where(link.c.judgement_id == replaces, Message.session_id == session_id)
                )
            if message_id is None:
                known = orm.get(Session, session_id) is not None
                raise NotStoredError(_missing(session_id, replaces) if known else _no(session_id))
            if replaces is not None:
                gone = update(Judgement).where(Judgement.id == replaces)
                orm.execute(gone.values(active=False, updated_at=now()))
            orm.add(judgement)
            orm.flush()
            orm.execute(insert(link).values(judgement_id=judgement.id, target_id=message_id))
            rate(orm, message_id, stars)
        return Judged(judgement.id, message_id, score, stars, judgement.comment)


def rating_of(score: float) -> float:
    """Stars, 1 to 5, of a score in [-1, 1]: 3 for 0, evenly to both sides."""
    return 3.0 + 2.0 * score


def _missing(session_id: UUID, replaces: UUID | None) -> str:
    if replaces is not None:
        return f"no judgement {replaces} is of a reply of session {session_id}"
    return f"session {session_id} has no reply yet"


def _no(session_id: UUID) -> str:
    return f"no session {session_id} is stored"
