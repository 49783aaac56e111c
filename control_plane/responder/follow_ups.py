"""Questions after what was told before: how the exam went, whether the worry is gone."""

from collections.abc import Callable
from datetime import date, timedelta

from control_plane.responder.mind import Mind
from control_plane.responder.reflection import reflect
from control_plane.responder.telling import due_day
from storage.recalled import Recalled

__all__ = ["follow_up", "is_trial"]

_ASK_WITHIN = timedelta(days=14)
_HOW_WAS = frozenset(
    (
        *(
            "birthday",
            "party",
            "wedding",
            "trip",
            "concert",
            "vacation",
            "holiday",
            "date",
            "flight",
        ),
        *(
            "festival",
            "dinner",
            "picnic",
            "barbecue",
            "graduation",
            "reunion",
            "show",
            "anniversary",
        ),
    )
)
_TRIALS = frozenset(
    (
        *(
            "exam",
            "test",
            "quiz",
            "interview",
            "presentation",
            "audition",
            "viva",
            "race",
            "marathon",
        ),
        *("match", "game", "competition", "tournament", "recital", "performance", "finals", "talk"),
    )
)


def follow_up(mind: Mind) -> tuple[str, tuple[Recalled, ...]]:
    """A question about something that was told before; empty: there is nothing to ask."""
    for memory in mind.memories:
        if memory in mind.noted or memory.subject in mind.mentioned:
            continue
        ask = _QUESTIONS.get(memory.kind)
        question = ask(memory, mind.today) if ask is not None else ""
        if question:
            return question, (memory,)
    return "", ()


def _of_plan(plan: Recalled, today: date | None) -> str:
    due = due_day(plan)
    if due is None or today is None:
        return ""
    noun = _is_noun(plan)
    if due == today:
        return f"Today is your {plan.value}, isn't it? I wish you the best." if noun else ""
    asked = plan.last_used_at is not None and plan.last_used_at.date() > due
    if due > today or today - due > _ASK_WITHIN or asked:
        return ""
    if not noun:
        return f"You were {reflect(plan.value)}: how was it?"
    if _occasion(plan) == "funeral":
        return "The funeral was not long ago. How are you?"
    how = "How was" if _occasion(plan) in _HOW_WAS else "How did"
    return f"{how} your {plan.value}?" if how == "How was" else f"How did your {plan.value} go?"


def _of_feeling(feeling: Recalled, _today: date | None) -> str:
    if feeling.last_used_at is not None:
        return ""
    felt = reflect(feeling.value)
    if felt.startswith("miss "):
        return f"Last time you said that you {felt}. Is it any easier?"
    return f"Last time you were {felt}. How is that now?"


def _of_promise(promise: Recalled, _today: date | None) -> str:
    if promise.last_used_at is not None:
        return ""
    return f"You wanted to {reflect(promise.value)}. Did it work out?"


_QUESTIONS: dict[str, Callable[[Recalled, date | None], str]] = {
    "plan": _of_plan,
    "feeling": _of_feeling,
    "promise": _of_promise,
}


def is_trial(plan: Recalled) -> bool:
    """Whether a plan is something for which one wishes luck."""
    return _occasion(plan) in _TRIALS


def _occasion(plan: Recalled) -> str:
    return plan.value.split()[-1].lower()


def _is_noun(plan: Recalled) -> bool:
    """Whether a plan is something one has, such as an exam, and not something one does."""
    return plan.subject == f"plan:{plan.value.lower()}"
