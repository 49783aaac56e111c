"""What the rules find in a text: cues of feeling, the way it is written, and sarcasm.

Rules know what single messages of a chat mean: emoji, laughter, "she left me", "yeah right",
capitals and exclamation marks. How good or bad other words are is the text model's to say.
"""

import math
import re
from dataclasses import dataclass

from control_plane.emotion.cues import (
    ASSERTIVE,
    DAMPENERS,
    ENGLISH,
    FOREIGN,
    HEDGES,
    IMPERATIVES,
    INTENSIFIERS,
    NEGATIONS,
    SWEARS,
    Cue,
    cues,
)
from control_plane.emotion.situations import situations_in
from control_plane.emotion.vad import clamp
from control_plane.emotion.words import word_feelings
from engine.packet import Mood

__all__ = ["Evidence", "Manner", "RuleReading", "excerpt", "is_english", "read_rules"]

# A long text is judged by how it begins and how it ends.
_HEAD_CHARS = 300
_TAIL_CHARS = 150

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_STRETCH = re.compile(r"(.)\1{2,}")
_WEB_ADDRESS = re.compile(r"\bhttps?://\S+|\bwww\.\S+")
_STARTLED = re.compile(r"\b(?:really|seriously|what|for real|no way|you did|wait)\s*[?!]")
_MAYBE_FACE = re.compile(r"[:;=<^]|xd")
_CLAUSE_MARKS = frozenset(",;:.!?")
_LAUGHTER = re.compile(
    r"\b(?:(?:ja){2,}|(?:je){2,}|k{4,}|mdr|ptdr|w{4,}|rs{2,})\b"
    r"|(?:\u0445\u0430){2,}|哈{2,}|ㅋ{2,}|笑"
)
_PRAISE = r"(?:great|wonderful|fantastic|brilliant|perfect|lovely|awesome|amazing|nice|joy|good)"
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
# A situation says more than the words around it; plain talk only speaks against a feeling.
_SITUATION_WEIGHT = 2.5
_PLAIN_WEIGHT = 1.0
# ... and where there is nothing else, it settles the matter.
_PLAIN_ALONE = 3.0
_REST = Mood()
_POLITE = ("greeting", "gratitude", "approval", "pleasure")
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


@dataclass(frozen=True, slots=True)
class Evidence:
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


@dataclass(frozen=True, slots=True)
class Manner:
    """How the text is written, each of about [0, 1]; `degree` and `certainty` may be negative."""

    exclaimed: float
    asked: bool
    shouted: float
    stretched: bool
    startled: bool
    trailing: bool
    degree: float
    certainty: float


@dataclass(frozen=True, slots=True)
class RuleReading:
    """What the rules found.

    Attributes:
        text: What was read: an excerpt without web addresses, with straight apostrophes.
        words: Number of words in it.
        english: Whether the words could be read.
        evidence: Of cues; of emoji alone where the words could not be read.
        manner: How it is written.
        sarcastic: Whether it praises what it means to blame.
    """

    text: str
    words: int
    english: bool
    evidence: Evidence
    manner: Manner
    sarcastic: bool


def read_rules(text: str) -> RuleReading:
    """Reads a text of any length and language; pure, under 0.2 ms."""
    short = _WEB_ADDRESS.sub(" ", excerpt(text)).replace("\u2019", "'")
    lower = short.lower()
    words = _WORD.findall(lower)
    english = _reads_as_english(lower, words)
    return RuleReading(
        text=short,
        words=len(words),
        english=english,
        evidence=_gather(lower, words if english else []),
        manner=_manner(short, lower, words, english=english),
        sarcastic=english and _is_sarcastic(lower),
    )


def is_english(text: str) -> bool:
    """Whether the rules can read a text; true too for one without words."""
    lower = excerpt(text).lower().replace("\u2019", "'")
    words = _WORD.findall(lower)
    return not words or _reads_as_english(lower, words)


def excerpt(text: str) -> str:
    """The beginning and the end of a long text; a short one whole."""
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return text
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def _reads_as_english(lower: str, words: list[str]) -> bool:
    """Whether the lexicon can read it: common words decide, then the alphabet."""
    if not words:
        return False
    ours = sum(word in ENGLISH for word in words)
    theirs = sum(word in FOREIGN for word in words)
    if theirs > ours or (theirs >= 2 and theirs == ours):
        return False
    if not ours and len(words) >= _MIN_UNCOMMON_WORDS and not _are_known(words):
        return False
    if lower.isascii():
        return True
    letters = sum(map(len, words))
    plain = sum("a" <= char <= "z" for char in lower)
    return plain >= 0.8 * letters


def _are_known(words: list[str]) -> bool:
    """Whether enough of the words are in the tables of feelings."""
    of = word_feelings().of
    return sum(of(word)[0] is not None for word in words) >= _KNOWN_SHARE * len(words)


def _is_sarcastic(lower: str) -> bool:
    if _MARKED_SARCASM.search(lower):
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


