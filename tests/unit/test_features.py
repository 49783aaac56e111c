"""What a body does without, frame by frame; what a brain does, `test_governance` tells."""

from dataclasses import replace

import numpy as np
import pytest

from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from engine.body import Body, BodyOptions
from engine.features import Features
from engine.motion.loudness import Loudness
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme
from tests.unit import bodies
from tests.unit.bodies import MS, frames, library, value

OU = 14
BLUE = Surroundings((0, 0, 255), (0, 0, 255), (0, 0, 255), (0, 0, 255), 1.0)
JAW_ONLY = Features(visemes=False)


def still(features: Features) -> Body:
    options = BodyOptions(
        "mira", FrameSize(64, 64), has_basis=bodies.BASES, lively=False, features=features
    )
    return Body(library(), options)


def loud(level: float, length_ms: int = 600) -> Speech:
    """A tone of that root mean square, said with rounded lips all along."""
    samples = np.sqrt(2.0) * level * np.sin(np.arange(length_ms * SAMPLE_RATE_HZ // 1000) * 0.05)
    return Speech("Oo.", samples.astype(np.float32), (SpeechViseme(OU, 0.0, float(length_ms)),))


def spoken(features: Features, level: float) -> DrawList:
    one = still(features)
    one.frame(0)
    one.begin_speech(loud(level), 100 * MS)
    return frames(one, 33.0, 400.0)[-1]


def test_names_of_what_is_off_are_in_order() -> None:
    assert Features().off == ()
    assert Features(visemes=False, context=False).off == ("context", "visemes")


def test_without_visemes_the_jaw_follows_the_loudness_and_lips_do_nothing() -> None:
    usual = spoken(Features(), 0.1)
    assert value(usual, "mouthPucker") > 0.5
    quiet, louder, silent = (spoken(JAW_ONLY, level) for level in (0.02, 0.2, 0.0))
    for frame in (quiet, louder, silent):
        assert value(frame, "mouthPucker") == 0.0
    assert value(silent, "jawOpen") == 0.0
    assert 0.05 < value(quiet, "jawOpen") < value(louder, "jawOpen") - 0.2
    assert value(louder, "jawOpen") == pytest.approx(0.6, abs=0.02)


def test_jaw_closes_when_speech_is_broken_off() -> None:
    one = still(JAW_ONLY)
    one.frame(0)
    one.begin_speech(loud(0.2), 0)
    assert value(frames(one, 33.0, 300.0)[-1], "jawOpen") > 0.4
    one.end_speech(300 * MS)
    assert value(frames(one, 333.0, 400.0)[-1], "jawOpen") < 0.05
    one.begin_speech(loud(0.2), 500 * MS)
    assert value(frames(one, 433.0, 700.0)[-1], "jawOpen") > 0.4


def test_speech_that_is_placed_keeps_its_lips_when_visemes_are_switched() -> None:
    one = still(Features())
    one.frame(0)
    one.begin_speech(loud(0.2), 0)
    one.set_features(JAW_ONLY, 33 * MS)
    assert value(frames(one, 66.0, 300.0)[-1], "mouthPucker") > 0.5
    one.begin_speech(replace(loud(0.2)), 1000 * MS)
    assert value(frames(one, 333.0, 1300.0)[-1], "mouthPucker") == 0.0


def test_loudness_is_forgotten_once_it_is_over() -> None:
    jaw = Loudness()
    jaw.place(loud(0.2, 100), 0.0)
    assert jaw.jaw(50.0) > 0.3
    assert jaw.jaw(200.0) == 0.0
    jaw.drop_before(500.0)
    assert jaw.jaw(50.0) == 0.0


def test_light_around_is_ignored_and_comes_back_when_it_is_switched_on() -> None:
    one = still(Features(light_probe=False))
    one.surround(BLUE, 0)
    assert frames(one, 0.0, 1000.0)[-1].light.sh == ()
    one.set_features(Features(), 1000 * MS)
    lit = frames(one, 1033.0, 2500.0)[-1].light.sh
    assert lit != ()
    one.set_features(Features(light_probe=False), 2500 * MS)
    first = one.frame(2533 * MS).light.sh
    assert first != (), "it fades"
    assert frames(one, 2566.0, 5000.0)[-1].light.sh == ()
