"""Puts Mira together: she is drawn, and rigged as everybody is."""

from capsules.avatar import Avatar, Provenance
from capsules.bake.canvas import CANVAS_PX
from capsules.bake.hand_rig import hand_part
from capsules.bake.hand_shape import Frame
from capsules.bake.rig import rigged
from capsules.mira.hand_paint import paint_hand
from capsules.mira.source import source_digest
from capsules.mira.subject import mira_subject

__all__ = ["build_mira"]

_HANDS = (Frame(-1, (216.0, 1024.0)), Frame(1, (808.0, 1024.0)))


def build_mira() -> Avatar:
    """Draws and rigs Mira. Takes about half a minute of one core."""
    hands = [hand_part(frame, paint_hand(frame)) for frame in _HANDS]
    parts = (*rigged(mira_subject()), *(part for part, _ in hands))
    provenance = Provenance(
        source="drawn by code",
        generator="capsules.mira 2",
        sha256=source_digest(),
        consent="not a real person",
        synthetic=True,
    )
    return Avatar("mira", CANVAS_PX, parts, provenance, {part.name: bones for part, bones in hands})
