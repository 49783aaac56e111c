"""Text to sentences short enough that sound starts early."""

import re

__all__ = ["MAX_CHUNK_CHARS", "speakable", "split_sentences"]

MAX_CHUNK_CHARS = 240
_FIRST_CHUNK_CHARS = 80
_LEAST_CHUNK_CHARS = 12  # a chunk of one or two words sounds chopped

# fmt: off
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k",
    "fig", "no", "inc", "ltd", "jr", "sr", "approx", "dept", "est", "min", "max", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
})
# fmt: on
_FOLLOWED_BY_NUMBER = frozenset({"no", "fig", "min", "max", "mar", "jan", "dec", "sep"})

_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_EMPHASIS = re.compile(r"(?<!\w)([*_~]{1,3})(?=\S)|(?<=\S)([*_~]{1,3})(?!\w)|`+")
_LINE_MARK = re.compile(r"^[ \t]{0,8}(?:#{1,6}|>|[-*+•])[ \t]+", re.MULTILINE)
_LINE_END = re.compile(r"(?<=[^\s.!?,;:…])[ \t]*\n+\s*")
_PICTOGRAPH = re.compile(
    "[\u200d\u20e3\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\ufe00-\ufe0f\ufffc-\uffff\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_STOP = re.compile("[.!?\u2026]+[\"'\u201d\u2019)\\]]*(?=\\s|$)|[\u3002\uff01\uff1f]+")
_SOFT_STOP = re.compile("[,;:](?=\\s)|\\s[-\u2013\u2014](?=\\s)|\u2014")
_OPENING = "(\"'[\u201c\u2018"


def speakable(text: str) -> str:
    """The text without what is not to be spoken: markup, emoji, control characters.

    Line ends become sentence ends where the line has none of its own.
    """
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub(" ", text)
    text = _LINE_MARK.sub("", text)
    text = _EMPHASIS.sub("", text)
    text = _PICTOGRAPH.sub(" ", text)
    text = _LINE_END.sub(". ", text.strip())
    return _SPACE.sub(" ", text).strip()


def split_sentences(text: str) -> list[str]:
    """Chunks to say one after another, at most 240 characters each, without empty ones.

    Splits at sentence ends, not within numbers, addresses or after abbreviations. A long first
    sentence is split at a comma, semicolon or dash as well, so that the first chunk stays near 80
    characters: its sound is made while nothing plays yet.
    """
    chunks: list[str] = []
    for sentence in _sentences(speakable(text)):
        head, rest = _early_cut(sentence) if not chunks else ("", sentence)
        chunks.extend([head, *_pieces(rest)])
    return [chunk for chunk in chunks if any(letter.isalnum() for letter in chunk)]


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    start = 0
    for stop in _STOP.finditer(text):
        if _ends_sentence(text, start, stop):
            found.append(text[start : stop.end()].strip())
            start = stop.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    if stop.group()[:1] != "." or stop.group().startswith(".."):
        return True
    word = text[start : stop.start()].rsplit(None, 1)[-1:] or [""]
    name = word[0].lower().lstrip(_OPENING)
    following = text[stop.end() :].lstrip()[:1]
    if name in _FOLLOWED_BY_NUMBER:
        return not following.isdigit()
    if name in _ABBREVIATIONS:
        return following == ""
    is_initial = len(name) == 1 and name.isalpha() and name != "i"
    return not is_initial or following == ""


def _early_cut(sentence: str) -> tuple[str, str]:
    """Cuts a long sentence at its last soft stop within 80 characters, else at its first one."""
    if len(sentence) <= _FIRST_CHUNK_CHARS:
        return "", sentence
    ends = [stop.end() for stop in _SOFT_STOP.finditer(sentence)]
    latest = len(sentence) - _LEAST_CHUNK_CHARS
    usable = [end for end in ends if _LEAST_CHUNK_CHARS <= end <= latest]
    early = [end for end in usable if end <= _FIRST_CHUNK_CHARS]
    if not usable:
        return "", sentence
    end = early[-1] if early else usable[0]
    if end > MAX_CHUNK_CHARS:
        return "", sentence
    return sentence[:end].strip(), sentence[end:].strip()


def _pieces(sentence: str) -> list[str]:
    """Cuts to at most 240 characters: at a soft stop, else at a space, else anywhere."""
    pieces: list[str] = []
    while len(sentence) > MAX_CHUNK_CHARS:
        window = sentence[:MAX_CHUNK_CHARS]
        stops = [stop.end() for stop in _SOFT_STOP.finditer(window)]
        end = next((at for at in reversed(stops) if at >= _LEAST_CHUNK_CHARS), 0)
        if end == 0:
            end = window.rfind(" ")
        if end <= 0:
            end = MAX_CHUNK_CHARS
        pieces.append(sentence[:end].strip())
        sentence = sentence[end:].strip()
    if sentence:
        pieces.append(sentence)
    return pieces
