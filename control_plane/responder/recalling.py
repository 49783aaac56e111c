"""What the rules say of memories: who is greeted, what is asked after, what is answered.

Each is said once a session at most, and none where somebody is in distress.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from control_plane.responder.mind import Forgotten, Mind
from control_plane.responder.port import Turn
from control_plane.responder.reflection import reflect
from control_plane.responder.telling import due_day, told
from engine.motion.chance import text_counter, uniform
from storage.recalled import Recalled

__all__ = ["Remark", "recall_reply"]

_ASK_WITHIN = timedelta(days=14)
_WELCOMED = frozenset(("greeting", "how_are_you"))
_PREFIXED = frozenset(("statement", "good_news", "opinion", "wish", "praise"))
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
_NAME = re.compile(
    r"\b(?:what(?:'s| is| was)|do you (?:know|remember)|say|tell me) my name\b|\bwho am i\b"
    r"|\bdo you (?:remember|know|recognise|recognize) (?:me|who i am)\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\bwhat (?:do|did) you (?:know|remember) (?:about|of) me\b"
    r"|\bwhat have i told you\b|\bwhat do you remember\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(?:and |so |hey,? )*(?:where|what|what's|when|when's|how old|who|who's|do i|am i|which"
    r"|do you (?:know|remember))\b(?=.*\b(?:i|my|am i)\b)",
    re.IGNORECASE,
)
_ITS_KIND = {
    r"\bwhere do i live\b": "home",
    r"\bwhere (?:am i|do i come) from\b": "origin",
    r"\b(?:what do i do(?: for a living)?|what(?:'s| is) my job|where do i work)\b": "work",
    r"\bwhat do i study\b": "study",
    r"\bhow old am i\b": "age",
    r"\bwhen(?:'s| is) my birthday\b": "birthday",
    r"\bwhat do i (?:like|love|enjoy)\b": "like",
    r"\bwhat do(?:n't i| i not) like\b|\bwhat do i hate\b": "dislike",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said out of memory.

    Attributes:
        text: What to say.
        used: The memories it uses.
        expressions: Expressions that go with it, the first one that exists is taken.
        goes_on: Whether the usual reply follows it.
    """

    text: str
    used: tuple[UUID, ...] = ()
    expressions: tuple[str, ...] = ()
    goes_on: bool = False


def recall_reply(rule: str, text: str, turn: Turn) -> Remark | None:
    """What there is to say out of memory; None: nothing, the usual reply does.

    Args:
        rule: Name of the rule that reads the message.
        text: The message, in one line.
        turn: What is to be answered.
    """
    if rule in ("crisis", "foreign"):
        return None
    for remark in (_obeyed, _answered, _acknowledged, _welcomed, _returned_to):
        found = remark(rule, text, turn)
        if found is not None:
            return found
    return None


def _obeyed(_rule: str, _text: str, turn: Turn) -> Remark | None:
    mind = turn.mind
    if mind.refused:
        return _one_of(
            turn,
            "That is safer with you alone, so I won't keep it. Is there something else?",
            "Secrets like that I'd rather not keep. What else is on your mind?",
        )
    if mind.forgotten is Forgotten.EVERYTHING:
        return _one_of(
            turn,
            "Done. I've forgotten everything you told me about yourself.",
            "All right: everything I remembered about you is gone.",
        )
    if mind.forgotten is Forgotten.SOMETHING:
        return _one_of(turn, "All right, that's forgotten.", "It's gone. I've let go of that.")
    return None


def _answered(_rule: str, text: str, turn: Turn) -> Remark | None:
    """Answers to questions about what is remembered."""
    mind = turn.mind
    if _ALL.search(text):
        return _everything(mind)
    if _NAME.search(text):
        name = mind.one("name")
        if name is not None:
            said = (f"You're {name.value}, of course!", f"{name.value}. You told me so.")
            return _one_of(turn, *said, used=(name,), expressions=("happiness",))
        return _one_of(
            turn,
            "You haven't told me your name. What shall I call you?",
            "I don't know your name yet. Would you tell me?",
        )
    if not _ASKS.match(text) or mind.noted:
        return None
    found = _asked_for(text, mind)
    if found is None:
        return None
    known = told(found, mind.today)
    return _one_of(
        turn, f"You told me that {known}.", f"As far as I remember, {known}.", used=(found,)
    )


def _asked_for(text: str, mind: Mind) -> Recalled | None:
    """The memory that a question is about."""
    for pattern, kind in _ITS_KIND.items():
        if re.search(pattern, text, re.IGNORECASE):
            return mind.one(kind)
    mine = re.search(r"\bmy (?P<what>[\w ]+?)(?:'s)?(?: name| called)?\W*$", text, re.IGNORECASE)
    words = mine.group("what").lower().removesuffix(" name").split() if mine is not None else []
    for memory in mind.memories:
        about = memory.subject.partition(":")[2]
        if memory.kind in ("pet", "family", "favourite", "plan") and words:
            own = set(re.split(r"[ :]", about))
            if own & set(words) - {"favorite", "favourite"}:
                return memory
    return None


