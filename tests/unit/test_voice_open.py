import asyncio
import importlib.util
import logging

import pytest

from engine.errors import VoiceError, VoiceUnavailableError
from engine.voice.espeak.child import ChildLostError, EspeakChild
from engine.voice.espeak.tts import EspeakTts
from engine.voice.open import open_tts
from engine.voice.port import VoiceDelta
from engine.voice.silent import SilentTts


@pytest.fixture
def _without_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> object:
        return None if name == "espeakng_loader" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_silent_voice_is_opened_on_request() -> None:
    assert isinstance(asyncio.run(open_tts("silent")), SilentTts)


def test_unknown_preference_is_named() -> None:
    with pytest.raises(ValueError, match="'loud'"):
        asyncio.run(open_tts("loud"))  # type: ignore[arg-type]


@pytest.mark.usefixtures("_without_espeak")
def test_auto_is_silent_and_says_so_where_the_extra_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert isinstance(asyncio.run(open_tts("auto")), SilentTts)
    assert "voice-espeak" in caplog.text


@pytest.mark.usefixtures("_without_espeak")
def test_espeak_asked_for_and_missing_says_how_to_install_it() -> None:
    with pytest.raises(VoiceUnavailableError, match="pip install"):
        asyncio.run(open_tts("espeak"))


@pytest.fixture(params=["lost", "no process"])
def _with_failing_espeak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(cls: type[EspeakChild]) -> EspeakChild:
        raise ChildLostError("the eSpeak process has ended")

    async def no_process(*_: object, **__: object) -> asyncio.subprocess.Process:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    if request.param == "lost":
        monkeypatch.setattr(EspeakChild, "start", classmethod(lost))
    else:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", no_process)


@pytest.mark.usefixtures("_with_failing_espeak")
def test_auto_is_silent_and_says_why_where_espeak_fails_to_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert isinstance(asyncio.run(open_tts("auto")), SilentTts)
    assert "failed twice" in caplog.text


@pytest.mark.usefixtures("_with_failing_espeak")
def test_espeak_asked_for_and_failing_is_a_voice_error() -> None:
    with pytest.raises(VoiceError, match="failed twice"):
        asyncio.run(open_tts("espeak"))


def test_closing_espeak_before_use_is_safe_twice_and_final() -> None:
    async def run() -> None:
        tts = EspeakTts()
        await tts.aclose()
        await tts.aclose()
        with pytest.raises(Exception, match="closed"):
            await tts.synthesize("hello", VoiceDelta())

    asyncio.run(run())
