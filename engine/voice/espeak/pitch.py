"""Semitones to eSpeak's settings.

eSpeak multiplies a voice's base pitch by `2 ** ((pitch - 50) / 50)` and its range by `range / 50`,
and takes 18 times the change of the range off the base (`SetPitch2` in its wavegen.c). Shifting the
whole melody by a ratio therefore needs both settings; how they relate depends on the voice.
"""

import math
from dataclasses import dataclass

__all__ = ["PitchSettings", "pitch_settings"]

_PLAIN = 50
_HIGHEST = 99


@dataclass(frozen=True, slots=True)
class PitchSettings:
    """What to set for a shift.

    Attributes:
        pitch: eSpeak's pitch, 0..99; 50 is plain.
        range: eSpeak's range, 0..99; 50 is plain.
        given_st: The semitones they give, which may fall short of what was asked.
    """

    pitch: int
    range: int
    given_st: float


def pitch_settings(semitones: float, range_share: float) -> PitchSettings:
    """The settings for a shift, in steps of about 0.2 semitones.

    Args:
        semitones: The wish, [-18, 18].
        range_share: The voice's range times 18 over its base pitch: with `pitch a b` in the voice's
            file, `18 * 108 * (b - a) / (4096 * (a - 9))`.
    """
    ratio = 2 ** (semitones / 12)
    base = max((1 + range_share) * ratio - range_share, 0.01)
    pitch = min(max(round(_PLAIN * (1 + math.log2(base))), 0), _HIGHEST)
    given = (2 ** ((pitch - _PLAIN) / _PLAIN) + range_share) / (1 + range_share)
    melody = min(round(_PLAIN * given), _HIGHEST)
    return PitchSettings(pitch, melody, 12 * math.log2(given))