def _acknowledged(rule: str, _text: str, turn: Turn) -> Remark | None:
    """What the message itself told that deserves a word."""
    mind = turn.mind
    if mind.asked and mind.noted:
        kept = mind.noted
        if mind.lasting:
            return _one_of(turn, "I'll remember that.", "Noted, and kept.", used=kept)
        return _one_of(
            turn,
            "I'll keep that in mind while we talk. For longer I would have to know who you are.",
            "I'll remember it until we say goodbye; I don't know whom to keep it for.",
            used=kept,
        )
    for noted in mind.noted:
        if noted.kind == "name":
            return _one_of(
                turn,
                f"Nice to meet you, {noted.value}! What is on your mind?",
                f"Hello, {noted.value}! How is your day going?",
                used=(noted,),
                expressions=("warm_greeting", "greeting"),
            )
        if noted.kind == "plan" and rule != "loss" and _occasion(noted) in _TRIALS:
            after = " Tell me afterwards how it went." if mind.lasting else ""
            return Remark(
                f"Good luck with your {noted.value}!{after}",
                (noted.id,),
                ("encouragement", "happiness"),
            )
    return None


def _welcomed(rule: str, _text: str, turn: Turn) -> Remark | None:
    """The first words to somebody who comes back."""
    mind = turn.mind
    if not mind.returning or rule not in _WELCOMED | _PREFIXED:
        return None
    name = mind.one("name")
    called = f", {name.value}" if name is not None else ""
    used = () if name is None else (name,)
    if rule in _PREFIXED:
        remark = _one_of(
            turn, f"Good to have you back{called}.", f"There you are again{called}!", used=used
        )
        return Remark(remark.text, remark.used, (), goes_on=True)
    question, about = _follow_up(mind)
    hello = _one_of(turn, f"Hello again{called}!", f"Welcome back{called}!").text
    if rule == "how_are_you":
        hello = _one_of(
            turn, f"Awake and listening{called}.", f"Glad to see you again{called}."
        ).text
    return Remark(
        f"{hello} {question or 'How have you been?'}",
        tuple(item.id for item in (*used, *about)),
        ("warm_greeting", "greeting"),
    )


def _returned_to(rule: str, text: str, turn: Turn) -> Remark | None:
    """A memory that the message touches, or a plan whose day is over, brought up once."""
    mind = turn.mind
    name = mind.one("name")
    if rule == "farewell" and name is not None and not mind.noted:
        said = (f"Goodbye, {name.value}, and take care!", f"See you, {name.value}!")
        return _one_of(turn, *said, used=(name,), expressions=("farewell",))
    if rule == "greeting" and turn.number:
        question, about = _follow_up(mind)
        if question:
            return Remark(question, tuple(item.id for item in about), ("question", "listening"))
    if rule != "statement" or mind.noted:
        return None
    for memory in mind.memories:
        touched = memory.kind == "pet" and memory.subject not in mind.mentioned
        animal = memory.subject.split(":")[1] if touched else ""
        if (
            touched
            and memory.value[0].isupper()
            and re.search(rf"\bmy {animal}\b", text, re.IGNORECASE)
        ):
            return _one_of(
                turn,
                f"How is {memory.value} these days?",
                f"And {memory.value}, how was that for {memory.value}?",
                used=(memory,),
                expressions=("question", "listening"),
            )
    return None


def _follow_up(mind: Mind) -> tuple[str, tuple[Recalled, ...]]:
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


def _everything(mind: Mind) -> Remark:
    known = [memory for memory in mind.memories if memory.subject]
    if not known:
        return Remark("Nothing yet. What would you like me to know?", (), ("listening",))
    parts = [f"that {told(memory, mind.today)}" for memory in known]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    said = f"You told me {listed}. I forget it whenever you say so."
    return Remark(said, tuple(memory.id for memory in known), ("thinking_it_over", "listening"))


def _occasion(plan: Recalled) -> str:
    return plan.value.split()[-1].lower()


def _is_noun(plan: Recalled) -> bool:
    """Whether a plan is something one has, such as an exam, and not something one does."""
    return plan.subject == f"plan:{plan.value.lower()}"


def _one_of(
    turn: Turn, *said: str, used: tuple[Recalled, ...] = (), expressions: tuple[str, ...] = ()
) -> Remark:
    fresh = [text for text in said if text != turn.previous] or list(said)
    draw = uniform(turn.seed, turn.number, text_counter(turn.text))
    return Remark(fresh[int(draw * len(fresh))], tuple(item.id for item in used), expressions)
