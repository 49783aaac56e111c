"""Answers to what people ask about themselves: "what's my name?", "where do I live?"."""

import re

from control_plane.responder.mind import Mind
from control_plane.responder.port import Turn
from control_plane.responder.remarks import Remark, one_of
from control_plane.responder.telling import told
from storage.recalled import Recalled

__all__ = ["answer_about_oneself"]

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
_OF_ONESELF = re.compile(
    "|".join(_ITS_KIND) + r"|\bmy (?:\w+ )?(?:\w+'s|favou?rite) \w+\W*$", re.IGNORECASE
)


def answer_about_oneself(text: str, turn: Turn) -> Remark | None:
    """The answer to a question about what is remembered; None: it is none.

    Args:
        text: The message, in one line.
        turn: What is to be answered.
    """
    mind = turn.mind
    if _ALL.search(text):
        return _everything(mind)
    if _NAME.search(text):
        name = mind.one("name")
        if name is not None:
            said = (f"You're {name.value}, of course!", f"{name.value}. You told me so.")
            return one_of(turn, *said, used=(name,), expressions=("happiness",))
        return one_of(
            turn,
            "You haven't told me your name. What shall I call you?",
            "I don't know your name yet. Would you tell me?",
        )
    if not _ASKS.match(text) or mind.noted:
        return None
    found = _asked_for(text, mind)
    if found is None:
        if not _OF_ONESELF.search(text):
            return None
        return one_of(
            turn,
            "You haven't told me that yet. Will you?",
            "I don't know that of you yet. Would you tell me?",
            expressions=("question", "listening"),
        )
    known = told(found, mind.today)
    return one_of(
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


def _everything(mind: Mind) -> Remark:
    known = [memory for memory in mind.memories if memory.subject]
    if not known:
        return Remark("Nothing yet. What would you like me to know?", (), ("listening",))
    parts = [f"that {told(memory, mind.today)}" for memory in known]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    # Those in mind are seldom all there are.
    said = f"What comes to mind: you told me {listed}. I forget it whenever you say so."
    return Remark(said, tuple(memory.id for memory in known), ("thinking_it_over", "listening"))
