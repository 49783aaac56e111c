"""What the rules find in a text: cues of feeling, the way it is written, and sarcasm.

Rules know what single messages of a chat mean: emoji, laughter, "she left me", "yeah right",
capitals and exclamation marks. How good or bad other words are is the text model's to say.
"""

import math
import re
import string
from typing import NamedTuple

from control_plane.emotion.chunks import ChunkedText, Hint, in_chunks
from control_plane.emotion.cues import IMPERATIVES, Cue, cues
from control_plane.emotion.vad import clamp
from engine.packet import Mood

__all__ = [
    "Evidence",
    "Manner",
    "RuleReading",
    "capitals_in",
    "excerpt",
    "is_english",
    "read_rules",
]

# A long text is judged by how it begins and how it ends.
_HEAD_CHARS = 300
_TAIL_CHARS = 150

_WEB_ADDRESS = re.compile(r"\bhttps?://\S+|\bwww\.\S+")
_STARTLED = re.compile(r"\b(?:really|seriously|what|for real|no way|you did|wait)\s*[?!]")
_PRAISE = r"(?:great|wonderful|fantastic|brilliant|perfect|lovely|awesome|amazing|nice|joy|good)"
# Looked for where a chunk hints at it: `chunks` names a word or mark of each way.
_MARKED_SARCASM = re.compile(
    r"(?:^|\s)/s\b|\byeah,? right\b|\bthanks (?:a lot )?for nothing\b"
    rf"|\b{_PRAISE}\W+(?:just|simply) {_PRAISE}\b|\b(?:just|simply) (?:great|perfect|wonderful)\W*$"
    rf"|\boh,? {_PRAISE}\b[,.]? (?:an?other|more|here we go|just what)\b"
    r"|\.\.\.? ?not\W*$|\bsure,? (?:because|like that)\b|\bworked so well last time\b"
    r"|\bjust what i needed\W+an?other\b|\bslow clap\b|\bbig surprise\b|\bhow original\b"
)
_PRAISED_HARM = re.compile(
    r"(?:job|work|going),? (?:breaking|ruining|losing|messing|crashing|deleting|destroying"
    r"|forgetting|missing|killing|wasting)\b"
)
_LOVED_HARM = re.compile(
    r"\blove (?:how|when|it when) (?:nobody|no one|everything|(?:you|they|it) (?:never|always))\b"
)
_THANKED_HARM = re.compile(
    r"\bthanks to (?:you|him|her|them|your?|this|that)\b[a-z', ]{0,20}"
    r"\b(?:missed|lost|failed|broke|late|ruined|stuck)\b"
)
_PRAISE_FIRST = re.compile(rf"^\W*(?:oh,? |well,? )?{_PRAISE}\b[,.!]? ")
_MISFORTUNE = re.compile(
    r"\b(?:broke|broken|crashed|again|down|late|failed|fails|another|worse|missed|lost|raining"
    r"|monday|meeting|paperwork|update|traffic|error)\b"
)
_ROLLED_EYES = "\U0001f644"
_CAPITALS = string.ascii_uppercase.encode()
# A situation says more than the words around it; plain talk only speaks against a feeling.
_SITUATION_WEIGHT = 2.5
_PLAIN_WEIGHT = 1.0
# ... and where there is nothing else, it settles the matter.
_PLAIN_ALONE = 3.0
_REST = Mood()
_POLITE = frozenset(("greeting", "gratitude", "approval", "pleasure"))
_MARK_WEIGHT = 1.2
# Who cannot believe it says how much it stirs, and hardly whether it is good: the rest decides.
_AMAZED_SHARE = 0.2
# Families that a stronger neighbour turns: to hope in vain is not to hope.
_NEGATED_WEIGHT = 0.6
# Who laughs at it does not mean it so badly: "I hate mondays lol".
_LAUGHED_AT_WEIGHT = 0.4
# A greeting opens a message, or follows what does; "this morning" greets nobody.
_BEFORE_GREETINGS = frozenset(
    ("good", "oh", "hey", "hi", "hello", "well", "ok", "okay", "yes", "and", "very", "happy")
)
# Of so many words without a common one, this share must be in our tables to be English.
_MIN_UNCOMMON_WORDS = 4
_KNOWN_SHARE = 0.25


# These are made once a message: as named tuples at two thirds of what frozen dataclasses cost.
class Evidence(NamedTuple):
    """Weighted mean place of the cues found, and how much they weigh.

    Attributes:
        place: The mean.
        weight: The sum of the weights.
        judged_weight: The same, where amazement hardly counts: it stirs and judges little.
        polite: Whether there is nothing but greetings, thanks and approval.
    """

    place: Mood
    weight: float
    judged_weight: float
    polite: bool = False


