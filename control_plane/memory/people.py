"""Rules for pets, family and friends: what they are called, and how many there are."""

import re
from collections.abc import Iterator

from control_plane.memory.names import name_of
from control_plane.memory.notes import Kind, Note
from control_plane.memory.word_lists import first_names, is_common_word

__all__ = ["KIN", "PETS", "kind_of_whom", "people_notes", "whose"]

PETS = (
    "dog|puppy|cat|kitten|rabbit|bunny|hamster|guinea pig|parrot|budgie|horse|pony"
    "|goldfish|tortoise|turtle|snake|rat|gerbil|canary|goat|chicken"
)
"""Animals that people live with, for a pattern."""

KIN = (
    "(?:little |older |younger |big |twin |half-|step)?(?:sister|brother)|(?:grand|step"
    "|god)?(?:mother|father|mom|mum|dad|son|daughter|ma|pa)"
    "|wife|husband|partner|girlfriend|boyfriend|fiancee?|grandma|grandpa|granny|nan|aunt"
    "|uncle|cousin|niece|nephew|(?:best )?friend"
    "|roommate|flatmate|neighbou?r|boss|colleague|baby|kid|child|grandson|granddaughter"
    "|parents|grandparents"
)
"""People of one's own, for a pattern."""

_PLAIN = {
    "mom": "mother",
    "mum": "mother",
    "dad": "father",
    "ma": "mother",
    "pa": "father",
    "fiancé": "fiance",
}
_WHO = rf"(?P<who>(?:\w+ )?(?:{PETS})|{KIN})"
_CALLED = re.compile(
    rf"\bmy {_WHO}(?:'s name is|(?: is|'s)? (?:called|named)| goes by"
    rf"|,? whose name is)\s+(?P<name>\S.*)"
    rf"|\bi(?:'ve got| have| got| adopted| just got)? (?:have |got )?(?:a|an|my"
    rf"|one)(?: \w+){{0,2}}? (?P<owned>{PETS}|{KIN}),? (?:(?:who|which|that) is "
    rf"|who's )?(?:called|named)\s+(?P<owned_name>\S.*)",
    re.IGNORECASE,
)
_AND_A = re.compile(
    rf"\band an? (?P<who>{PETS}|{KIN}) (?:called|named) (?P<name>\S.*)", re.IGNORECASE
)
_BESIDE = re.compile(
    rf"\b(?:[Mm]y) (?P<who>(?i:{PETS}|{KIN}))(?:,| is)? (?P<name>[A-Z][\w'-]+)(?=(?P<rest>.*))"
)
_HOW_MANY = re.compile(
    rf"^(?:and |so |yes,? |well,? )?(?:i|we)(?:'ve got| have got| have| got) (?P<count>two"
    rf"|three|four|five|six|\d|a|an|one)(?: (?:little|big|older|younger|small|young"
    rf"|wonderful|lovely|grown))* "
    rf"(?P<what>(?:{PETS}|brother|sister|son|daughter|kid|children|child|cousin"
    rf"|grandchildren|grandkid|twin|niece|nephew)(?:s|ies)?)(?P<rest>$|[ ,.!].*)",
    re.IGNORECASE,
)
_NO_COUNT = re.compile(
    r"^ (?:in|of|to|for|food|house|person|feeling|show|toy|video|picture|bed)\b", re.IGNORECASE
)


def whose(word: str) -> str:
    """One word for each relation: "mum" is the mother; adjectives fall away."""
    low = re.sub(
        r"^(?:little|older|younger|big|twin|best|old|new|lovely|dear|poor|own) ", "", word.lower()
    )
    return _PLAIN.get(low, low)


def kind_of_whom(word: str) -> Kind:
    """Whether it is a pet or one of the family."""
    return Kind.PET if re.search(rf"\b(?:{PETS})$", word, re.IGNORECASE) else Kind.FAMILY


def people_notes(sentence: str) -> Iterator[Note]:
    """Who there is in the user's life."""
    match = _CALLED.search(sentence)
    if match is not None:
        who = match.group("who") or match.group("owned")
        name = name_of(match.group("name") or match.group("owned_name"), sure=True)
        if name:
            yield _called(who, name, 0.95)
        for other in _AND_A.finditer(
            sentence, match.end("who") if match.group("who") else match.end("owned")
        ):
            if other_name := name_of(other.group("name"), sure=True):
                yield _called(other.group("who"), other_name, 0.9)
        return
    beside = _BESIDE.search(sentence)
    if beside is not None and _is_name(beside):
        yield _called(beside.group("who"), beside.group("name"), 0.8)
        return
    counted = _HOW_MANY.match(sentence)
    if counted is not None and not _NO_COUNT.match(counted.group("rest")):
        yield _counted(counted)


def _called(who: str, name: str, confidence: float) -> Note:
    about, kind = whose(who), kind_of_whom(who)
    if kind is Kind.PET:
        about = about.split()[-1] if not about.endswith("guinea pig") else "guinea pig"
    content = f"The user's {about} is called {name}."
    return Note(kind, name, content, about=about, confidence=confidence)


def _is_name(match: re.Match[str]) -> bool:
    name = match.group("name")
    beside = not match.group().lower().endswith(f" is {name.lower()}")
    if beside and kind_of_whom(match.group("who")) is Kind.PET:
        return not name.isupper() and not is_common_word(name)
    return name.lower() in first_names() or (
        not name.isupper()
        and not is_common_word(name)
        and match.group("rest").lstrip().startswith((",", "and ", ".", "!"))
        and not name.endswith(("ing", "ed", "ly"))
    )


def _counted(match: re.Match[str]) -> Note:
    count, what = match.group("count").lower(), match.group("what").lower()
    value = "one" if count in ("a", "an") else count
    content = f"The user has {count} {what}."
    return Note(kind_of_whom(what.removesuffix("s")), value, content, about=what, confidence=0.85)
