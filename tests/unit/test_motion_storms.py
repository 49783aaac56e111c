"""Nothing snaps, whatever comes: storms of events, and every frame looked at."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.model import Phases, Trigger
from compositor.drawlist import DrawList, FrameSize
from engine.body import BLINK_RATE, LIP_RATE, Body, BodyOptions
from engine.motion.lips import MOUTH_TARGETS
from engine.motion.plans import target_table
from engine.packet import Attention
from tests.unit.bodies import BASES, MS, VISEME_WEIGHTS, capsule, library, packet, speech
from tests.unit.thorough import thorough

TALK = speech(("aa", 200), ("PP", 60), ("ou", 240), ("aa", 300), ("sil", 100))
STROKE = capsule(
    "HF_STROKE",
    {"handRight.y": [(0, 0.0), (260, -200.0), (760, 0.0)]},
    duration_ms=760,
    phases=Phases(ready=200, stroke_start=200, stroke=260, stroke_end=320, relax=400, end=760),
    trigger=Trigger(relative_to="speech_onset", offset_ms=-170),
)
RATES = [
    BLINK_RATE
    if item.name.startswith(("eyeBlink", "eyeWide"))
    else LIP_RATE
    if item.name in MOUTH_TARGETS or any(item.name in shape for shape in VISEME_WEIGHTS.values())
    else item.max_rate
    for item in target_table()
]
SNAP = capsule(
    "VF_SNAP",
    {"jawOpen": [(0, 1.0)], "headYaw": [(0, -1.0), (20, 1.0)], "eyeLookUpLeft": [(0, 1.0)]},
    duration_ms=60,
    easing="none",
    blend_mode="override",
    priority=9,
)
SCALE = capsule("BK_SCALE", {"bodyLean": [(0, 3.0)]}, blend_mode="multiply", hold=True)
SLOW = capsule("TR_SLOW", {"tempo.rate": [(0, -0.6)]}, hold=True)
# fmt: off
CIDS = (
    "VF_SMILE", "VF_SAD", "VF_AGAPE", "VF_WIDE", "VF_WINK", "VF_SNAP", "VF_404", "HF_404",
    "HF_LIFT", "HF_WAVE", "HF_BEAT", "HF_TYPING", "HF_NEUTRAL", "HF_STROKE", "BK_LEAN", "BK_SCALE",
    "CS_CLOSE", "LD_KEY", "TR_FAST", "TR_SLOW", "VF_PREVIEW", "VC_BRIGHT",
)
POSABLE = ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft", "headYaw", "eyeLookUpLeft", "handLeft.y")
# fmt: on
KINDS = ("chat", "chat", "speak", "interrupt", "pose", "preview", "attention", "cut")


LIBRARY = library(SNAP, SCALE, SLOW, STROKE)


class Watched(Body):
    """A body that keeps every target's value of its last frame."""

    def __init__(self, seed: int) -> None:
        options = BodyOptions("mira", FrameSize(64, 64), seed=seed, has_basis=BASES)
        super().__init__(LIBRARY, options)
        self.values: list[float] = []

    def _draw(self, values: list[float]) -> DrawList:
        self.values = list(values)
        return super()._draw(values)


@dataclass(frozen=True)
class Happening:
    """One event of a storm: how long after the one before, and what it draws on."""

    wait_ms: float
    kind: str
    blends: tuple[tuple[str, float], ...]
    amount: float
    frames: tuple[float, ...]  # shares of the wait at which frames are made


happenings = st.builds(
    Happening,
    st.floats(0.0, 200.0),
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from(CIDS), st.floats(0.01, 1.0)), max_size=3).map(tuple),
    st.floats(0.0, 1.0),
    st.lists(st.floats(0.0, 1.0), max_size=4).map(lambda item: tuple(sorted(item))),
)


def chanced(draw: random.Random) -> Happening:
    """An event of a long storm."""
    count = draw.randrange(4)
    return Happening(
        200.0 * draw.random(),
        draw.choice(KINDS),
        tuple((draw.choice(CIDS), 0.01 + 0.99 * draw.random()) for _ in range(count)),
        draw.random(),
        tuple(sorted(draw.random() for _ in range(draw.randrange(5)))),
    )


def happen(one: Body, event: Happening, sequence: int, now_ns: int) -> None:
    """Lets an event happen to a body."""
    amount = event.amount
    match event.kind:
        case "chat":
            one.apply(packet(*event.blends, sequence=sequence), now_ns)
        case "speak":
            told = packet(
                *event.blends, sequence=sequence, speak_text="Hi.", audio_first=amount > 0.8
            )
            one.apply(told, now_ns, held=amount > 0.6)
            lead_ns = 130 * MS if amount < 0.5 else round(400 * amount) * MS
            one.begin_speech(replace(TALK, stresses_ms=(90.0, 400.0)), now_ns + lead_ns, sequence)
        case "interrupt":
            one.apply(packet(*event.blends, sequence=sequence, interrupt=True), now_ns)
        case "pose":
            count = int(amount * (len(POSABLE) + 1))
            one.pose([(name, round(amount, 3)) for name in POSABLE[:count]])
        case "preview":
            one.learn(capsule("VF_PREVIEW", {"cheekPuff": [(0, amount)]}, easing="none"))
            one.apply(packet("VF_PREVIEW", *event.blends, sequence=sequence), now_ns)
        case "attention":
            attention = list(Attention)[int(amount * 9.999)]
            one.apply(packet(*event.blends, sequence=sequence, attention=attention), now_ns)
        case _:
            one.end_speech(now_ns)


def weather(one: Watched, storm: Sequence[Happening]) -> None:
    """Plays a storm, and looks at every frame made meanwhile."""
    one.frame(0)
    before, before_ns, now_ms = one.values, 0, 0.0
    for sequence, event in enumerate(storm, 1):
        for share in (*event.frames, 1.0):
            frame_ns = max(before_ns, round((now_ms + share * event.wait_ms) * MS))
            one.frame(frame_ns)
            seconds = (frame_ns - before_ns) / 1e9
            for place, (was, here) in enumerate(zip(before, one.values, strict=True)):
                if abs(here - was) > RATES[place] * seconds + 1e-9:
                    name = target_table()[place].name
                    pytest.fail(f"{name} moved by {here - was} in {seconds} s: {event}")
                assert math.isfinite(here)
            before, before_ns = one.values, frame_ns
        now_ms += event.wait_ms
        happen(one, event, sequence, max(before_ns, round(now_ms * MS)))


@thorough
@given(st.lists(happenings, min_size=1, max_size=9), st.integers(0, 99))
def test_no_target_ever_moves_faster_than_it_may(storm: list[Happening], seed: int) -> None:
    weather(Watched(seed), storm)


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_1000_events_makes_nothing_jump(seed: int) -> None:
    draw = random.Random(seed)
    weather(Watched(seed), [chanced(draw) for _ in range(1000)])
