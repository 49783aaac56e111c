"""How the avatar behaves while it attends to something: a table of manners.

Shares of looking at the viewer follow Argyle and Cook, "Gaze and Mutual Gaze", 1976: listeners look
about twice as much as speakers; thinkers look away, up or to the side (Glenberg et al., "Averting
the gaze disengages the environment and facilitates remembering", 1998). Blinks are rarer over a
text and more frequent in conversation (Bentivoglio et al., 1997).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from engine.packet import Attention

__all__ = ["MANNERS", "PAUSE_NOD", "SPEAKING", "Manner", "Move", "Scan", "Spot"]

_NEVER = math.inf


class Scan(Enum):
    """How the eyes go about a place: rest there, read it line by line, or search it."""

    REST = "rest"
    LINES = "lines"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place to look at, degrees from the viewer.

    Attributes:
        x: To one side; which one is drawn.
        y: Up.
        spread: Standard deviation of where exactly.
        share: How often, among the manner's spots.
    """

    x: float
    y: float
    spread: float = 1.5
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """A small movement now and then, such as a nod.

    Attributes:
        name: What habits call it.
        length_ms: How long it takes.
        targets: What moves, and how far.
        beats: How many times it goes to and fro; 0: it swells and goes.
        swings: Whether it goes to both sides.
        sided: Whether the side that it goes to, or goes to first, is drawn: left and right change
            places.
    """

    name: str
    length_ms: float
    targets: tuple[tuple[str, float], ...]
    beats: int = 0
    swings: bool = False
    sided: bool = False


@dataclass(frozen=True, slots=True)
class Manner:
    """How the avatar behaves.

    Attributes:
        at_viewer_ms: Mean length of a look at the viewer.
        away_ms: Mean length of a look elsewhere.
        looks_away_first: Chance that it begins with a look elsewhere.
        spots: Where it looks then; none: aside by a little, as people do in conversation.
        scan: How the eyes go about such a place.
        step_ms: Median length of a fixation there.
        owns_eyes: How much of what held faces do to the eyes it takes over, [0, 1].
        blink_ms: Mean interval between blinks that go with nothing.
        breaths_a_minute: Mean.
        inhale: Share of a breath that is drawn in.
        breath_depth: 1: as at rest.
        sighs: Chance that a breath is a sigh.
        sway: Factor on slow drift.
        shift_ms: Mean interval between shifts of weight.
        moves: Small movements, each with its share.
        move_ms: Mean interval between them.
        pose: Targets held a little away from rest.
        lasts_ms: How long before it is idle again.
    """

    at_viewer_ms: float = 3600.0
    away_ms: float = 1200.0
    looks_away_first: float = 0.0
    spots: tuple[Spot, ...] = ()
    scan: Scan = Scan.REST
    step_ms: float = 750.0
    owns_eyes: float = 0.0
    blink_ms: float = 4300.0
    breaths_a_minute: float = 14.5
    inhale: float = 0.37
    breath_depth: float = 1.0
    sighs: float = 0.02
    sway: float = 1.0
    shift_ms: float = 26_000.0
    moves: tuple[tuple[Move, float], ...] = ()
    move_ms: float = _NEVER
    pose: tuple[tuple[str, float], ...] = ()
    lasts_ms: float = _NEVER


_NOD = Move("nod", 560.0, (("headPitch", -0.17),), beats=1)
_NODS = Move("nods", 920.0, (("headPitch", -0.13),), beats=2)
PAUSE_NOD = _NODS
"""What a pause of the viewer's is answered with."""

