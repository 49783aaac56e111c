from collections.abc import Iterable
from dataclasses import replace

from capsules.library import Library, load_library
from capsules.model import Layer
from compositor.drawlist import FrameSize
from engine.body import Body, BodyOptions
from engine.packet import BlendEntry, IdPacket
from engine.resting import RestingBody

PACKET = IdPacket(
    sequence=1, session_id="s", timestamp_ns=0, blends=(BlendEntry("VF_JOY_HIGH", 1.0, Layer.FACE),)
)


class Told(Body):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__(load_library(), BodyOptions(avatar="mira", size=FrameSize(128, 128)))
        self.heard: list[str] = []

    def apply(self, packet: IdPacket, now_ns: int, *, held: bool = False) -> None:
        self.heard.append(f"packet {packet.sequence}")
        super().apply(packet, now_ns, held=held)

    def take(self, library: Library, dropped: Iterable[int], now_ns: int) -> None:
        self.heard.append(f"library {sorted(library.barred)}")
        super().take(library, dropped, now_ns)

    def end_speech(self, now_ns: int) -> None:
        self.heard.append("cut")
        super().end_speech(now_ns)


def test_breaking_off_speech_wakes_nobody() -> None:
    body = Told()
    resting = RestingBody(body)
    assert resting.keep(PACKET, 0)
    resting.end_speech(1)
    assert body.heard == []
    assert resting.awake() is body
    resting.end_speech(2)
    assert body.heard == ["packet 1", "cut"]


def test_another_state_of_the_library_wakes_nobody_and_is_told_first() -> None:
    body = Told()
    resting = RestingBody(body)
    library = load_library()
    for sequence in (1, 2, 3):
        assert resting.keep(replace(PACKET, sequence=sequence), 100 * sequence)
    resting.take(library.bar({"VF_WINK"}), (), 400)
    resting.take(library.bar({"VF_JOY_HIGH"}), (2,), 500)
    assert body.heard == []
    assert resting.keep(replace(PACKET, sequence=4), 600)
    assert resting.awake() is body
    assert body.heard == ["library ['VF_JOY_HIGH']", "packet 1", "packet 3", "packet 4"]
    assert "VF_JOY_HIGH" not in dict(body.active_capsules(1_000_000_000))
    resting.take(library, (), 2_000_000_000)
    assert body.heard[-1] == "library []"


def test_what_is_to_be_said_cannot_wait() -> None:
    resting = RestingBody(Told())
    assert not resting.keep(replace(PACKET, speak_text="Hello."), 0)
