"""What the benchmarks draw: the built-in avatar Mira, with a chosen number of her bases moving."""

import math
from functools import lru_cache
from pathlib import Path

from capsules.avatar import Avatar
from capsules.pack import builtin_avatar
from compositor.drawlist import DrawList, FrameSize

__all__ = ["CACHE", "FOREMOST", "basis_order", "mira", "moving"]

CACHE = Path("build") / "avatars"
"""Where the avatar is unpacked to."""

FOREMOST = (
    "headYaw",
    "breath",
    "jawOpen",
    "mouthSmileLeft",
    "headPitch",
    "headRoll",
    "bodySway",
    "bodyLean",
    "mouthSmileRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "browInnerUp",
    "cheekPuff",
    "mouthPucker",
    "handLeftYaw",
    "handRightYaw",
)
"""The first bases to be active: with them every part but the background moves in every frame, as
it does in a conversation, and the face's texture changes."""

_PERIOD = 60  # frames after which a movement repeats


@lru_cache(maxsize=1)
def mira() -> Avatar:
    """The avatar."""
    return builtin_avatar("mira", CACHE)


@lru_cache(maxsize=1)
def basis_order() -> tuple[str, ...]:
    """All bases of the avatar: the foremost, then those of the hands and of the face in turn."""
    rest = sorted(mira().basis_names - set(FOREMOST))
    hands = [name for name in rest if name.startswith("hand")]
    others = [name for name in rest if not name.startswith("hand")]
    turns = [name for pair in zip(hands, others, strict=False) for name in pair]
    return (*FOREMOST, *turns, *(name for name in rest if name not in turns))


def moving(bases: int, size: FrameSize, frame: int, session: int = 0) -> DrawList:
    """A frame with that many active bases, each on a slow wave of its own.

    Args:
        bases: How many; 0 is the avatar at rest, the same in every frame.
        size: Frame size.
        frame: Number of the frame.
        session: Sessions move out of step.
    """
    weights = []
    for number, name in enumerate(basis_order()[:bases]):
        turn = (frame + 7 * session) / _PERIOD + number / 5
        weights.append((name, round(0.35 + 0.25 * math.sin(math.tau * turn), 4)))
    return DrawList("mira", size, tuple(sorted(weights)))