def _gather(lower: str, words: list[str]) -> Evidence:
    """Weighs up the cues; a negated one counts less and the other way."""
    table = cues()
    families = table.families
    found: list[tuple[Mood, float]] = []
    if not lower.isascii() or _MAYBE_FACE.search(lower):
        marks = table.mark_pattern.findall(lower)[:12]
        found += [(table.marks[mark][1], _MARK_WEIGHT) for mark in marks]
    if _LAUGHTER.search(lower):
        found.append((families["amusement"], _MARK_WEIGHT))
    if words:
        told = list(situations_in(lower))
        found += [
            (families[family], _PLAIN_WEIGHT if family == "plain" else _SITUATION_WEIGHT)
            for family, _, _ in told
        ]
        spoken = _of_words(lower, told)
        if any(place == families["amusement"] for place, _ in (*found, *spoken)):
            spoken = [
                (place, weight * (_LAUGHED_AT_WEIGHT if place.valence < 0.0 else 1.0))
                for place, weight in spoken
            ]
        found += spoken
    return _weighed_up(found, [families[family] for family in _POLITE], families["surprise"])


def _weighed_up(
    found: list[tuple[Mood, float]], courtesies: list[Mood], amazement: Mood
) -> Evidence:
    total = sum(weight for _, weight in found)
    if not any(place != _REST for place, _ in found):
        return Evidence(_REST, _PLAIN_ALONE * total, _PLAIN_ALONE * total)
    judged = [
        (place, weight * (_AMAZED_SHARE if place == amazement else 1.0)) for place, weight in found
    ]
    judged_weight = sum(weight for _, weight in judged)
    return Evidence(
        clamp(
            sum(place.valence * weight for place, weight in judged) / judged_weight,
            sum(place.arousal * weight for place, weight in found) / total,
            sum(place.dominance * weight for place, weight in judged) / judged_weight,
        ),
        total,
        judged_weight,
        polite=all(place in courtesies for place, _ in found),
    )


def _of_words(lower: str, told: list[tuple[str, int, int]]) -> list[tuple[Mood, float]]:
    """Cues of single words outside the situations told of."""
    table = cues()
    found: list[tuple[Mood, float]] = []
    stretched = _STRETCHED.search(lower) is not None
    negated_for = 0
    # What comes first is as if after a greeting.
    last, end = "oh", 0
    for match in _WORD.finditer(lower):
        word = match.group()
        # A negation goes no further than its clause: "not angry, just disappointed".
        between = lower[end : match.start()]
        ended = between != " " and not _CLAUSE_MARKS.isdisjoint(between)
        negated_for = 0 if ended else max(0, negated_for - 1)
        end = match.end()
        before, last = last, word
        if told and any(start <= match.start() < end for _, start, end in told):
            if word in NEGATIONS:
                negated_for = 4
            continue
        cue = table.of_word(word)
        if cue is None and stretched:
            cue = table.of_word(_STRETCH.sub(r"\1", word))
        if cue is not None and (cue[0] != "greeting" or before in _BEFORE_GREETINGS):
            found.append(_weighed(cue, negated=negated_for > 0))
        if word in NEGATIONS:
            negated_for = 4
    return found


def _weighed(cue: Cue, *, negated: bool) -> tuple[Mood, float]:
    family, place = cue
    if family == "plain":
        return place, _PLAIN_WEIGHT
    if not negated:
        return place, 1.0
    turned = clamp(-0.6 * place.valence, 0.2 * place.arousal, -0.3 * place.dominance)
    return turned, _NEGATED_WEIGHT


def _manner(text: str, lower: str, words: list[str], *, english: bool) -> Manner:
    tokens = text.split()
    shouted = [token for token in tokens if token.isupper() and sum(map(str.isalpha, token)) > 2]
    lettered = sum(any(map(str.isalpha, token)) for token in tokens)
    certainty = degree = 0.0
    if english:
        certainty = 0.12 * min(3, sum(word in ASSERTIVE for word in words))
        certainty -= 0.12 * min(3, sum(word in HEDGES for word in words))
        certainty += 0.2 * any(word in SWEARS for word in words)
        certainty += 0.2 * (words[0] in IMPERATIVES and "?" not in text)
        degree = 0.1 * min(3, sum(word in INTENSIFIERS for word in words))
        degree -= 0.2 * min(2, sum(word in DAMPENERS for word in words))
    return Manner(
        exclaimed=1.0 - math.exp(-(text.count("!") + text.count("\uff01")) / 2.0),
        asked="?" in text or "\uff1f" in text,
        # One short word in capitals is an abbreviation.
        shouted=len(shouted) / lettered if len("".join(shouted)) >= 4 else 0.0,
        stretched=bool(_STRETCHED.search(lower)),
        startled="?!" in text or "!?" in text or "??" in text or bool(_STARTLED.search(lower)),
        trailing=lower.rstrip().endswith(("...", "\u2026")),
        degree=degree,
        certainty=certainty,
    )
