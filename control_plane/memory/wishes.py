"""Rules for what somebody wants remembered or forgotten, promises, or puts right."""

import re
from collections.abc import Iterator

from control_plane.memory.facts import home, place_of, work
from control_plane.memory.names import name_of, named
from control_plane.memory.notes import Forget, Kind, Note, Scope
from control_plane.memory.tastes import taste

__all__ = ["asked_note", "corrected", "forget_order", "promise_notes", "to_remember"]

_ASK = (
    r"^\W*(?:ok(?:ay)?,? |and |so |hey,? |no,? |now,? |well,? |actually,? )*(?:please,? "
    r"|just |can you |could you |would you |will you |you can |you should |you may "
    r"|i want you to |i'd like you to |i would like you to )*(?:please )?"
)
_REMEMBER = re.compile(
    rf"{_ASK}(?:remember(?: this)?(?::|,| that|(?= my| i\b| i'm| i've))"
    rf"|keep in mind(?: that|,|:)?|don't forget that|make a note(?: that|:)"
    rf"|don't forget(?= my| i\b| i'm)) ?(?P<rest>\S.*)",
    re.IGNORECASE,
)
_NO_FACT = re.compile(
    r"^(?:time|song|day|night|movie|film|thing|guy|girl|one|moment|when|how|to|me|you|us"
    r"|it|we|what|is|was|!|\W*$)\b|.*\bi (?:love|like|hate|miss|need|want) you\b",
    re.IGNORECASE,
)
_FORGET = re.compile(
    rf"{_ASK}(?:forget|delete|erase|wipe|don't remember|stop remembering"
    rf"|clear)(?: about)? (?P<rest>\S.*)",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"^(?:everything|anything|all)(?: (?:that )?(?:about me|(?:i(?:'ve| have)?"
    r"|that i)(?: ever)? (?:told|said)(?: to)?(?: you)?|you (?:know|remember"
    r"|have)(?: (?:about|of|on) me)?|of it|my data|my memories))?[.!?]*$"
    r"|^(?:all )?(?:of )?(?:my|your) (?:data|memories|memory|information|info"
    r"|history)(?: (?:about|of) me)?[.!?]*$|^(?:all about )?me[.!?]*$",
    re.IGNORECASE,
)
_THAT = re.compile(
    r"^(?:that|this|it all|i (?:ever )?said (?:that|anything)|what i (?:just |have "
    r"|'ve )?(?:said|told you|wrote)|the last (?:thing|bit|one|message)|my last (?:message"
    r"|sentence))(?: please| now| again)?[.!?]*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^(?:that )?(?P<words>(?:my|i|i'm|i've)\b.+?|what i (?:said"
    r"|told you) about (?:my )?.+?)(?: please)?[.!?]*$",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\bi promise(?: you)?,?(?: that)? (?:(?:i'll|i will|we'll) |to (?=\w))(?P<rest>\S.*)",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"^\W*(?:no|nope|sorry|wait|actually|oops|not quite|i mean|i meant"
    r"|wrong)\b[,.! -]*(?:no\b[,.! -]*)?(?:sorry\b[,.! -]*)?(?:i (?:meant?"
    r"|said)(?: to say)? |(?:it's|it is|its|he's|she's|his name is|her name is|that's"
    r"|make that|actually) )?(?:actually )?(?P<rest>[^,.!?]+?)(?:,? not \S+)?[.!]*$",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(
    r"^\W*(?:it's )?not (?P<wrong>[\w'-]+)[,;.]? (?:but |it's )?(?P<rest>[\w' -]+?)[.!]*$",
    re.IGNORECASE,
)
# Never kept, even where it is asked for: a memory is said aloud, and read by who has the database.
_SECRET = re.compile(
    r"\b(?:passwords?|passcode|passphrase|pin(?: code| number)?|cvv|iban|social security"
    r"|ssn|credit card|card number|bank account|tan)\b|\b(?:\d[ -]?){8,}",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[.,!?;:]|\s(?:but|if|because|unless|as)\b", re.IGNORECASE)
_NO_DEED = re.compile(
    r"^(?:be|come) (?:there|here|back|good|right|nice|honest|fine|okay|ok|brief|quick)\b"
    r"|^(?:not|never)\b",
    re.IGNORECASE,
)
_MOST_WORDS = 30
_MOST_PROMISED = 10


def to_remember(sentence: str) -> str:
    """What the user asks to be remembered, in their own words; empty: they ask for nothing."""
    match = _REMEMBER.match(sentence)
    if match is None or sentence.rstrip().endswith("?") or _NO_FACT.match(match.group("rest")):
        return ""
    return match.group("rest").strip()


def asked_note(words: str) -> Note | None:
    """What no rule reads, kept as it was said; None: it is a secret, or too long."""
    value = words.rstrip(" .!")
    if _SECRET.search(value) or not 3 <= len(value.split()) <= _MOST_WORDS:
        return None
    return Note(
        Kind.ASKED, value, f'The user asked to have this remembered: "{value}".', insisted=True
    )


def is_secret(words: str) -> bool:
    """Whether it is something that opens a door or a purse."""
    return _SECRET.search(words) is not None


def forget_order(sentence: str) -> Forget | None:
    """What the user wants forgotten; None: nothing."""
    match = _FORGET.match(sentence)
    if match is None:
        return None
    rest = match.group("rest").strip()
    if _ALL.match(rest):
        return Forget(Scope.ALL)
    if _THAT.match(rest):
        return Forget(Scope.LAST)
    about = _ABOUT.match(rest)
    if about is None or "forget" not in match.group().lower().removesuffix(rest.lower()):
        return None
    return Forget(Scope.ABOUT, about.group("words"))


def promise_notes(sentence: str) -> Iterator[Note]:
    """What the user promises to do."""
    match = _PROMISE.search(sentence)
    value = _BREAK.split(match.group("rest"), maxsplit=1)[0] if match is not None else ""
    if 2 <= len(value.split()) <= _MOST_PROMISED and not _NO_DEED.match(value):
        told = re.sub(r"\bmy\b", "their", value, flags=re.IGNORECASE)
        yield Note(Kind.PROMISE, value, f"The user promised to {told}.", confidence=0.85)


def corrected(sentence: str, last: Note) -> Note | None:
    """What the user puts right about what was noted just now; None: nothing of it."""
    match = _CORRECTS.match(sentence) or _NOT_THIS.match(sentence)
    if match is None:
        return None
    wrong = match.groupdict().get("wrong")
    if wrong is not None and wrong.lower() not in last.value.lower().split():
        return None
    rest = match.group("rest").strip()
    note = _again(last, rest)
    if note is None or (note.subject == last.subject and note.value == last.value):
        return None
    return note


def _again(last: Note, rest: str) -> Note | None:
    """The last note with another value, where that is one of its kind."""
    match last.kind:
        case Kind.NAME | Kind.PET | Kind.FAMILY:
            name = name_of(rest, sure=rest[:1].isupper())
            if not name or (
                last.kind is not Kind.NAME and not last.content.endswith(f"called {last.value}.")
            ):
                return None
            made = (
                named(name, 0.9)
                if last.kind is Kind.NAME
                else Note(
                    last.kind, name, f"The user's {last.about} is called {name}.", about=last.about
                )
            )
        case Kind.HOME:
            place = place_of(rest.removeprefix("in "))
            if not place:
                return None
            made = home(place)
        case Kind.WORK if re.match(r"an? \w", rest):
            made = work(re.sub(r"^an? ", "", rest))
        case Kind.LIKE | Kind.DISLIKE if (
            len(rest.split()) <= 3
            and re.match(r"\W*(?:no,? |sorry,? )?i (?:mean|meant)\b", rest) is None
            and rest.isascii()
        ):
            made = taste(last.kind, rest)
        case _:
            return None
    return Note(
        made.kind, made.value, made.content, about=made.about, insisted=True, replaces=last.subject
    )
