import numpy as np

from engine.clock import NS_PER_MS, NS_PER_S
from engine.voice.port import SAMPLE_RATE_HZ, Speech
from engine.voice.timeline import SpeechTimeline

PACKET = 960
PACKET_NS = 20 * NS_PER_MS


def tone(n_samples: int, level: float = 0.5) -> Speech:
    return Speech("x", np.full(n_samples, level, np.float32), ())


def test_nothing_placed_reads_silence() -> None:
    timeline = SpeechTimeline()
    assert not np.any(timeline.read(123, 480))


def test_sound_is_where_it_was_placed() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(960), NS_PER_S)
    sound = timeline.read(NS_PER_S - 10 * NS_PER_MS, 1920)
    assert np.all(sound[:480] == 0)
    assert np.all(sound[480:1440] == 0.5)
    assert np.all(sound[1440:] == 0)


def test_packets_put_together_are_the_speech() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 10_007).astype(np.float32)
    timeline = SpeechTimeline()
    onset_ns = 7_123_456_789
    timeline.place(Speech("x", samples, ()), onset_ns)
    packets = [timeline.read(onset_ns + i * PACKET_NS, PACKET) for i in range(11)]
    assert np.array_equal(np.concatenate(packets)[: len(samples)], samples)


def test_speech_placed_at_the_end_of_the_last_leaves_no_gap() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(1_001), 0)
    timeline.place(tone(1_001), -(-1_001 * NS_PER_S // SAMPLE_RATE_HZ))
    assert np.all(timeline.read(0, 2_002) == 0.5)
    assert not np.any(timeline.read(0, 4_000)[2_002:])


def test_late_read_still_finds_the_sound_until_it_is_dropped() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(960), 0)
    timeline.place(tone(960), NS_PER_S)
    assert np.array_equal(timeline.read(0, 960), timeline.read(0, 960))
    timeline.drop_before(500 * NS_PER_MS)
    assert not np.any(timeline.read(0, 960))
    assert np.all(timeline.read(NS_PER_S, 960) == 0.5)


def test_cut_fades_within_8_ms_and_drops_what_follows() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(SAMPLE_RATE_HZ), 0)
    timeline.place(tone(SAMPLE_RATE_HZ), NS_PER_S)
    timeline.cut(500 * NS_PER_MS)
    sound = timeline.read(0, 2 * SAMPLE_RATE_HZ)
    cut = SAMPLE_RATE_HZ // 2
    assert np.all(sound[:cut] == 0.5)
    assert np.all(np.diff(sound[cut : cut + 385]) < 0)
    assert np.max(np.abs(np.diff(sound))) < 0.01
    assert not np.any(sound[cut + 384 :])


def test_cut_leaves_the_speech_it_was_given_unchanged() -> None:
    speech = tone(SAMPLE_RATE_HZ)
    timeline = SpeechTimeline()
    timeline.place(speech, 0)
    timeline.cut(100 * NS_PER_MS)
    assert np.all(speech.samples == 0.5)


def test_cut_keeps_sound_that_had_ended() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(960), 0)
    timeline.cut(NS_PER_S)
    assert np.all(timeline.read(0, 960) == 0.5)


def test_cut_near_the_end_fades_what_is_left() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(960), 0)
    timeline.cut(18 * NS_PER_MS)
    sound = timeline.read(0, 1_200)
    assert len(np.flatnonzero(sound)) == 960
    assert sound[959] < 0.5


def test_read_gives_an_array_of_the_callers_own() -> None:
    timeline = SpeechTimeline()
    timeline.place(tone(960), 0)
    timeline.read(0, 960)[:] = 9
    assert np.all(timeline.read(0, 960) == 0.5)
