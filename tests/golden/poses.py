"""Forty poses of Mira that between them use all that is drawn: what two backends must agree on."""

from capsules.arkit import VISEMES
from capsules.library import load_library
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.light import directional
from engine.framing import framing

__all__ = ["POSES"]

SIZE = FrameSize(256, 256)
OVERLAYS = (FrameSize(200, 200), FrameSize(300, 150), FrameSize(320, 600), FrameSize(512, 512))
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
RAISED = (
    PartTransform("handLeft", -40.0, -260.0, 15.0),
    PartTransform("handRight", 40.0, -260.0, -15.0),
)
SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
SQUINT = {"cheekSquintLeft": 0.8, "cheekSquintRight": 0.8, "eyeSquintLeft": 0.6}
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


def pose(
    weights: dict[str, float] | None = None,
    *,
    size: FrameSize = SIZE,
    transforms: tuple[PartTransform, ...] = (),
    camera: Camera | None = None,
    light: Light | None = None,
    coverage: bool = False,
) -> DrawList:
    return DrawList(
        "mira",
        size,
        tuple(sorted((weights or {}).items())),
        transforms,
        camera or framing(size),
        light or Light(),
        coverage=coverage,
    )


def _hands(kind: str, amount: float) -> dict[str, float]:
    return {f"hand{side}{one}{kind}": amount for side in ("Left", "Right") for one in FINGERS}


def _faces() -> dict[str, DrawList]:
    shapes = load_library().viseme_weights
    both_brows = {"browInnerUp": 1.0, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8}
    frown = {"mouthFrownLeft": 0.9, "mouthFrownRight": 0.9, "browDownLeft": 0.9}
    wide = {"eyeWideLeft": 1.0, "eyeWideRight": 1.0, "jawOpen": 0.7}
    return {
        **{f"viseme {name}": pose(dict(shapes[name])) for name in VISEMES},
        "blink": pose(BLINK),
        "half a blink": pose({"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5}),
        "left wink": pose({"eyeBlinkLeft": 1.0}),
        "right wink": pose({"eyeBlinkRight": 1.0}),
        "extreme smile": pose(SMILE | SQUINT),
        "extreme smile, open": pose(SMILE | SQUINT | {"jawOpen": 0.9, "blush": 1.0}),
        "extreme smile, eyes closed": pose(SMILE | BLINK | {"mouthDimpleLeft": 1.0}),
        "frown": pose(frown),
        "surprise": pose(wide | both_brows),
        "tongue": pose({"jawOpen": 0.5, "tongueOut": 1.0}),
        "pucker and puff": pose({"mouthPucker": 1.0, "cheekPuff": 0.7, "eyeLookUpLeft": 0.7}),
        "head turned": pose({"headYaw": 1.0, "headPitch": 0.4, "headRoll": -0.5}),
        "head turned back": pose({"headYaw": -1.0, "bodyLean": 0.6, "shoulderShrug": 0.7}),
    }


def _rest() -> dict[str, DrawList]:
    key = directional(-0.8, 0.6, 0.8)
    graded = Light(directional(1.0, -0.3, 0.6), 0.3, -0.5, 1.2)
    return {
        "hands raised": pose(transforms=RAISED),
        "fists": pose(_hands("Curl", 1.0), transforms=RAISED),
        "fingers spread": pose(_hands("Spread", 1.0), transforms=RAISED, light=Light(key)),
        "light from the left": pose(SMILE, light=Light(key)),
        "light from the right, graded": pose({"jawOpen": 0.4}, light=graded),
        "camera": pose(SMILE, camera=Camera(20.0, -60.0, 1.5, 6.0), light=graded),
        "coverage": pose(SMILE, transforms=RAISED, light=Light(key), coverage=True),
        "coverage of a bubble": pose(BLINK, size=OVERLAYS[1], light=graded, coverage=True),
        **{
            f"{size.width} x {size.height}": pose(
                SMILE, size=size, transforms=RAISED, light=Light(key)
            )
            for size in OVERLAYS
        },
    }


POSES = _faces() | _rest()
