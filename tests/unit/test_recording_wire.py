from dataclasses import fields

import pytest

from compositor.light import Surroundings
from engine.body import Body
from engine.features import Features
from engine.quality import Quality
from engine.recording.body import RecordedBody
from engine.recording.entries import (
    Applied,
    Asked,
    Barred,
    Cut,
    End,
    Entry,
    Learned,
    Lit,
    Posed,
    Shown,
    Switched,
    Voiced,
)
from engine.recording.errors import JournalError
from engine.recording.wire import (
    entry_from_bytes,
    entry_to_bytes,
    header_from_bytes,
    header_to_bytes,
)
from engine.voice.port import Speech
from tests.unit.bodies import packet
from tests.unit.recordings import RED, header

KINDS = [
    Applied(packet("VF_SMILE", sequence=4, speak_text="hi"), True),
    Cut(),
    Voiced(7),
    Asked(),
    Lit(Surroundings(RED, (0, 255, 1), (1, 2, 3), (9, 9, 9), 0.35)),
    Posed((("jawOpen", 0.1), ("camera.zoom", 1.25))),
    Learned("{}"),
    Switched(Quality.HALF),
    Switched(Features(context=False)),
    Barred(("VF_A", "VF_B"), None, (3, 4)),
    Barred((), ("VF_A",), ()),
    Barred(("VF_A",), (), ()),
    Shown(900, coarse=True, repeated=False, start_ns=-5),
    Shown(901),
    End(5, 1, 2, "why"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_entry_is_read_as_it_was_written(kind: object) -> None:
    entry = Entry(123_456_789_012, kind)  # type: ignore[arg-type]
    assert entry_from_bytes(entry_to_bytes(entry)) == entry


def test_everything_that_a_body_is_told_is_recorded() -> None:
    """Who gives a body more to go by has to record it too."""
    said = {"text", "samples", "visemes", "stresses_ms"}
    assert {item.name for item in fields(Speech)} == said
    calls = {name for name in vars(Body) if not name.startswith("_")} - {"event_sequence"}
    assert calls <= set(vars(RecordedBody))


def test_header_is_read_as_it_was_written() -> None:
    given = header(barred=("VF_A",), features=Features(visemes=False), watermark="demo", label=True)
    assert header_from_bytes(header_to_bytes(given)) == given
    with pytest.raises(JournalError):
        header_from_bytes(b"\xff\xff")
    with pytest.raises(JournalError, match="kind"):
        entry_from_bytes(b"")