_SHAKE = Move("shake", 1500.0, (("headYaw", 0.08),), beats=2, swings=True, sided=True)
_TILT = Move("tilt", 3200.0, (("headRoll", 0.16), ("headYaw", -0.04)), sided=True)
_BROWS = Move(
    "brows",
    900.0,
    (("browInnerUp", 0.13), ("browOuterUpLeft", 0.15), ("browOuterUpRight", 0.13)),
    sided=True,
)
_BROW = Move("brow", 1700.0, (("browOuterUpLeft", 0.34), ("browDownRight", 0.10)), sided=True)
_FROWN = Move("frown", 2200.0, (("browDownLeft", 0.20), ("browDownRight", 0.20)))
_SQUINT = Move(
    "squint",
    2600.0,
    (("eyeSquintLeft", 0.22), ("eyeSquintRight", 0.26), ("browDownRight", 0.08)),
    sided=True,
)
_SMILE = Move(
    "smile",
    2400.0,
    (
        ("mouthSmileLeft", 0.20),
        ("mouthSmileRight", 0.14),
        ("cheekSquintLeft", 0.10),
        ("cheekSquintRight", 0.07),
    ),
    sided=True,
)
_PRESS = Move("press", 1300.0, (("mouthPressLeft", 0.30), ("mouthPressRight", 0.30)))
_PUCKER = Move("pucker", 1800.0, (("mouthPucker", 0.24), ("mouthLeft", 0.10)), sided=True)
_CORNER = Move(
    "corner",
    1900.0,
    (("mouthDimpleLeft", 0.36), ("mouthLeft", 0.14), ("mouthPressLeft", 0.16)),
    sided=True,
)
# Lips that have been still for a while: rolled in, and let go a little open.
_MOISTEN = Move(
    "moisten", 1500.0, (("mouthRollLower", 0.34), ("mouthRollUpper", 0.20), ("jawOpen", 0.03))
)
_PART = Move("part", 2100.0, (("jawOpen", 0.045), ("mouthLowerDownLeft", 0.05)))
_SWALLOW = Move(
    "swallow",
    950.0,
    (("mouthPressLeft", 0.16), ("mouthPressRight", 0.16), ("headPitch", -0.05), ("breath", -0.08)),
)
_LEAN = Move("lean", 3600.0, (("bodyLean", 0.12), ("headPitch", -0.03)))
_SHRUG = Move("shrug", 1500.0, (("shoulderShrug", 0.14), ("headRoll", 0.05)), sided=True)
_DROOP = Move("droop", 2800.0, (("headPitch", -0.10), ("browInnerUp", 0.12)))
_LIFT = Move("lift", 2200.0, (("headPitch", 0.07), ("browInnerUp", 0.08)))

