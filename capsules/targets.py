"""Everything a capsule's curve may move, with its range and rest value.

A target is a name such as `jawOpen`, `headYaw`, `handLeft.rotate` or `voice.pitch_st`. Face,
head, body and finger targets are weights of the avatar's bases; `PART.x|y|rotate|scale` are part
transforms; `camera.*`, `light.*`, `voice.*` and `tempo.*` are parameters.

"Left" is the avatar's own left, as in ARKit: it appears on the right of the picture.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache

from capsules.arkit import ARKIT_BLENDSHAPES

__all__ = ["FINGERS", "HAND_PARTS", "LOOKS", "Target", "TargetKind", "target", "targets"]

FINGERS: tuple[str, ...] = ("Thumb", "Index", "Middle", "Ring", "Pinky")
HAND_PARTS: tuple[str, ...] = ("handLeft", "handRight")
LOOKS: tuple[str, ...] = tuple(f"look{number:02d}" for number in range(1, 25))
"""What an imported capsule shows beyond an avatar's bases; see `capsules.looks`."""


class TargetKind(Enum):
    """What a target is to the compositor or to the voice."""

    BASIS = "basis"
    TRANSFORM = "transform"
    CAMERA = "camera"
    LIGHT = "light"
    VOICE = "voice"
    TEMPO = "tempo"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be moved.

    Attributes:
        name: Unique name.
        kind: Who reads it.
        minimum: Smallest value, in `unit`.
        maximum: Largest value, in `unit`.
        rest: Value when nothing moves it.
        max_rate: Largest change a second, in `unit`; what keeps a storm of events from snapping.
        unit: "weight", "px" (1024-pixel canvas), "deg", "factor", "st" (semitones), "dB", "Hz".
    """

    name: str
    kind: TargetKind
    minimum: float
    maximum: float
    rest: float = 0.0
    max_rate: float = 12.0
    unit: str = "weight"


# Pose bases beyond ARKit: signed, shared by every part that takes part in the movement.
_POSE: tuple[tuple[str, float, float], ...] = (
    ("headYaw", -1.0, 1.0),  # +1: 25 degrees to the avatar's left
    ("headPitch", -1.0, 1.0),  # +1: 20 degrees up
    ("headRoll", -1.0, 1.0),  # +1: 15 degrees towards the avatar's left shoulder
    ("bodyLean", -1.0, 1.0),  # +1: towards the viewer
    ("bodySway", -1.0, 1.0),  # +1: to the avatar's left
    ("shoulderShrug", 0.0, 1.0),
    ("breath", -1.0, 1.0),  # +1: full breath in
    ("blush", 0.0, 1.0),  # residual only
)

# A trunk is heavy: it leans and sways in its time, whatever the faces that lean along ask of it.
_POSE_RATES = {"bodyLean": 2.5, "bodySway": 2.5}

# What one hand can do beside its part transform; `{side}` is Left or Right.
_HAND_BASES: tuple[tuple[str, float, float], ...] = (
    *((f"hand{{side}}{finger}Curl", -0.3, 1.0) for finger in FINGERS),  # 1: folded into the palm
    *((f"hand{{side}}{finger}Spread", -1.0, 1.0) for finger in FINGERS),  # +1: away from the middle
    ("hand{side}Yaw", -1.0, 1.0),  # +-1: 40 degrees about the forearm's upright axis
    ("hand{side}Pitch", -1.0, 1.0),  # +-1: 40 degrees about the knuckle line
)

_PARAMETERS: tuple[Target, ...] = (
    Target("camera.x", TargetKind.CAMERA, -128.0, 128.0, max_rate=400.0, unit="px"),
    Target("camera.y", TargetKind.CAMERA, -128.0, 128.0, max_rate=400.0, unit="px"),
    Target("camera.zoom", TargetKind.CAMERA, 0.5, 2.0, 1.0, max_rate=1.0, unit="factor"),
    Target("camera.roll", TargetKind.CAMERA, -15.0, 15.0, max_rate=40.0, unit="deg"),
    Target("light.exposure", TargetKind.LIGHT, -1.0, 1.0, max_rate=3.0, unit="stops"),
    Target("light.temperature", TargetKind.LIGHT, -1.0, 1.0, max_rate=3.0),  # +1: warmest
    Target("light.contrast", TargetKind.LIGHT, 0.7, 1.3, 1.0, max_rate=1.0, unit="factor"),
    Target("light.key_x", TargetKind.LIGHT, -1.0, 1.0, max_rate=4.0),  # from the picture's right
    Target("light.key_y", TargetKind.LIGHT, -1.0, 1.0, max_rate=4.0),  # from above
    Target("light.key", TargetKind.LIGHT, 0.0, 1.0, max_rate=3.0),  # strength of the key light
    Target("voice.pitch_st", TargetKind.VOICE, -12.0, 12.0, max_rate=48.0, unit="st"),
    Target("voice.formant_st", TargetKind.VOICE, -6.0, 6.0, max_rate=24.0, unit="st"),
    Target("voice.rate", TargetKind.VOICE, 0.5, 2.0, 1.0, max_rate=4.0, unit="factor"),
    Target("voice.gain_db", TargetKind.VOICE, -24.0, 12.0, max_rate=96.0, unit="dB"),
    Target("voice.vibrato_depth_st", TargetKind.VOICE, 0.0, 1.0, max_rate=8.0, unit="st"),
    Target("voice.vibrato_rate_hz", TargetKind.VOICE, 0.0, 9.0, 5.5, max_rate=40.0, unit="Hz"),
    Target("voice.breathiness", TargetKind.VOICE, 0.0, 1.0, max_rate=8.0),
    Target("voice.tension", TargetKind.VOICE, -1.0, 1.0, max_rate=8.0),
    Target("tempo.rate", TargetKind.TEMPO, 0.5, 2.0, 1.0, max_rate=2.0, unit="factor"),
)


def _hand_transforms(part: str) -> tuple[Target, ...]:
    return (
        Target(f"{part}.x", TargetKind.TRANSFORM, -300.0, 300.0, max_rate=2000.0, unit="px"),
        # 0 is the hand at rest, out of the picture's way; negative is up, as in pixels.
        Target(f"{part}.y", TargetKind.TRANSFORM, -420.0, 200.0, max_rate=2400.0, unit="px"),
        Target(f"{part}.rotate", TargetKind.TRANSFORM, -90.0, 90.0, max_rate=600.0, unit="deg"),
        Target(f"{part}.scale", TargetKind.TRANSFORM, 0.6, 1.4, 1.0, max_rate=3.0, unit="factor"),
    )


@cache
def targets() -> dict[str, Target]:
    """All targets by name, in a fixed order."""
    bases = [Target(name, TargetKind.BASIS, 0.0, 1.0) for name in ARKIT_BLENDSHAPES]
    bases += [
        Target(name, TargetKind.BASIS, low, high, max_rate=_POSE_RATES.get(name, 12.0))
        for name, low, high in _POSE
    ]
    for side in ("Left", "Right"):
        bases += [
            Target(pattern.format(side=side), TargetKind.BASIS, low, high)
            for pattern, low, high in _HAND_BASES
        ]
    transforms = [item for part in HAND_PARTS for item in _hand_transforms(part)]
    looks = [Target(name, TargetKind.LOOK, -1.0, 1.0) for name in LOOKS]
    return {item.name: item for item in (*bases, *transforms, *_PARAMETERS, *looks)}


def target(name: str) -> Target:
    """The target of that name.

    Raises:
        KeyError: There is none.
    """
    return targets()[name]
