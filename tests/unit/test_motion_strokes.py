from dataclasses import replace

import pytest

from capsules.model import Phases
from engine.motion.beats import Beats
from engine.motion.plans import target_index, target_table
from engine.voice.espeak import tts
from engine.voice.phonemes import is_stressed
from engine.voice.port import VoiceDelta
from tests.unit.bodies import MS, body, capsule, frames, packet, speech

STROKE_MS = 260
PHASES = Phases(ready=200, stroke_start=200, stroke=STROKE_MS, stroke_end=320, relax=500, end=900)
POINT = capsule(
    "HF_POINT",
    {"handRight.y": [(0, 0.0), (STROKE_MS, -200.0), (320, -200.0), (900, 0.0)]},
    duration_ms=900,
    phases=PHASES,
)
TALK = speech(("PP", 100), ("aa", 80), ("SS", 220), ("E", 60), ("nn", 340), ("oh", 300))


def highest_ms(stresses_ms: tuple[float, ...], *, held: bool = False) -> float:
    """When the hand is first at its highest after the onset of speech with these stresses."""
    one = body(POINT)
    frames(one, 0, 1000)
    told = packet("HF_POINT", speak_text="Hello.")
    one.apply(told, 1000 * MS, held=held)
    onset = 2000 if held else 1130
    one.begin_speech(replace(TALK, stresses_ms=stresses_ms), onset * MS, told.sequence)
    found = []
    for step in range(0, 1400, 5):
        frame = one.frame((1001 + step) * MS + (onset - 1130) * MS)
        hand = [move.y for move in frame.transforms if move.part == "handRight"]
        found.append(-hand[0] if hand else 0.0)
    top = max(found)
    return 1001 + 5 * next(i for i, y in enumerate(found) if y > 0.97 * top) - 1130


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("stress_ms", [110.0, 150.0, 190.0])
def test_the_hand_is_at_its_stroke_on_the_stressed_syllable(stress_ms: float, held: bool) -> None:
    assert highest_ms((stress_ms,), held=held) == pytest.approx(stress_ms, abs=30.0)


def test_a_stress_too_far_off_changes_nothing() -> None:
    assert highest_ms((900.0,)) == pytest.approx(highest_ms(()), abs=10.0)


@pytest.mark.parametrize(
    ("symbol", "stressed"),
    [("'aI", True), ("'V", True), ("aI", False), (",A", False), ("_:", False)],
)
def test_a_mnemonic_tells_its_stress(symbol: str, stressed: bool) -> None:
    assert is_stressed(symbol) is stressed


def test_the_head_dips_on_stresses_where_the_voice_tells_them() -> None:
    pitch = target_index()["headPitch"]
    beats = Beats(1)
    beats.begin(replace(TALK, stresses_ms=(400.0,)), 1000.0, 0.0)
    path = {}
    for time in range(900, 2600, 10):
        values = [0.0] * len(target_table())
        beats.add(float(time), values)
        path[time] = values[pitch]
    assert path[1400] == min(path.values()) < -0.04
    assert path[1090] == 0.0  # a long vowel, but not stressed


def test_stresses_are_read_from_espeaks_phonemes() -> None:
    header = {"sample_rate_hz": 1000.0, "phonemes": [("h", 0), ("@", 50), ("l", 90), ("'oU", 140)]}
    sound = (1000).to_bytes(2, "little") * 400
    found = tts._finish("hello", header, sound, VoiceDelta())
    assert found.stresses_ms == pytest.approx((140.0,), abs=60.0)
    assert len(found.visemes) > 1