MANNERS: Mapping[Attention, Manner] = MappingProxyType(
    {
        Attention.IDLE: Manner(
            moves=(
                (_BROWS, 0.12),
                (_TILT, 0.2),
                (_SMILE, 0.2),
                (_PRESS, 0.1),
                (_MOISTEN, 0.1),
                (_SWALLOW, 0.1),
                (_PART, 0.1),
                (_SQUINT, 0.04),
                (_BROW, 0.02),
                (_CORNER, 0.02),
            ),
            move_ms=8_500.0,
        ),
        Attention.LISTENING: Manner(
            at_viewer_ms=3200.0,
            away_ms=1800.0,
            blink_ms=4600.0,
            moves=(
                (_NOD, 0.40),
                (_NODS, 0.18),
                (_TILT, 0.18),
                (_BROWS, 0.14),
                (_SMILE, 0.04),
                (_SQUINT, 0.03),
                (_BROW, 0.015),
                (_CORNER, 0.015),
            ),
            move_ms=6500.0,
            pose=(("bodyLean", 0.06), ("headRoll", 0.08), ("browInnerUp", 0.05)),
            lasts_ms=45_000.0,
        ),
        Attention.THINKING: Manner(
            at_viewer_ms=850.0,
            away_ms=3000.0,
            looks_away_first=1.0,
            spots=(
                Spot(14.0, 12.0, 2.0, 0.55),
                Spot(15.0, 2.0, 2.0, 0.3),
                Spot(9.0, -10.0, 2.0, 0.15),
            ),
            step_ms=900.0,
            owns_eyes=1.0,
            blink_ms=11000.0,
            shift_ms=15_000.0,
            moves=((_PUCKER, 0.28), (_PRESS, 0.2), (_FROWN, 0.2), (_TILT, 0.17), (_SQUINT, 0.15)),
            move_ms=4200.0,
            pose=(("headPitch", 0.03), ("browDownLeft", 0.06), ("browDownRight", 0.06)),
            lasts_ms=7000.0,
        ),
        Attention.TYPING: Manner(
            at_viewer_ms=1500.0,
            away_ms=1900.0,
            looks_away_first=0.7,
            spots=(Spot(0.0, -14.5, 0.8),),
            scan=Scan.LINES,
            step_ms=290.0,
            owns_eyes=1.0,
            blink_ms=8500.0,
            moves=((_BROWS, 0.3), (_NOD, 0.3), (_LEAN, 0.25), (_SMILE, 0.15)),
            move_ms=7000.0,
            pose=(("bodyLean", 0.05), ("headPitch", -0.03)),
            lasts_ms=30_000.0,
        ),
        Attention.READING: Manner(
            at_viewer_ms=950.0,
            away_ms=7500.0,
            looks_away_first=1.0,
            spots=(Spot(0.0, -17.5, 0.5),),
            scan=Scan.LINES,
            step_ms=225.0,
            owns_eyes=1.0,
            blink_ms=16000.0,
            breaths_a_minute=13.5,
            sway=0.7,
            shift_ms=34_000.0,
            moves=((_BROWS, 0.35), (_FROWN, 0.3), (_NOD, 0.15), (_PRESS, 0.2)),
            move_ms=9000.0,
            pose=(("headPitch", -0.06), ("browDownLeft", 0.04), ("browDownRight", 0.04)),
            lasts_ms=60_000.0,
        ),
        Attention.WAITING: Manner(
            at_viewer_ms=1700.0,
            away_ms=2300.0,
            looks_away_first=0.4,
            spots=(
                Spot(12.0, 1.0, 3.0, 0.5),
                Spot(9.0, 7.0, 2.0, 0.25),
                Spot(8.0, -7.0, 2.0, 0.25),
            ),
            step_ms=1100.0,
            owns_eyes=0.6,
            blink_ms=6000.0,
            breaths_a_minute=13.0,
            sighs=0.10,
            sway=1.7,
            shift_ms=9000.0,
            moves=(
                (_PRESS, 0.24),
                (_SHRUG, 0.2),
                (_TILT, 0.26),
                (_BROWS, 0.14),
                (_CORNER, 0.08),
                (_SWALLOW, 0.08),
            ),
            move_ms=6000.0,
            lasts_ms=300_000.0,
        ),
        Attention.TASK_RUNNING: Manner(
            at_viewer_ms=1000.0,
            away_ms=3900.0,
            looks_away_first=1.0,
            spots=(Spot(15.0, -9.0, 0.8),),
            scan=Scan.SEARCH,
            step_ms=300.0,
            owns_eyes=1.0,
            blink_ms=9000.0,
            breaths_a_minute=15.0,
            sway=0.7,
            moves=((_FROWN, 0.4), (_PRESS, 0.25), (_NOD, 0.2), (_LEAN, 0.15)),
            move_ms=6500.0,
            pose=(("browDownLeft", 0.08), ("browDownRight", 0.08), ("bodyLean", 0.04)),
            lasts_ms=300_000.0,
        ),
        Attention.TASK_DONE: Manner(
            at_viewer_ms=5000.0,
            away_ms=800.0,
            blink_ms=4200.0,
            breath_depth=1.15,
            moves=((_NODS, 0.35), (_SMILE, 0.35), (_BROWS, 0.3)),
            move_ms=2600.0,
            pose=(("headPitch", 0.07), ("mouthSmileLeft", 0.16), ("mouthSmileRight", 0.16)),
            lasts_ms=10_000.0,
        ),
        Attention.TASK_FAILED: Manner(
            at_viewer_ms=1300.0,
            away_ms=1900.0,
            looks_away_first=1.0,
            spots=(Spot(6.0, -15.0, 1.5, 0.8), Spot(12.0, -3.0, 2.0, 0.2)),
            step_ms=900.0,
            owns_eyes=0.8,
            blink_ms=11500.0,
            breaths_a_minute=12.5,
            breath_depth=1.2,
            sighs=0.15,
            sway=0.8,
            moves=((_SHAKE, 0.3), (_DROOP, 0.35), (_PRESS, 0.35)),
            move_ms=4000.0,
            pose=(
                ("headPitch", -0.14),
                ("browInnerUp", 0.20),
                ("mouthFrownLeft", 0.14),
                ("mouthFrownRight", 0.14),
                ("bodyLean", -0.05),
            ),
            lasts_ms=12_000.0,
        ),
        Attention.AWAY: Manner(
            at_viewer_ms=1100.0,
            away_ms=3600.0,
            looks_away_first=1.0,
            spots=(Spot(13.0, 1.0, 3.0, 0.6), Spot(9.0, 7.0, 2.0, 0.2), Spot(9.0, -8.0, 2.0, 0.2)),
            step_ms=1500.0,
            owns_eyes=0.8,
            blink_ms=6000.0,
            breaths_a_minute=13.0,
            sighs=0.05,
            sway=1.4,
            shift_ms=13_000.0,
            moves=((_LIFT, 0.4), (_PRESS, 0.3), (_TILT, 0.3)),
            move_ms=11_000.0,
        ),
    }
)
"""How it behaves while it does not speak."""

SPEAKING = Manner(
    at_viewer_ms=1450.0,
    away_ms=2500.0,
    looks_away_first=0.6,
    step_ms=800.0,
    blink_ms=3900.0,
    breaths_a_minute=13.0,
    inhale=0.22,
    breath_depth=1.1,
    sighs=0.0,
    shift_ms=14_000.0,
    moves=((_BROWS, 0.48), (_TILT, 0.28), (_LEAN, 0.2), (_BROW, 0.02), (_SQUINT, 0.02)),
    move_ms=6000.0,
)
"""How it behaves while it speaks, whatever it attends to."""
