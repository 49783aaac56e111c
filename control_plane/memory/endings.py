"""Rules for what is so no longer: a plan that was called off, a home that was left."""

import re
from collections.abc import Iterator

from control_plane.memory.plans import OCCASIONS

__all__ = ["ended_subjects"]

_CALLED_OFF = re.compile(
    rf"\b(?:my|the|our) (?P<what>(?:[\w'-]+ ){{0,2}}?(?:{OCCASIONS}))(?! (?:{OCCASIONS}))"
    r" (?:is|was|got|has been|had been|'s been)(?: just)?"
    r" (?:cancell?ed|called off|postponed|moved|rescheduled)\b",
    re.IGNORECASE,
)
_CALLED_IT_OFF = re.compile(
    r"\b(?:i|we|they)(?:'ve| have)? (?:had to )?"
    rf"(?:cancell?ed|cancel|called off|postponed|postpone) (?:my|the"
    rf"|our) (?P<what>(?:[\w'-]+ ){{0,2}}?(?:{OCCASIONS}))\b",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\bi (?:no longer|don't|do not) (?P<verb>live|work|study|like|love)\b(?P<rest>.*)",
    re.IGNORECASE,
)
_ANY_MORE = re.compile(r"\b(?:any ?more|any longer)\b|\bno longer\b", re.IGNORECASE)
_OF_VERB = {"live": "home", "work": "work", "study": "study"}
_MOVED_OUT = re.compile(r"\bi(?:'ve| have)? (?:just )?moved (?:out|away)\b", re.IGNORECASE)


def ended_subjects(sentence: str) -> Iterator[str]:
    """Subjects of memories that the user says are so no longer."""
    for pattern in (_CALLED_OFF, _CALLED_IT_OFF):
        match = pattern.search(sentence)
        if match is not None:
            yield f"plan:{match.group('what').lower()}"
    ended = _NO_LONGER.search(sentence)
    if ended is not None and _ANY_MORE.search(sentence):
        verb = ended.group("verb").lower()
        if verb in _OF_VERB:
            yield _OF_VERB[verb]
        else:
            thing = _ANY_MORE.sub("", ended.group("rest")).strip(" .!,").lower()
            yield f"taste:{thing}"
    if _MOVED_OUT.search(sentence):
        yield "home"
