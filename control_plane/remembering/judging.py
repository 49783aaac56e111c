"""What the doors offer to viewers who judge: the last reply, of a session whose id they know."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from control_plane.errors import InvalidArgumentError, NotFoundError
from control_plane.remembering.remembered import Remembered
from storage.feedback import Feedback, Judged

__all__ = ["MAX_COMMENT_CHARS", "JudgingDesk", "LastReplyJudgement"]

MAX_COMMENT_CHARS = 2000


class LastReplyJudgement(BaseModel):
    """What a viewer thinks of the avatar's last reply."""

    model_config = ConfigDict(extra="forbid", strict=True)

    score: float = Field(ge=-1.0, le=1.0, allow_inf_nan=False, description="-1 to 1")
    comment: str = Field("", max_length=MAX_COMMENT_CHARS, description="In words.")
    rating: float | None = Field(
        None, ge=1.0, le=5.0, allow_inf_nan=False, description="1 to 5; left out: as the score is."
    )
    replaces: str = Field(
        "", max_length=40, description="Id of an earlier judgement that counts no more."
    )


class JudgingDesk:
    """Keeps judgements; used from one event loop.

    Args:
        remembered: Where they are kept.
    """

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
        self._feedback = Feedback(remembered.database)

    async def judge(self, session_id: str, given: dict[str, Any]) -> dict[str, Any]:
        """Keeps a judgement of the session's last reply, and returns it as JSON.

        Args:
            session_id: The session, living or ended.
            given: A `LastReplyJudgement` as JSON.

        Raises:
            InvalidArgumentError: It is none.
            NotFoundError: No such session is stored.
            NotStoredError: The session has no reply, or the judgement to replace is not of it.
        """
        try:
            judgement = LastReplyJudgement.model_validate(given)
        except ValidationError as error:
            raise _refused(error) from error
        session = _key(session_id, "there is no session")
        replaces = _key(judgement.replaces, "there is no judgement") if judgement.replaces else None
        # Settled, because the reply may have been said a moment ago.
        judged = await self._remembered.run_settled(
            self._feedback.judge_last_reply,
            session,
            judgement.score,
            judgement.comment.strip(),
            rating=judgement.rating,
            replaces=replaces,
        )
        return _to_json(judged)


def _key(text: str, unknown: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError(f"{unknown} {text[:60]!r}") from error


def _refused(error: ValidationError) -> InvalidArgumentError:
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    reason = first["msg"][:1].lower() + first["msg"][1:]
    return InvalidArgumentError(f"{field or 'judgement'}: {reason}", field)


def _to_json(judged: Judged) -> dict[str, Any]:
    return {
        "id": str(judged.id),
        "messageId": str(judged.message_id),
        "score": judged.score,
        "rating": judged.rating,
        "comment": judged.comment,
    }
