"""What the rules say of memories: who is greeted, what is asked after, what is answered.

Each is said once a session at most, and none where somebody is in distress.
"""

import re

from control_plane.responder.follow_ups import follow_up, is_trial
from control_plane.responder.mind import Forgotten
from control_plane.responder.port import Turn
from control_plane.responder.remarks import Remark, one_of
from control_plane.responder.self_questions import answer_about_oneself

__all__ = ["recall_reply"]

_WELCOMED = frozenset(("greeting", "how_are_you"))
_PREFIXED = frozenset(("statement", "good_news", "opinion", "wish", "praise"))


def recall_reply(rule: str, text: str, turn: Turn) -> Remark | None:
    """What there is to say out of memory; None: nothing, the usual reply does.

    Args:
        rule: Name of the rule that reads the message.
        text: The message, in one line.
        turn: What is to be answered.
    """
    if rule in ("crisis", "harmed", "threat", "foreign"):
        return None
    for remark in (_obeyed, _answered, _acknowledged, _welcomed, _returned_to):
        found = remark(rule, text, turn)
        if found is not None:
            return found
    return None


def _obeyed(_rule: str, _text: str, turn: Turn) -> Remark | None:
    mind = turn.mind
    if mind.refused:
        return one_of(
            turn,
            "That is safer with you alone, so I won't keep it. Is there something else?",
            "Secrets like that I'd rather not keep. What else is on your mind?",
        )
    if mind.forgotten is Forgotten.EVERYTHING:
        return one_of(
            turn,
            "Done. I've forgotten everything about you; only the record of our talks stays.",
            "All right: everything I remembered is gone. Only the record of our talks stays.",
        )
    if mind.forgotten is Forgotten.SOMETHING:
        return one_of(turn, "All right, that's forgotten.", "It's gone. I've let go of that.")
    return None


def _answered(_rule: str, text: str, turn: Turn) -> Remark | None:
    return answer_about_oneself(text, turn)


def _acknowledged(rule: str, _text: str, turn: Turn) -> Remark | None:
    """What the message itself told that deserves a word."""
    mind = turn.mind
    if mind.asked and mind.noted:
        kept = mind.noted
        if mind.lasting:
            return one_of(turn, "I'll remember that.", "Noted, and kept.", used=kept)
        return one_of(
            turn,
            "I'll keep that in mind while we talk. For longer I would have to know who you are.",
            "I'll remember it until we say goodbye; I don't know whom to keep it for.",
            used=kept,
        )
    for noted in mind.noted:
        if mind.corrected:
            return one_of(
                turn,
                f"{noted.value} it is. Thank you for putting that right.",
                f"Ah, {noted.value}. I've put that right.",
                used=(noted,),
                expressions=("gentle_agreement", "agreement"),
            )
        if noted.kind == "name":
            return one_of(
                turn,
                f"Nice to meet you, {noted.value}! What is on your mind?",
                f"Hello, {noted.value}! How is your day going?",
                used=(noted,),
                expressions=("warm_greeting", "greeting"),
            )
        if noted.kind == "plan" and rule != "loss" and is_trial(noted):
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
        remark = one_of(
            turn, f"Good to have you back{called}.", f"There you are again{called}!", used=used
        )
        return Remark(remark.text, remark.used, (), goes_on=True)
    question, about = follow_up(mind)
    hello = one_of(turn, f"Hello again{called}!", f"Welcome back{called}!").text
    if rule == "how_are_you":
        hello = one_of(
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
        return one_of(turn, *said, used=(name,), expressions=("farewell",))
    if rule == "greeting" and turn.number:
        question, about = follow_up(mind)
        if question:
            return Remark(question, tuple(item.id for item in about), ("question", "listening"))
    if rule != "statement" or mind.noted:
        return None
    for memory in mind.memories:
        touched = memory.kind == "pet" and memory.subject not in mind.mentioned
        animal = memory.subject.split(":")[1] if touched else ""
        if any(other.subject.startswith(f"event:{animal}:") for other in mind.memories):
            continue  # it may have died
        if (
            touched
            and memory.value[0].isupper()
            and re.search(rf"\bmy {animal}\b", text, re.IGNORECASE)
        ):
            return one_of(
                turn,
                f"How is {memory.value} these days?",
                f"And what did {memory.value} make of that?",
                used=(memory,),
                expressions=("question", "listening"),
            )
    return None
