"""Packets made of plans: each capsule once, and no more than fits."""

from capsules.model import Layer
from control_plane.brain.packets import PacketMaker, Shown
from control_plane.brain.plan import Plan
from engine.packet import BlendEntry, Mood
from engine.wire import size_bytes

SHOWN = Shown(Mood(), "neutral")


def test_a_capsule_that_is_planned_twice_is_sent_once_at_its_greatest_weight() -> None:
    nod, warm = BlendEntry("VF_NOD", 0.5, Layer.FACE), BlendEntry("VF_WARM", 0.25, Layer.FACE)
    louder, softer = BlendEntry("VF_NOD", 0.75, Layer.FACE), BlendEntry("VF_NOD", 0.5, Layer.FACE)
    packet = PacketMaker("s").packet(Plan((nod, warm, louder, softer)), SHOWN, 0)
    assert packet.blends == (louder, warm)


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    blends = tuple(BlendEntry(f"VF_{'A' * 20}{at}", 0.5, Layer.FACE) for at in range(10, 40))
    packet = PacketMaker("s").packet(Plan(blends), SHOWN, 0)
    sent = len(packet.blends)
    assert 0 < sent < len(blends)
    assert packet.blends == blends[:sent]
    assert size_bytes(packet) <= 500
    roomy = PacketMaker("s").packet(Plan(blends), SHOWN, 0, limit_bytes=10_000)
    assert roomy.blends == blends