_NOTHING = Evidence(_REST, 0.0, 0.0)
# A family, "" for a negated one, where it is, and what it weighs.
_Weighed = tuple[str, Mood, float]


class Manner(NamedTuple):
    """How the text is written, each of about [0, 1]; `degree` and `certainty` may be negative."""

    exclaimed: float
    asked: bool
    shouted: float
    stretched: bool
    startled: bool
    trailing: bool
    degree: float
    certainty: float


class RuleReading(NamedTuple):
    """What the rules found.

    Attributes:
        text: What was read: an excerpt without web addresses, with straight apostrophes.
        said: The same in lower case, in chunks.
        english: Whether the words could be read.
        evidence: Of cues; of emoji alone where the words could not be read.
        manner: How it is written.
        sarcastic: Whether it praises what it means to blame.
    """

    text: str
    said: ChunkedText
    english: bool
    evidence: Evidence
    manner: Manner
    sarcastic: bool


def read_rules(text: str) -> RuleReading:
    """Reads a text of any length and language; pure, about 0.02 ms a message."""
    short = excerpt(text)
    if "://" in short or "www." in short:
        short = _WEB_ADDRESS.sub(" ", short)
    short = _straight(short)
    said = in_chunks(short.lower())
    english = _reads_as_english(said)
    return RuleReading(
        text=short,
        said=said,
        english=english,
        evidence=_gather(said, english=english),
        manner=_manner(short, said, english=english),
        sarcastic=english and _is_sarcastic(said),
    )


def is_english(text: str) -> bool:
    """Whether the rules can read a text; true too for one without words."""
    said = in_chunks(_straight(excerpt(text)).lower())
    return not said.words or _reads_as_english(said)


def excerpt(text: str) -> str:
    """The beginning and the end of a long text; a short one whole."""
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return text
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def capitals_in(text: str) -> int:
    """How many of the characters are capitals."""
    if text.isascii():  # nearly always, and cheaper by far
        return len(text) - len(text.encode().translate(None, _CAPITALS))
    return sum(map(str.isupper, text))


def _straight(text: str) -> str:
    return text if text.isascii() else text.replace("\u2019", "'")


def _reads_as_english(said: ChunkedText) -> bool:
    """Whether the lexicon can read it: common words decide, then the alphabet."""
    count = len(said.words)
    if not count:
        return False
    ours, theirs = said.counts.english, said.counts.foreign
    if theirs > ours or (theirs >= 2 and theirs == ours):
        return False
    if not ours and count >= _MIN_UNCOMMON_WORDS and said.counts.known < _KNOWN_SHARE * count:
        return False
    if said.lower.isascii():
        return True
    letters = sum(len(facts.word) for facts in said.words)
    plain = sum("a" <= char <= "z" for char in said.lower)
    return plain >= 0.8 * letters


def _is_sarcastic(said: ChunkedText) -> bool:
    lower = said.lower
    if said.hints & Hint.SARCASM and _MARKED_SARCASM.search(lower):
        return True
    praise = _PRAISE_FIRST.match(lower)
    if praise is not None and _MISFORTUNE.search(lower, praise.end()):
        begins = ("to ", "that ", "work", "job", "idea")
        return not lower.startswith(begins, praise.end()) or bool(
            _PRAISED_HARM.match(lower, praise.end())
        )
    if "love " in lower and _LOVED_HARM.search(lower):
        return True
    if "thanks to " in lower and _THANKED_HARM.search(lower):
        return True
    return _ROLLED_EYES in lower


def _gather(said: ChunkedText, *, english: bool) -> Evidence:
    """Weighs up the cues; a negated one counts less and the other way."""
    table = cues()
    lower, hints = said.lower, said.hints
    found: list[_Weighed] = []
    if hints & Hint.FACE or not lower.isascii():
        marks = table.mark_pattern.findall(lower)[:12]
        found += [(*table.marks[mark], _MARK_WEIGHT) for mark in marks]
    if hints & Hint.LAUGHTER:
        found.append(("amusement", table.families["amusement"], _MARK_WEIGHT))
    if english:
        told = _situations_in(said)
        found += [
            (
                family,
                table.families[family],
                _SITUATION_WEIGHT if family != "plain" else _PLAIN_WEIGHT,
            )
            for family, _, _ in told
        ]
        if hints & Hint.CUE:
            spoken = _of_words(said, told)
            if any(family == "amusement" for family, _, _ in (*found, *spoken)):
                spoken = [
                    (family, place, weight * (_LAUGHED_AT_WEIGHT if place.valence < 0.0 else 1.0))
                    for family, place, weight in spoken
                ]
            found += spoken
    return _weighed_up(found) if found else _NOTHING


