"""libespeak-ng through ctypes (its `speak_lib.h`); imported in the child process only."""

import ctypes
from typing import Any

__all__ = ["EspeakError", "EspeakLibrary"]

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 0x0001
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_PARAMETER_RANGE = 4
_EVENT_LIST_TERMINATED = 0
_EVENT_PHONEME = 7
_SAMPLE_BYTES = 2
_SEED = 1


class EspeakError(Exception):
    """The library refused a call."""


class _EventId(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event)
)


class EspeakLibrary:
    """One initialised library; a process can hold only one, and one thread may use it.

    Args:
        library_path: The shared library.
        data_path: The folder `espeak-ng-data`.

    Raises:
        EspeakError: The library cannot be loaded or initialised.
    """

    def __init__(self, library_path: str, data_path: str) -> None:
        try:
            self._library = ctypes.CDLL(library_path)
        except OSError as error:
            raise EspeakError(f"cannot load {library_path}: {error}") from error
        self._library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        self.sample_rate_hz: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS,
            0,
            data_path.encode(),
            _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_DONT_EXIT,
        )
        if self.sample_rate_hz <= 0:
            raise EspeakError(f"espeak_Initialize returned {self.sample_rate_hz} for {data_path}")
        self._sound = bytearray()
        self._phonemes: list[tuple[str, int]] = []
        self._voice = ""
        self._callback = _SynthCallback(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(_SEED)  # by default it takes the time

    def synthesize(
        self, text: str, voice: str, rate_wpm: int, pitch: int, pitch_range: int
    ) -> tuple[bytes, list[tuple[str, int]]]:
        """Says a text.

        Returns:
            Mono signed 16-bit samples in the machine's byte order, and each phoneme's mnemonic with
            the sample it starts at.

        Raises:
            EspeakError: The voice is unknown or the library failed.
        """
        self.set_voice(voice)
        self._library.espeak_SetParameter(_PARAMETER_RATE, rate_wpm, 0)
        self._library.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)
        self._library.espeak_SetParameter(_PARAMETER_RANGE, pitch_range, 0)
        self._sound.clear()
        self._phonemes.clear()
        data = text.encode("utf-8", "replace").replace(b"\0", b" ")
        status = self._library.espeak_Synth(
            data, len(data) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if status != 0:
            raise EspeakError(f"espeak_Synth returned {status}")
        return bytes(self._sound), list(self._phonemes)

    def set_voice(self, voice: str) -> None:
        """Loads a voice, unless it is the current one.

        Raises:
            EspeakError: There is no such voice.
        """
        if voice == self._voice:
            return
        status = self._library.espeak_SetVoiceByName(voice.encode())
        if status != 0:
            raise EspeakError(f"no voice {voice!r} (espeak_SetVoiceByName returned {status})")
        self._voice = voice

    def _take(self, samples: int | None, count: int, events: Any) -> int:  # noqa: ANN401 - a ctypes pointer
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == _EVENT_PHONEME:
                symbol = bytes(event.id.string).decode("utf-8", "replace")
                self._phonemes.append((symbol, event.sample))
            index += 1
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, count * _SAMPLE_BYTES)
        return 0  # go on
