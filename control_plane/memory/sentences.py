"""Lines of chat cut into sentences, and phrases out of them."""

import re
from collections.abc import Iterator

__all__ = ["clauses", "is_unreal", "phrase", "straightened"]

_MAX_SENTENCES = 12
_MAX_SENTENCE_CHARS = 200
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
# Line ends part sentences. Long runs of spaces cost rules the square of their length.
_SPACES = re.compile(r"[^\S\n]+")
_END = re.compile(
    r"(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bProf\.)(?<=[.!?;])\s+|\n+"
)
_JOINT = re.compile(
    r"(?:,\s*|\s+)(?:and|but)\s+(?=(?:i|i'm|i've|my|we|we're)\b)"
    r"|,\s*(?=(?:i|i'm|my|tomorrow|and|but)\b)|\s+but\s+(?=(?:hate|love|like)\b)",
    re.IGNORECASE,
)
_BY_THE_WAY = re.compile(r",?\s*\b(?:by the way|btw),?", re.IGNORECASE)
_QUESTION = re.compile(
    r"^\W*(?:and |but |so |ok |hey )?(?:who|what|when|where|why|how|which|whose|do|does"
    r"|did|is|are|am|was|were|can|could"
    r"|would|should|will|have you|has|isn't|aren't|don't you|didn't)\b(?! (?:not )?forget"
    r"| everything)",
    re.IGNORECASE,
)
# What is only imagined, asked, doubted, played or said by somebody else is no fact about the user.
_UNREAL = re.compile(
    r"\b(?:if|unless|would|wouldn't|wish(?:ed)?|imagine|pretend|suppose|supposed|maybe"
    r"|perhaps|probably"
    r"|might|kidding|joking|jk|dreamt|dreamed|used to|lyrics|quote|almost|nearly|la la|roleplay)\b"
    r"|\b(?:let's say|my dream|a dream|what if|as if|great first line)\b"
    r"|\bin (?:the|this|that|a|my) (?:movie|film|novel|game|story|book|song|show|dream|play)\b"
    r"|(?<!\bi )\b(?:said|says|told me|told us|claims|claimed|wrote|sang|sings|thinks"
    r"|asked me|calls himself)\b"
    r"|\"|/s\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r",\s*(?:and )?(?:what|how|who|where|and you|do you|are you|can you|is that|right|ok"
    r"|okay|you)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s,.!?;:()\[\]\u2013\u2014]+(?:\.(?=\w)[^\s,.!?;:()]+)*")
# A phrase ends before these.
_STOPS = frozenset(
    (
        *(
            "and",
            "or",
            "but",
            "because",
            "cause",
            "so",
            "since",
            "when",
            "while",
            "which",
            "who",
            "that",
        ),
        *(
            "though",
            "although",
            "if",
            "as",
            "than",
            "then",
            "too",
            "also",
            "anyway",
            "already",
            "again",
        ),
        *(
            "btw",
            "lol",
            "haha",
            "please",
            "now",
            "today",
            "lately",
            "nowadays",
            "currently",
            "right",
        ),
        *(
            "more",
            "most",
            "very",
            "really",
            "actually",
            "however",
            "except",
            "for",
            "with",
            "where",
        ),
        *("yesterday", "tomorrow", "tonight", "is", "are", "was", "were", "has", "had", "will"),
    )
)
_TAILS = re.compile(
    r"\s+(?:a lot|so much|by|at the moment|at least|at all|best|the|either|though)$", re.IGNORECASE
)


def straightened(text: str, most: int) -> str:
    """The text's first characters, at most so many, with plain quotes and single spaces."""
    return _SPACES.sub(" ", text[:most].translate(_QUOTES))


def clauses(text: str) -> Iterator[tuple[str, bool]]:
    """Its sentences, cut where another one about the speaker begins, and whether each asks.

    Sentences too long to be plain statements are left out.
    """
    for sentence in _END.split(text)[:_MAX_SENTENCES]:
        whole = _BY_THE_WAY.sub("", sentence).strip()
        if not whole or len(whole) > _MAX_SENTENCE_CHARS:
            continue
        told, asked = whole, whole.endswith("?") or _QUESTION.match(whole) is not None
        tag = _TAG.search(whole) if whole.endswith("?") else None
        if tag is not None and _QUESTION.match(whole) is None:
            told, asked = whole[: tag.start()], False
        for part in _JOINT.split(told):
            if part and part.strip():
                yield " ".join(part.split()), asked


def is_unreal(sentence: str) -> bool:
    """Whether it is only imagined, doubted, quoted, or said by somebody else."""
    return _UNREAL.search(sentence) is not None


def phrase(text: str, most: int = 6, stops: frozenset[str] = frozenset()) -> str:
    """The words at its beginning, up to punctuation or a word that begins something else.

    Args:
        text: What follows a rule's opening.
        most: How many words it may have; a longer one is no phrase.
        stops: More words before which it ends.
    """
    words: list[str] = []
    place = 0
    for found in _WORD.finditer(text):
        between = text[place : found.start()]
        word = found.group()
        if (words and between.strip()) or (not words and between.strip(" \"'")):
            break
        if word.lower() in _STOPS or word.lower() in stops:
            break
        words.append(word)
        place = found.end()
        if len(words) > most:
            return ""
    cut = " ".join(words).strip("'\"*_")
    while (shorter := _TAILS.sub("", cut)) != cut:
        cut = shorter
    return cut
