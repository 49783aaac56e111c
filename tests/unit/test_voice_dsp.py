import numpy as np
import pytest
from numpy.typing import NDArray

from engine.voice.dsp import apply_delta, clamped
from engine.voice.limiter import CEILING, limited
from engine.voice.mastering import active_rms, mastered, sound_bounds
from engine.voice.port import SAMPLE_RATE_HZ, VoiceDelta

F0_HZ = 160.0


def buzz(seconds: float = 1.0, f0_hz: float = F0_HZ) -> NDArray[np.float32]:
    """A vowel: a pulse train's harmonics under one formant at 700 Hz and one at 2,200 Hz."""
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = np.zeros_like(time)
    for harmonic in range(1, int(8000 / f0_hz)):
        hz = harmonic * f0_hz
        level = np.exp(-(((hz - 700) / 250) ** 2)) + 0.4 * np.exp(-(((hz - 2200) / 300) ** 2))
        sound += (level + 0.01) * np.cos(2 * np.pi * hz * time + harmonic**2)
    return np.asarray(0.1 * sound / np.sqrt(np.mean(sound**2)), np.float32)


def pitch_hz(samples: NDArray[np.float32]) -> float:
    """By autocorrelation over the middle half."""
    quarter = len(samples) // 4
    part = samples[quarter : 3 * quarter]
    spectrum = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
    correlation = np.fft.irfft(spectrum)
    lags = np.arange(SAMPLE_RATE_HZ // 500, SAMPLE_RATE_HZ // 70)
    strong = correlation[lags] > 0.85 * np.max(correlation[lags])
    first = lags[np.argmax(strong)]  # later peaks are multiples of the period
    near = np.arange(first, first + SAMPLE_RATE_HZ // 1000)
    return SAMPLE_RATE_HZ / float(near[np.argmax(correlation[near])])


def formant_hz(samples: NDArray[np.float32]) -> float:
    """Centre of gravity of the second formant's region."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.linspace(0, SAMPLE_RATE_HZ / 2, len(power))
    band = (hz > 1500) & (hz < 3300)
    return float(np.sum(power[band] * hz[band]) / np.sum(power[band]))


def semitones(ratio: float) -> float:
    return 12 * float(np.log2(ratio))


def test_neutral_delta_returns_the_very_same_sound() -> None:
    sound = buzz(0.2)
    assert apply_delta(sound, VoiceDelta()) is sound


def test_rate_and_vibrato_rate_alone_change_nothing() -> None:
    sound = buzz(0.2)
    assert apply_delta(sound, VoiceDelta(rate=1.4, vibrato_rate_hz=3.0)) is sound


def test_empty_sound_stays_empty() -> None:
    assert len(apply_delta(np.zeros(0, np.float32), VoiceDelta(pitch_st=3))) == 0


def test_silence_stays_silent() -> None:
    sound = np.zeros(9600, np.float32)
    delta = VoiceDelta(pitch_st=3, formant_st=1, breathiness=1, tension=1, gain_db=12)
    assert np.max(np.abs(apply_delta(sound, delta))) < 1e-4


@pytest.mark.parametrize(
    "delta",
    [
        VoiceDelta(pitch_st=4),
        VoiceDelta(formant_st=-3),
        VoiceDelta(vibrato_depth_st=1),
        VoiceDelta(breathiness=1),
        VoiceDelta(tension=-1),
        VoiceDelta(gain_db=-6),
        VoiceDelta(pitch_st=-12, formant_st=6, breathiness=0.5, tension=1, gain_db=12),
    ],
)
def test_length_type_and_input_survive_every_delta(delta: VoiceDelta) -> None:
    sound = buzz(0.3)[:14_321]
    before = sound.copy()
    changed = apply_delta(sound, delta)
    assert changed.shape == sound.shape
    assert changed.dtype == np.float32
    assert np.all(np.isfinite(changed))
    assert np.max(np.abs(changed)) <= CEILING
    assert np.array_equal(sound, before)
    assert np.array_equal(changed, apply_delta(sound, delta))


@pytest.mark.parametrize("shift", [-5.0, -2.0, 2.0, 5.0])
def test_pitch_moves_by_the_semitones_asked_for(shift: float) -> None:
    changed = apply_delta(buzz(), VoiceDelta(pitch_st=shift))
    assert semitones(pitch_hz(changed) / F0_HZ) == pytest.approx(shift, abs=0.15)


def test_pitch_leaves_the_formants_where_they_were() -> None:
    sound = buzz()
    moved = formant_hz(apply_delta(sound, VoiceDelta(pitch_st=4))) / formant_hz(sound)
    assert abs(semitones(moved)) < 1.0


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_formants_move_without_the_pitch(shift: float) -> None:
    sound = buzz()
    changed = apply_delta(sound, VoiceDelta(formant_st=shift))
    assert semitones(pitch_hz(changed) / F0_HZ) == pytest.approx(0, abs=0.1)
    moved = semitones(formant_hz(changed) / formant_hz(sound))
    assert moved == pytest.approx(shift, abs=1.2)


@pytest.mark.parametrize("gain_db", [-12.0, -3.0, 3.0])
def test_gain_is_exact_below_the_limiter(gain_db: float) -> None:
    sound = buzz() * np.float32(0.5)
    ratio = active_rms(apply_delta(sound, VoiceDelta(gain_db=gain_db))) / active_rms(sound)
    assert 20 * np.log10(ratio) == pytest.approx(gain_db, abs=0.1)


@pytest.mark.parametrize(
    "delta", [VoiceDelta(breathiness=0.8), VoiceDelta(tension=1), VoiceDelta(tension=-1)]
)
def test_only_gain_changes_the_loudness(delta: VoiceDelta) -> None:
    sound = buzz()
    ratio = active_rms(apply_delta(sound, delta)) / active_rms(sound)
    assert 20 * np.log10(ratio) == pytest.approx(0, abs=0.3)


def test_tension_brightens_and_laxness_darkens() -> None:
    def brightness(samples: NDArray[np.float32]) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        hz = np.linspace(0, SAMPLE_RATE_HZ / 2, len(power))
        return float(np.sum(power[hz > 1500]) / np.sum(power))

    sound = buzz()
    plain = brightness(sound)
    assert brightness(apply_delta(sound, VoiceDelta(tension=1))) > 2 * plain
    assert brightness(apply_delta(sound, VoiceDelta(tension=-1))) < plain / 2


def test_breath_follows_the_envelope() -> None:
    sound = buzz()
    sound[SAMPLE_RATE_HZ // 2 :] = 0
    changed = apply_delta(sound, VoiceDelta(breathiness=1))
    assert active_rms(changed - sound) > 0.01
    assert np.max(np.abs(changed[SAMPLE_RATE_HZ // 2 + 600 :])) < 1e-5


def test_vibrato_swings_the_pitch_at_its_rate_and_depth() -> None:
    time = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = (0.2 * np.sin(2 * np.pi * 400 * time)).astype(np.float32)
    delta = VoiceDelta(vibrato_depth_st=1, vibrato_rate_hz=5)
    changed = apply_delta(tone, delta)
    analytic = np.fft.fft(changed)
    analytic[len(analytic) // 2 :] = 0
    hz = np.diff(np.unwrap(np.angle(np.fft.ifft(analytic)))) * SAMPLE_RATE_HZ / (2 * np.pi)
    inner = np.convolve(hz, np.ones(480) / 480, "same")[4800:-4800]
    assert semitones(np.max(inner) / 400) == pytest.approx(1, abs=0.1)
    swings = np.sum(np.diff(np.signbit(inner - 400).astype(int)) == 1)
    assert swings == pytest.approx(5 * len(inner) / SAMPLE_RATE_HZ, abs=1)


def test_transposed_sound_is_not_delayed() -> None:
    sound = np.zeros(SAMPLE_RATE_HZ, np.float32)
    sound[20_000:30_000] = buzz(0.25)[:10_000]
    changed = apply_delta(sound, VoiceDelta(pitch_st=3, formant_st=3))
    envelope = np.sqrt(np.convolve(changed**2, np.ones(240) / 240, "same"))
    loud = np.flatnonzero(envelope > 0.05)
    assert loud[0] == pytest.approx(20_000, abs=240)
    assert loud[-1] == pytest.approx(30_000, abs=240)


def test_limiter_leaves_quiet_sound_alone_and_bends_peaks() -> None:
    quiet = np.linspace(-0.6, 0.6, 100, dtype=np.float32)
    assert limited(quiet) is quiet
    loud = limited(np.linspace(-4, 4, 801, dtype=np.float32))
    assert np.max(np.abs(loud)) <= CEILING
    assert np.all(np.diff(loud) >= 0)


def test_values_out_of_range_are_clamped() -> None:
    wild = clamped(VoiceDelta(99, -99, 9, 99, 9, 99, -9, 9))
    assert wild == VoiceDelta(12, -6, 2, 12, 1, 9, 0, 1)
    assert clamped(VoiceDelta(1, 2, 1.5, 3, 0.5, 4, 0.5, -0.5)) == VoiceDelta(
        1, 2, 1.5, 3, 0.5, 4, 0.5, -0.5
    )


def test_mastering_resamples_levels_and_fades() -> None:
    rate_hz = 22_050
    time = np.arange(rate_hz) / rate_hz
    pcm = (900 * np.sin(2 * np.pi * 441 * time)).astype(np.int16)
    sound = mastered(pcm, rate_hz)
    assert len(sound) == SAMPLE_RATE_HZ
    assert 20 * np.log10(active_rms(sound)) == pytest.approx(-18, abs=0.5)
    assert sound[0] == 0
    assert abs(sound[-1]) < 0.01
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    assert np.argmax(power) == 441
    assert np.sum(power[:430]) + np.sum(power[452:]) < 1e-5 * np.sum(power)


def test_mastering_of_nothing_is_nothing() -> None:
    assert len(mastered(np.zeros(0, np.int16), 22_050)) == 0
    assert not np.any(mastered(np.zeros(500, np.int16), 22_050))


def test_bounds_keep_the_audible_part_and_a_margin() -> None:
    pcm = np.zeros(22_050, np.int16)
    pcm[5_000:9_000] = -3_000
    assert sound_bounds(pcm, 22_050) == (5_000 - 110, 9_000 + 661)
    assert sound_bounds(np.zeros(100, np.int16), 22_050) == (0, 0)
