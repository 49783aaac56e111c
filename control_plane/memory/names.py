"""Rules for what somebody is called."""

import re
from collections.abc import Iterator

from control_plane.memory.notes import Kind, Note
from control_plane.memory.word_lists import creeds, first_names, is_common_word, not_names

__all__ = ["name_notes", "name_of", "named"]

_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Dr|Prof|Miss|Professor|Doctor)\.?$")
_TOKEN = re.compile(r"[^\W\d_][\w'-]*\.?")
_SURE = re.compile(
    r"\b(?:my (?:full |first |real |actual )?name(?:'s| is)(?: actually| now)?|(?:^"
    r"|\bno,? |\bactually,? )(?:the )?name's"
    r"|\bi go by|\bi(?:'m| am) (?:called|named)|\bi prefer to be called)\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?:^|[,.!]\s*|\b(?:please|just|can|may|could|should|to|also)\s+|\b(?:everyone"
    r"|everybody|people|friends|they|all|family)(?: \w+)? )"
    r"calls? me (?P<rest>\S.*)",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"^(?P<greeting>(?:hi|hello|hey|hiya|good (?:morning|evening|afternoon))\b(?: there"
    r"| mira| again)?[,.!]*\s*)?"
    r"(?:(?:and |so |actually,? |by the way,? )?(?:i'm|i am|im)|(?P<this>this is"
    r"|it's))\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_GO_ON = re.compile(
    r"^\s*(?:$|[,.!;:)(-]|\b(?:and|by the way|btw|from|here|but|nice to meet you|speaking)\b)",
    re.IGNORECASE,
)
_NATIONS = re.compile(
    r"(?:ish|ese|ican|erman|rench|utch|elsh|reek|wiss|ollish|urk|zech|hai|raqi|sraeli|akistani)$",
    re.IGNORECASE,
)


def name_of(text: str, *, sure: bool) -> str:
    """The name at the beginning of a text, with capitals; empty: there is none.

    Args:
        text: What follows words that introduce a name.
        sure: Whether only a name can follow them; otherwise it must be known as one.
    """
    words: list[str] = []
    place = 0
    for found in _TOKEN.finditer(text):
        between = text[place : found.start()]
        if between.strip() or len(words) == 3:
            break
        word = found.group()
        bare = word.rstrip(".")
        if not words and not _may_begin(bare, text, sure=sure):
            return ""
        if words and not bare[0].isupper():
            break
        words.append(word if _TITLE.match(word) else bare)
        place = found.end() - (0 if _TITLE.match(word) else len(word) - len(bare))
    if not words or _TITLE.match(words[-1]):
        return ""
    rest = text[place:]
    if not _GO_ON.match(rest):
        return ""
    return " ".join(word if any(map(str.isupper, word)) else word.capitalize() for word in words)


def name_notes(sentence: str) -> Iterator[Note]:
    """What the user says that they are called."""
    for pattern in (_SURE, _CALLED):
        match = pattern.search(sentence)
        if match is None or re.search(
            r"\b(?:don't|do not|never|not|stop|won't)\b[^,.!]*$",
            sentence[: match.start("rest")],
            re.IGNORECASE,
        ):
            continue
        name = name_of(match.group("rest"), sure=True)
        if name:
            yield named(name, 0.95)
            return
    match = _INTRODUCED.match(sentence)
    if match is None:
        return
    name = name_of(match.group("rest"), sure=False)
    known = name.split()[0].lower() in first_names() if name else False
    greeted = match.group("greeting") is not None
    if name and (
        known if not match.group("this") else (known and greeted) or "speaking" in sentence
    ):
        yield named(name, 0.85)
    elif name and greeted and not match.group("this"):
        yield named(name, 0.75)


def named(name: str, confidence: float) -> Note:
    """That this is what the user is called."""
    return Note(Kind.NAME, name, f"The user's name is {name}.", confidence=confidence)


def _may_begin(word: str, text: str, *, sure: bool) -> bool:
    low = word.lower()
    if low in not_names() or low.endswith("n't"):
        return False
    if low in first_names():
        return not (low in creeds() and not sure)
    if word.isupper() and len(word) > 2:
        return False
    if sure and word[0].isupper():
        return True
    if (
        low in creeds()
        or _NATIONS.search(low)
        or is_common_word(low)
        or low.endswith(("ing", "ed", "ly"))
    ):
        return False
    if sure:
        # In lower case only where nothing follows.
        return len(text.strip(" .!").split()) == 1
    return word[0].isupper() and not text.strip(" .!").isupper()