def _weighed_up(found: list[_Weighed]) -> Evidence:
    total = judged_total = 0.0
    valence = arousal = dominance = 0.0
    for family, place, weight in found:
        judged = weight * (_AMAZED_SHARE if family == "surprise" else 1.0)
        total += weight
        judged_total += judged
        valence += place.valence * judged
        arousal += place.arousal * weight
        dominance += place.dominance * judged
    families = {family for family, _, _ in found}
    if families == {"plain"}:
        return Evidence(_REST, _PLAIN_ALONE * total, _PLAIN_ALONE * total)
    return Evidence(
        clamp(valence / judged_total, arousal / total, dominance / judged_total),
        total,
        judged_total,
        polite=families <= _POLITE,
    )


def _situations_in(said: ChunkedText) -> list[tuple[str, int, int]]:
    """Families of the situations told of, each with where it stands.

    One that lies within a longer one is none: in "my phone died" nobody died.
    """
    lower = said.lower
    found: list[tuple[str, int, int]] = []
    for begun, start, after in said.begun:
        if begun.one.match(lower, after) is not None:
            found += [
                (family, start, match.end())
                for family, pattern in begun.each
                if (match := pattern.match(lower, after)) is not None
            ]
    if len(found) < 2:
        return found
    return [
        (family, start, end)
        for family, start, end in found
        if not any(
            first <= start and end <= last and last - first > end - start
            for _, first, last in found
        )
    ]


def _of_words(said: ChunkedText, told: list[tuple[str, int, int]]) -> list[_Weighed]:
    """Cues of single words outside the situations told of."""
    found: list[_Weighed] = []
    negated_for = start = 0
    ended = False
    # What comes first is as if after a greeting.
    last = "oh"
    for chunk in said.chunks:
        for facts, at in chunk.placed:
            # A negation goes no further than its clause: "not angry, just disappointed".
            negated_for = 0 if ended else max(0, negated_for - 1)
            ended = False
            before, last = last, facts.word
            cue = facts.cue
            if (
                cue is not None
                and (cue[0] != "greeting" or before in _BEFORE_GREETINGS)
                and not any(first <= start + at < end for _, first, end in told)
            ):
                found.append(_weighed(cue, negated=negated_for > 0))
            if facts.is_negation:
                negated_for = 4
        ended = ended or chunk.pauses
        start += chunk.length
    return found


def _weighed(cue: Cue, *, negated: bool) -> _Weighed:
    family, place = cue
    if family == "plain":
        return family, place, _PLAIN_WEIGHT
    if not negated:
        return family, place, 1.0
    turned = clamp(-0.6 * place.valence, 0.2 * place.arousal, -0.3 * place.dominance)
    return "", turned, _NEGATED_WEIGHT


def _manner(text: str, said: ChunkedText, *, english: bool) -> Manner:
    lower = said.lower
    certainty = degree = 0.0
    if english:
        counts = said.counts
        certainty = 0.12 * (min(3, counts.assertive)) - 0.12 * min(3, counts.hedges)
        certainty += 0.2 * (counts.swears > 0)
        certainty += 0.2 * (said.words[0].word in IMPERATIVES and "?" not in text)
        degree = 0.1 * min(3, counts.intensifiers) - 0.2 * min(2, counts.dampeners)
    exclaimed, asked = text.count("!") + text.count("\uff01"), "?" in text
    return Manner(
        exclaimed=1.0 - math.exp(-exclaimed / 2.0),
        asked=asked or "\uff1f" in text,
        shouted=_shouted(text) if text != lower else 0.0,
        stretched=bool(said.hints & Hint.STRETCHED),
        startled=bool((asked or exclaimed) and _is_startled(lower)),
        trailing=lower.rstrip().endswith(("...", "\u2026")),
        degree=degree,
        certainty=certainty,
    )


def _shouted(text: str) -> float:
    """The share of words in capitals; 0 where it is one short word: that is an abbreviation."""
    if text.isascii() and capitals_in(text) < 3:
        return 0.0
    tokens = text.split()
    shouted = [token for token in tokens if token.isupper() and sum(map(str.isalpha, token)) > 2]
    if sum(map(len, shouted)) < 4:
        return 0.0
    return len(shouted) / sum(any(map(str.isalpha, token)) for token in tokens)


def _is_startled(lower: str) -> bool:
    marked = "?!" in lower or "!?" in lower or "??" in lower
    return marked or _STARTLED.search(lower) is not None
