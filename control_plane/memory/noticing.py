"""Reading a line of chat for what is worth remembering: rules in their order, nothing learnt.

A wrong memory is worse than none: what is asked, imagined, doubted, quoted or said of somebody else
is passed over, and so is what concerns health, faith, politics or love life unless the user asks
for it to be remembered. English alone is read.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import chain

from control_plane.memory.endings import ended_subjects
from control_plane.memory.facts import fact_notes
from control_plane.memory.happenings import happening_notes
from control_plane.memory.names import name_notes
from control_plane.memory.notes import Heard, Kind, Note
from control_plane.memory.people import people_notes
from control_plane.memory.plans import plan_notes
from control_plane.memory.sentences import clauses, is_unreal, straightened
from control_plane.memory.tastes import taste_notes
from control_plane.memory.wishes import (
    asked_note,
    corrected,
    forget_order,
    is_secret,
    promise_notes,
    to_remember,
)
from control_plane.memory.word_lists import felt_words, first_names, occupations, places

__all__ = ["MAX_NOTES", "notice", "warm"]

MAX_NOTES = 6
"""How many notes one line of chat leads to at most."""

_MAX_CHARS = 600
_MAX_VALUE_CHARS = 120
# Nearly every line that tells something about the speaker has one of these.
_TELLS = re.compile(
    r"\b(?:i|i'm|im|i've|my|me|we|we're|our|name's|this|remember|mind|note|forget|delete"
    r"|erase|wipe|clear)\b|^\W*(?:no|not|sorry|wait|actually|oops|wrong|nope)\b|favou?rite"
    r"|,.*\bcalls? me",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"\b(?:doctor'?s?|therap\w+|psychiatr\w+|surgery|operation|hospital|clinic|cancer"
    r"|chemo\w*|diagnos\w+|disease|illness|depress\w+|anxiety|adhd|autis\w+|hiv|std"
    r"|diabet\w+"
    r"|allerg\w+|pregnan\w+|abortion|miscarriage|medication|pills|drugs?|rehab|addict\w*"
    r"|suicid\w*|kill myself|self-harm|gay|lesbian|bisexual|trans|sex\w*|porn\w*|church"
    r"|mosque|synagogue"
    r"|jesus|allah|bible|quran|vot(?:e|ed|ing)|republicans?|democrats?|politic\w+|trump"
    r"|nazis?|union|court|prison|jail|arrested)\b",
    re.IGNORECASE,
)


def notice(text: str, today: date, last: Note | None = None) -> Heard:
    """What a user's line of chat tells that is worth remembering, and what is to be forgotten.

    Args:
        text: The line.
        today: The day it is where the user is.
        last: What was noted last in this conversation, which the line may put right.
    """
    plain = straightened(text, _MAX_CHARS)
    if not _TELLS.search(plain):
        return Heard()
    notes: dict[str, Note] = {}
    ended: list[str] = []
    asked = refused = False
    for sentence, asks in clauses(plain):
        order = forget_order(sentence)
        if order is not None:
            return Heard(tuple(notes.values()), order)
        wanted = to_remember(sentence)
        asked = asked or bool(wanted)
        refused = refused or is_secret(wanted)
        if not asks and not is_unreal(sentence):
            ended += ended_subjects(sentence)
        for note in _of_sentence(sentence, today, last, asks=asks):
            if (
                len(notes) < MAX_NOTES
                and len(note.value) <= _MAX_VALUE_CHARS
                and not is_secret(note.value)
            ):
                notes[note.subject] = note
                last = note
    return Heard(tuple(notes.values()), asked=asked, refused=refused, ended=tuple(ended))


def warm() -> None:
    """Reads the lists of words, so that no line waits for it; blocks."""
    for read in (first_names, places, occupations, felt_words):
        read()


def _of_sentence(sentence: str, today: date, last: Note | None, *, asks: bool) -> Iterator[Note]:
    wanted = to_remember(sentence)
    if wanted:
        if is_secret(wanted):
            return
        found = [
            replace(note, insisted=True) for note in _facts(wanted[:1].upper() + wanted[1:], today)
        ]
        asked = asked_note(wanted)
        yield from found or ([asked] if asked is not None else [])
        return
    if asks or is_unreal(sentence):
        return
    if last is not None:
        right = corrected(sentence, last)
        if right is not None:
            yield right
            return
    if not _PRIVATE.search(sentence):
        yield from _facts(sentence, today)


def _facts(sentence: str, today: date) -> Iterator[Note]:
    facts = list(fact_notes(sentence))
    born = any(note.kind is Kind.BIRTHDAY for note in facts)
    plans = [] if born else list(plan_notes(sentence, today))
    happened = [] if plans else list(happening_notes(sentence))
    yield from chain(
        name_notes(sentence),
        people_notes(sentence),
        facts,
        plans,
        happened,
        [] if plans or happened else taste_notes(sentence),
        promise_notes(sentence),
    )
