"""Which action units move together: one, two or three that faces are seen to combine.

A family is a set of units; a group is a family on one side: both, left or right. Pairs and triples
are parts of the emotion prototypes of FACS, blends that hold back or colour them (a smile with
pressed lips), and units with the head and eye movements that go with them.
"""

from dataclasses import dataclass
from functools import cache

from capsules.micro.units import EMOTIONS, UNITS, Unit, Vad, unit_vad

__all__ = ["Group", "Side", "groups"]

Side = str
"""both, left or right; the avatar's own."""

# Of a pair of units with sides, these are also seen on one side alone.
_ONE_SIDED = "2 4 6 7 9 10 12 14 15 16 20 24 43 6+12 12+14 7+12 2+4 2+12 10+12 9+10 14+24 4+7 2+7"
_BOTH_ONLY = (
    "5 1 17 18 22 26 28 29 34 53 54 63 64"
    " 1+2 1+4 2+5 4+5 5+7 6+7 1+5 12+24 1+12 12+17 12+26 14+17 15+17 17+24 4+17 4+24 4+9 10+17"
    " 7+24 1+15 5+20 5+26 18+4 2+17 43+54 12+53 1+54 2+53 4+54 5+53 14+53 1+64 15+64 4+28 1+28"
    " 1+26 16+26 34+2 4+10 7+17 22+4 4+29 43+63 1+43 15+54 17+54 6+54 18+2 20+4 12+28 12+43 1+63"
    " 1+2+5 1+2+4 1+2+12 1+2+26 1+4+15 1+4+17 1+4+7 4+5+7 4+7+24 4+7+17 4+7+9 4+17+24 6+12+26"
    " 6+7+12 1+6+12 12+14+17 1+15+17 14+17+24 9+10+17 2+5+26 4+5+24 5+20+26 1+2+20 1+2+53 4+7+54"
    " 1+15+54 15+17+64 1+15+64 6+12+53 6+12+54 2+12+53 4+24+29 43+15+54 1+4+28 2+17+53 12+17+24"
    " 4+7+43 1+2+63 5+26+53 1+5+20"
)
_DIRECTED = (
    "30 51 55 61"
    " 51+61 12+55 6+55 1+55 2+55 4+61 1+61 14+61 24+61 15+61 12+61 17+30 24+30 4+51 12+51 43+51"
    " 7+61 28+61 2+61 17+55 43+55 5+51"
    " 6+12+55 7+12+55 1+2+55 1+15+55 2+17+55 4+24+61 2+14+61 1+28+61 12+51+61 4+7+51 1+43+51"
    " 4+55+61"
)
# On one side alone these are contempt's (FACS: a unilateral 14, or 12 and 14).
_CONTEMPT = frozenset({"14", "12+14", "14+24"})


@dataclass(frozen=True, slots=True)
class Group:
    """A family on one side.

    Attributes:
        units: Its units, the leading one first.
        side: Where units with a side move, or where directed ones go.
        vad: What it suggests at its strongest.
    """

    units: tuple[Unit, ...]
    side: Side
    vad: Vad

    @property
    def name(self) -> str:
        """Such as "6+12"."""
        return "+".join(unit.code for unit in self.units)

    @property
    def words(self) -> str:
        """For people to read, such as "Cheek up and lip corner up, left"."""
        *first, last = (unit.words for unit in self.units)
        text = f"{', '.join(first)} and {last}" if first else last
        sided = any(unit.sided for unit in self.units)
        where = f", {self.side}" if sided and self.side != "both" else ""
        return text[0].upper() + text[1:] + where

    def targets(self) -> tuple[tuple[int, str, float], ...]:
        """What moves: the number of the unit, the target, and its gain, signed."""
        found: list[tuple[int, str, float]] = []
        directed = any(unit.directed for unit in self.units)
        for number, unit in enumerate(self.units):
            parts = list(unit.both)
            # Beside a directed unit the others move on both sides.
            whole = self.side == "both" or (directed and not unit.directed)
            if whole or self.side == "left":
                parts += unit.left
            if whole or self.side == "right":
                parts += unit.right
            found += [(number, target, gain) for target, gain in parts]
        return tuple(found)


@cache
def groups() -> tuple[Group, ...]:
    """All groups, in a fixed order."""
    sided = [(codes, side) for codes in _ONE_SIDED.split() for side in ("both", "left", "right")]
    both = [(codes, "both") for codes in _BOTH_ONLY.split()]
    directed = [(codes, side) for codes in _DIRECTED.split() for side in ("left", "right")]
    return tuple(_group(codes.split("+"), side) for codes, side in (*sided, *both, *directed))


def _group(codes: list[str], side: Side) -> Group:
    units = tuple(UNITS[code] for code in codes)
    if side != "both" and "+".join(codes) in _CONTEMPT:
        return Group(units, side, EMOTIONS["contempt"])
    places = [unit_vad(code) for code in codes]
    valence, arousal, dominance = (sum(axis) / len(places) for axis in zip(*places, strict=True))
    return Group(units, side, (valence, arousal, dominance))
