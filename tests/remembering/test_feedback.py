from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from storage.archive import Archive
from storage.conversation_pages import ConversationPages
from storage.database import Database
from storage.errors import InvalidRecordError, NotStoredError
from storage.feedback import Feedback
from storage.keys import new_key
from storage.models import Judgement, Message, User
from storage.records import MessageRecord, utc_now
from storage.repository import Repository
from tests.remembering.rows import stored
from tests.remembering.started import started

SESSION = started()


def talked(database: Database, *roles: str) -> tuple[UUID, list[UUID]]:
    """A session in which those have spoken, and the ids of what they said."""
    session = replace(SESSION, id=new_key())
    now = utc_now()
    said = [
        MessageRecord(session.id, role, "x", "client", 0, 0, 0, "", id=new_key(),
                      created_at=now + timedelta(seconds=number))
        for number, role in enumerate(roles)
    ]  # fmt: skip
    Repository(database).add([session, *said])
    return session.id, [one.id for one in said]


def test_judgement_is_of_the_newest_reply_and_rates_it(shared_database: Database) -> None:
    session, said = talked(shared_database, "assistant", "assistant", "user")
    judged = Feedback(shared_database).judge_last_reply(session, 0.5, "warm\0")
    assert (judged.message_id, judged.rating) == (said[1], 4.0)
    archive = Archive(shared_database)
    (kept,) = archive.judgements("message", said[1])
    assert (kept.id, kept.score, kept.comment) == (judged.id, 0.5, "warm\N{REPLACEMENT CHARACTER}")
    assert archive.get(Message, said[1]).user_feedback == 4.0
    assert ConversationPages(shared_database).one(session).line.satisfaction == 4.0


def test_later_judgement_replaces_an_earlier_one_of_the_same_reply(
    shared_database: Database,
) -> None:
    session, said = talked(shared_database, "assistant")
    feedback = Feedback(shared_database)
    first = feedback.judge_last_reply(session, 1.0)
    later = MessageRecord(
        session, "assistant", "y", "rules", 0, 0, 0, "", created_at=utc_now() + timedelta(hours=1)
    )
    Repository(shared_database).add([later])
    second = feedback.judge_last_reply(session, -1.0, "no", rating=2.0, replaces=first.id)
    assert second.message_id == said[0]
    archive = Archive(shared_database)
    assert [one.id for one in archive.judgements("message", said[0])] == [second.id]
    assert not archive.get(Judgement, first.id).active
    assert archive.get(Message, said[0]).user_feedback == 2.0
    assert feedback.judge_last_reply(session, 0.0).message_id == later.id
    shown = ConversationPages(shared_database).one(session).messages[0].judgements
    assert [(one.score, one.active) for one in shown] == [(1.0, False), (-1.0, True)]


def test_what_is_not_there_cannot_be_judged(shared_database: Database) -> None:
    feedback = Feedback(shared_database)
    with pytest.raises(NotStoredError, match="no session"):
        feedback.judge_last_reply(new_key(), 0.0)
    silent, _ = talked(shared_database, "user")
    with pytest.raises(NotStoredError, match="no reply yet"):
        feedback.judge_last_reply(silent, 0.0)
    other, _ = talked(shared_database, "assistant")
    judged = feedback.judge_last_reply(other, 1.0)
    session, _ = talked(shared_database, "assistant")
    with pytest.raises(NotStoredError, match="no judgement"):
        feedback.judge_last_reply(session, 0.0, replaces=judged.id)
    assert Archive(shared_database).get(Judgement, judged.id).active


def test_judgement_of_a_user_who_is_not_known_leaves_nothing(shared_database: Database) -> None:
    session, said = talked(shared_database, "assistant")
    with pytest.raises(InvalidRecordError):
        Feedback(shared_database).judge_last_reply(session, 1.0, user_id=new_key())
    assert Archive(shared_database).judgements("message", said[0], active=False) == []
    user = stored(shared_database, User)
    judged = Feedback(shared_database).judge_last_reply(session, 1.0, user_id=user.id)
    assert Archive(shared_database).get(Judgement, judged.id).user_id == user.id


@pytest.mark.parametrize("score", [-1.5, 1.01])
def test_score_out_of_range_leaves_nothing(shared_database: Database, score: float) -> None:
    session, said = talked(shared_database, "assistant")
    with pytest.raises(InvalidRecordError):
        Feedback(shared_database).judge_last_reply(session, score, rating=3.0)
    archive = Archive(shared_database)
    assert archive.judgements("message", said[0], active=False) == []
    assert archive.get(Message, said[0]).user_feedback is None
