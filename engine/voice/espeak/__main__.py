"""The child process: reads requests on stdin, answers on stdout, ends with its stdin."""

import array
import os
import signal
import sys
from typing import Any, BinaryIO

from engine.voice.espeak.frames import encode_frame, read_frame
from engine.voice.espeak.library import EspeakError, EspeakLibrary

_FORK_LIMIT_S = 15


def _open_library() -> EspeakLibrary:
    import espeakng_loader  # here, so that its absence is reported in the hello

    return EspeakLibrary(espeakng_loader.get_library_path(), espeakng_loader.get_data_path())


def _claim_stdout() -> BinaryIO:
    """Keeps the pipe for frames alone; whatever the library prints goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return pipe


def _little_endian(sound: bytes) -> bytes:
    if sys.byteorder == "little":
        return sound
    samples = array.array("h", sound)
    samples.byteswap()
    return samples.tobytes()


def _answer(library: EspeakLibrary, request: dict[str, Any]) -> bytes:
    try:
        sound, phonemes = library.synthesize(
            str(request["text"]),
            str(request["voice"]),
            int(request["rate_wpm"]),
            int(request["pitch"]),
            int(request["range"]),
        )
    except (EspeakError, KeyError, TypeError, ValueError) as error:
        return _refusal(request, repr(error))
    header = {
        "id": request.get("id"),
        "ok": True,
        "sample_rate_hz": library.sample_rate_hz,
        "phonemes": phonemes,
    }
    return encode_frame(header, _little_endian(sound))


def _refusal(request: dict[str, Any], error: str) -> bytes:
    return encode_frame({"id": request.get("id"), "ok": False, "error": error})


def _serve(library: EspeakLibrary, request: dict[str, Any], answers: BinaryIO) -> None:
    """Answers in a fork that ends with its answer, where the system has forks.

    The library keeps a random state, an echo and wave phases from text to text, with no way to
    reset them. A fork always starts from the same ones, so that the same text gives the same sound
    and the same times; and a text that crashes the library costs that text alone.
    """
    if not hasattr(os, "fork"):
        _send(answers, _answer(library, request))
        return
    try:
        library.set_voice(str(request.get("voice")))
    except EspeakError as error:
        _send(answers, _refusal(request, repr(error)))
        return
    fork = os.fork()
    if fork == 0:
        signal.alarm(_FORK_LIMIT_S)  # ends it, should the library hang
        try:
            _send(answers, _answer(library, request))
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(fork, 0)
    if status != 0:
        code = os.waitstatus_to_exitcode(status)  # below 0: the signal that ended it
        _send(answers, _refusal(request, f"the library failed on it (exit status {code})"))


def main() -> int:
    """Serves until stdin ends; 1 where the library cannot be opened."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = _claim_stdout()
    try:
        library = _open_library()
    except (EspeakError, ImportError, OSError, RuntimeError) as error:
        _send(answers, encode_frame({"id": 0, "ok": False, "error": str(error)}))
        return 1
    hello = {"id": 0, "ok": True, "sample_rate_hz": library.sample_rate_hz}
    try:
        _send(answers, encode_frame(hello))
        while (frame := read_frame(sys.stdin.buffer)) is not None:
            _serve(library, frame[0], answers)
    except BrokenPipeError:
        return 0  # the parent has gone
    return 0


def _send(pipe: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # an unbuffered write may take only a part
        rest = rest[pipe.write(rest) :]


if __name__ == "__main__":
    sys.exit(main())
