"""Action units of the Facial Action Coding System: what each moves, how far, what it suggests.

Numbers and names of the units are those of FACS (Ekman & Friesen 1978; Ekman, Friesen & Hager
2002). What a unit suggests follows one rule: it lies where the emotions lie, on average, in whose
prototypes it takes part (the emotion table of FACS and EMFACS). Head, eyes, lids and some mouth
units are in no prototype; `docs/micro_library.md` says after which studies they were placed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["EMOTIONS", "PROTOTYPES", "UNITS", "Unit", "Vad", "unit_vad"]

Vad = tuple[float, float, float]

EMOTIONS: Mapping[str, Vad] = MappingProxyType(
    {
        "happiness": (0.75, 0.20, 0.30),
        "sadness": (-0.60, -0.30, -0.35),
        "surprise": (0.15, 0.75, -0.20),
        "fear": (-0.60, 0.65, -0.55),
        "anger": (-0.60, 0.65, 0.45),
        "disgust": (-0.70, 0.25, 0.25),
        "contempt": (-0.45, -0.05, 0.50),
    }
)
"""Valence, arousal, dominance of the prototypes' emotions; ours, rounded."""

PROTOTYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "happiness": ("6", "12"),
        "sadness": ("1", "4", "15", "17"),
        "surprise": ("1", "2", "5", "26"),
        "fear": ("1", "2", "4", "5", "7", "20", "26"),
        "anger": ("4", "5", "7", "17", "22", "24"),
        "disgust": ("9", "10", "15", "16", "17"),
    }
)
"""Units of each emotion's prototype, of both sides; contempt has one of a single side. AU 23 is not
among our targets; 24, its neighbour, is."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One action unit.

    Attributes:
        code: Its FACS number; with + or - where a unit has a counterpart of another direction.
        words: What it does, to be read after others.
        most: The largest change of its targets, in their weights: marked, not extreme.
        both: Targets with gains that move in any case.
        left: Targets that move on the avatar's left, or where it is directed to the left.
        right: The same on the right.
        directed: Whether left and right are directions, so that both at once makes no sense.
        vad: Where it was placed by itself; None: where its prototypes say.
    """

    code: str
    words: str
    most: float
    both: tuple[tuple[str, float], ...] = ()
    left: tuple[tuple[str, float], ...] = ()
    right: tuple[tuple[str, float], ...] = ()
    directed: bool = False
    vad: Vad | None = None

    @property
    def sided(self) -> bool:
        """Whether it has a left and a right."""
        return bool(self.left)


def _middle(code: str, words: str, most: float, *targets: str, vad: Vad | None = None) -> Unit:
    return Unit(code, words, most, both=tuple((name, 1.0) for name in targets), vad=vad)


def _paired(code: str, words: str, most: float, target: str, vad: Vad | None = None) -> Unit:
    left, right = ((f"{target}Left", 1.0),), ((f"{target}Right", 1.0),)
    return Unit(code, words, most, left=left, right=right, vad=vad)


def _signed(code: str, words: str, most: float, target: str, sign: float, vad: Vad) -> Unit:
    return Unit(code, words, most, both=((target, sign),), vad=vad)


_ALL = (
    _middle("1", "inner brows up", 0.50, "browInnerUp"),
    _paired("2", "outer brow up", 0.50, "browOuterUp"),
    _paired("4", "brow down", 0.50, "browDown"),
    _paired("5", "upper lid up", 0.45, "eyeWide"),
    _paired("6", "cheek up", 0.50, "cheekSquint"),
    _paired("7", "lids tight", 0.45, "eyeSquint"),
    _paired("9", "nose wrinkled", 0.45, "noseSneer"),
    _paired("10", "upper lip up", 0.35, "mouthUpperUp"),
    _paired("12", "lip corner up", 0.50, "mouthSmile"),
    _paired("14", "dimple", 0.45, "mouthDimple", (0.05, 0.0, 0.2)),
    _paired("15", "lip corner down", 0.45, "mouthFrown"),
    _paired("16", "lower lip down", 0.30, "mouthLowerDown"),
    _middle("17", "chin up", 0.45, "mouthShrugLower"),
    _middle("18", "lips puckered", 0.35, "mouthPucker", vad=(0.0, 0.05, 0.0)),
    _paired("20", "lip stretched", 0.40, "mouthStretch"),
    _middle("22", "lips funnelled", 0.30, "mouthFunnel"),
    _paired("24", "lips pressed", 0.50, "mouthPress"),
    _middle("26", "jaw dropped", 0.22, "jawOpen"),
    _middle(
        "28", "lips rolled in", 0.40, "mouthRollLower", "mouthRollUpper", vad=(-0.2, 0.2, -0.3)
    ),
    _middle("29", "jaw forward", 0.40, "jawForward", vad=(-0.2, 0.2, 0.4)),
    Unit(
        "30",
        "jaw aside",
        0.30,
        left=(("jawLeft", 1.0),),
        right=(("jawRight", 1.0),),
        directed=True,
        vad=(-0.15, 0.1, 0.0),
    ),
    _middle("34", "cheeks puffed", 0.35, "cheekPuff", vad=(-0.1, -0.1, -0.05)),
    _paired("43", "lid drooping", 0.38, "eyeBlink", (0.0, -0.5, -0.15)),
    Unit(
        "51",
        "head turned",
        0.16,
        left=(("headYaw", 1.0),),
        right=(("headYaw", -1.0),),
        directed=True,
        vad=(-0.1, 0.0, -0.1),
    ),
    _signed("53", "head up", 0.16, "headPitch", 1.0, (0.05, 0.15, 0.45)),
    _signed("54", "head down", 0.16, "headPitch", -1.0, (-0.15, -0.2, -0.45)),
    Unit(
        "55",
        "head tilted",
        0.20,
        left=(("headRoll", 1.0),),
        right=(("headRoll", -1.0),),
        directed=True,
        vad=(0.15, -0.05, -0.3),
    ),
    Unit(
        "61",
        "eyes aside",
        0.35,
        left=(("eyeLookOutLeft", 1.0), ("eyeLookInRight", 1.0)),
        right=(("eyeLookInLeft", 1.0), ("eyeLookOutRight", 1.0)),
        directed=True,
        vad=(-0.1, 0.1, -0.25),
    ),
    _middle("63", "eyes up", 0.30, "eyeLookUpLeft", "eyeLookUpRight", vad=(0.0, 0.1, -0.1)),
    _middle(
        "64", "eyes down", 0.30, "eyeLookDownLeft", "eyeLookDownRight", vad=(-0.25, -0.3, -0.4)
    ),
)

UNITS: Mapping[str, Unit] = MappingProxyType({item.code: item for item in _ALL})
"""By code."""


def unit_vad(code: str) -> Vad:
    """What a unit suggests at its strongest: the mean of its prototypes' emotions.

    Raises:
        KeyError: There is no such unit.
    """
    unit = UNITS[code]
    if unit.vad is not None:
        return unit.vad
    places = [EMOTIONS[name] for name, codes in PROTOTYPES.items() if code in codes]
    valence, arousal, dominance = (sum(axis) / len(places) for axis in zip(*places, strict=True))
    return valence, arousal, dominance
