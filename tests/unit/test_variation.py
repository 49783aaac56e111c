"""How much chance varies what a packet plays."""

import pytest

from capsulecast.v1 import packet_pb2
from capsules.library import Library, load_library
from capsules.model import Layer
from engine.errors import PacketError
from engine.motion.firing import BlendReader, Firing
from engine.packet import BlendEntry, IdPacket
from engine.wire import from_message, size_bytes


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def firings(library: Library, variation: float) -> list[Firing]:
    reader = BlendReader(library, 7, 130.0)
    found = []
    for sequence in range(1, 200):
        blends = (BlendEntry("VF_JOY_MID", 0.8, Layer.FACE),)
        packet = IdPacket(sequence, "s", 0, blends, variation=variation)
        found += [item for item in reader.firings(packet) if item.layer is Layer.FACE]
    return found


@pytest.mark.parametrize(("variation", "spread"), [(0.0, 0.0), (1.0, 0.15), (3.0, 0.45)])
def test_strength_and_pace_vary_by_as_much_as_the_packet_says(
    library: Library, variation: float, spread: float
) -> None:
    found = firings(library, variation)
    strengths = [item.strength for item in found]
    paces = [1.0 / item.pace for item in found]
    for values in (strengths, paces):
        assert min(values) == pytest.approx(1.0 - spread, abs=0.02)
        assert max(values) == pytest.approx(1.0 + spread, abs=0.02)
        assert 1.0 - spread - 1e-9 <= min(values)
        assert max(values) <= 1.0 + spread + 1e-9


def test_the_usual_variation_takes_no_room() -> None:
    assert size_bytes(IdPacket(1, "s", 0)) == size_bytes(IdPacket(1, "s", 0, variation=1.0))
    assert size_bytes(IdPacket(1, "s", 0, variation=0.0)) > size_bytes(IdPacket(1, "s", 0))


@pytest.mark.parametrize("variation", [-0.1, 3.1, float("nan"), float("inf")])
def test_variation_out_of_range_is_refused(variation: float) -> None:
    with pytest.raises(PacketError, match=r"variation is .*, expected 0 to 3"):
        from_message(packet_pb2.IdPacket(variation=variation))
