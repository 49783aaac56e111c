"""Names of emotions as points of the valence-arousal-dominance cube.

The three dimensions, and that every emotion word has a place among them, are from Russell and
Mehrabian, "Evidence for a three-factor theory of emotions" (1977). The places below are ours,
rounded: they only decide which word people read.
"""

import math
from functools import lru_cache

from engine.packet import Mood

__all__ = ["EMOTIONS", "NEUTRAL_LABEL", "NEUTRAL_RADIUS", "emotion_named", "label_of"]

NEUTRAL_LABEL = "neutral"

# Closer to the middle than this, no word but "neutral" is earned.
NEUTRAL_RADIUS = 0.18

EMOTIONS: dict[str, Mood] = {
    "joyful": Mood(0.80, 0.45, 0.35),
    "happy": Mood(0.75, 0.20, 0.30),
    "excited": Mood(0.65, 0.80, 0.35),
    "amused": Mood(0.60, 0.50, 0.15),
    "delighted": Mood(0.70, 0.60, 0.00),
    "content": Mood(0.55, -0.25, 0.20),
    "calm": Mood(0.35, -0.55, 0.15),
    "loving": Mood(0.80, 0.15, -0.10),
    "grateful": Mood(0.65, 0.10, -0.20),
    "proud": Mood(0.65, 0.30, 0.75),
    "pleased": Mood(0.50, 0.12, 0.15),
    "hopeful": Mood(0.40, 0.30, -0.10),
    "relieved": Mood(0.45, -0.35, -0.05),
    "interested": Mood(0.30, 0.35, 0.15),
    "surprised": Mood(0.15, 0.75, -0.20),
    "determined": Mood(0.10, 0.40, 0.60),
    "confused": Mood(-0.20, 0.25, -0.35),
    "embarrassed": Mood(-0.32, 0.35, -0.60),
    "worried": Mood(-0.40, 0.30, -0.30),
    "afraid": Mood(-0.60, 0.65, -0.55),
    "angry": Mood(-0.60, 0.65, 0.45),
    "annoyed": Mood(-0.40, 0.30, 0.25),
    "frustrated": Mood(-0.50, 0.40, 0.00),
    "disgusted": Mood(-0.70, 0.25, 0.25),
    "contemptuous": Mood(-0.45, -0.05, 0.50),
    "concerned": Mood(-0.30, 0.10, -0.10),
    "disappointed": Mood(-0.50, -0.05, -0.20),
    "sorry": Mood(-0.40, -0.05, -0.50),
    "sad": Mood(-0.60, -0.30, -0.35),
    "lonely": Mood(-0.50, -0.45, -0.55),
    "bored": Mood(-0.35, -0.65, -0.10),
    "tired": Mood(-0.15, -0.70, -0.30),
}

# What people write where they mean one of the above.
_SYNONYMS: dict[str, str] = {
    "anger": "angry",
    "boredom": "bored",
    "confusion": "confused",
    "contempt": "contemptuous",
    "delight": "delighted",
    "disgust": "disgusted",
    "embarrassment": "embarrassed",
    "excitement": "excited",
    "fear": "afraid",
    "gratitude": "grateful",
    "happiness": "happy",
    "interest": "interested",
    "joy": "joyful",
    "love": "loving",
    "pride": "proud",
    "relief": "relieved",
    "sadness": "sad",
    "surprise": "surprised",
    "worry": "worried",
}

# The cube is looked at in cells: in each of them only a few places can be the nearest.
_CELLS_A_UNIT = 4
_KEPT_CELLS = 4096
# Valence and arousal are felt more sharply than dominance: they count in full.
_DOMINANCE_COUNTS = 0.7
_Place = tuple[str, float, float, float]
_PLACES: tuple[_Place, ...] = tuple(
    (name, vad.valence, vad.arousal, vad.dominance) for name, vad in EMOTIONS.items()
)


def label_of(vad: Mood) -> str:
    """The name nearest to `vad`; "neutral" within `NEUTRAL_RADIUS` of the middle."""
    valence, arousal, dominance = vad.valence, vad.arousal, vad.dominance
    if valence * valence + arousal * arousal + dominance * dominance < NEUTRAL_RADIUS**2:
        return NEUTRAL_LABEL
    near = _near(
        math.floor(valence * _CELLS_A_UNIT),
        math.floor(arousal * _CELLS_A_UNIT),
        math.floor(dominance * _CELLS_A_UNIT),
    )
    nearest, least = NEUTRAL_LABEL, math.inf
    for name, along_v, along_a, along_d in near:
        v, a, d = along_v - valence, along_a - arousal, along_d - dominance
        gap = v * v + a * a + _DOMINANCE_COUNTS * d * d
        if gap < least:
            nearest, least = name, gap
    return nearest


@lru_cache(_KEPT_CELLS)
def _near(*cell: int) -> tuple[_Place, ...]:
    """Those that are the nearest anywhere in a cell, in their order; some 6 of the 32."""
    spans = [_span(place, cell) for place in _PLACES]
    # A place is out where another is nearer even from the corner that is the farthest from that;
    # by more than rounding could mend.
    within = min(most for _, most in spans) + 1e-9
    return tuple(place for place, (least, _) in zip(_PLACES, spans, strict=True) if least <= within)


def _span(place: _Place, cell: tuple[int, ...]) -> tuple[float, float]:
    """The least and the largest gap between a place and a point of a cell."""
    least = most = 0.0
    for at, number, counts in zip(place[1:], cell, (1.0, 1.0, _DOMINANCE_COUNTS), strict=True):
        low, high = number / _CELLS_A_UNIT - at, (number + 1) / _CELLS_A_UNIT - at
        least += counts * max(low, -high, 0.0) ** 2
        most += counts * max(-low, high) ** 2
    return least, most


def emotion_named(name: str) -> Mood | None:
    """The place of an emotion ("happy", "happiness"); None where the name is not known."""
    key = name.strip().lower()
    if key == NEUTRAL_LABEL:
        return Mood()
    return EMOTIONS.get(_SYNONYMS.get(key, key))
