"""Choosing the text-to-speech engine."""

import importlib.util
import logging
from typing import Literal

from engine.errors import VoiceError
from engine.voice.espeak.tts import EspeakTts
from engine.voice.port import TextToSpeech
from engine.voice.silent import SilentTts

__all__ = ["VoicePreference", "open_tts"]

VoicePreference = Literal["auto", "espeak", "silent"]

_log = logging.getLogger(__name__)


async def open_tts(preference: VoicePreference = "auto") -> TextToSpeech:
    """Opens a text-to-speech engine, warm, for any number of sessions of one event loop.

    Args:
        preference: `espeak` or `silent`; `auto` takes eSpeak NG where it is installed and works,
            and says so in the log where it has to be silent.

    Raises:
        VoiceUnavailableError: `espeak` was asked for and cannot be used.
        VoiceError: eSpeak was asked for and failed to start.
        ValueError: Another preference.
    """
    if preference == "silent":
        return SilentTts()
    if preference not in ("auto", "espeak"):
        raise ValueError(f"voice is {preference!r}; expected auto, espeak or silent")
    if preference == "auto" and importlib.util.find_spec("espeakng_loader") is None:
        _log.warning("speech is silent; for a voice: pip install 'capsulecast[voice-espeak]'")
        return SilentTts()
    voice = EspeakTts()
    try:
        await voice.warm()
    except VoiceError as error:
        await voice.aclose()
        if preference == "espeak":
            raise
        _log.warning("speech is silent: %s", error)
        return SilentTts()
    except BaseException:
        await voice.aclose()
        raise
    return voice
