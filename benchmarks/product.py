"""The complete server in a process of its own, as users start it, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

__all__ = ["Served", "chromium", "chromium_path", "free_port", "serve", "start"]

READY_TIMEOUT_S = 60.0
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server.

    Attributes:
        url: Of the page, without a slash at its end.
        grpc_target: host:port.
        pid: Of the server's process.
        ready_s: From the start of the process to the ready line.
        output: What it prints.
    """

    url: str
    grpc_target: str
    pid: int
    ready_s: float
    output: Path


def free_port() -> int:
    """A TCP port of the loopback interface that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serve(*flags: str) -> Iterator[Served]:
    """`capsulecast serve` with its own database, ended with SIGTERM.

    Raises:
        RuntimeError: It did not get ready; the message holds what it printed.
    """
    port, grpc_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="capsulecast-") as folder:
        database = f"sqlite:///{folder}/bench.sqlite"
        arguments = ["--port", str(port), "--grpc-port", str(grpc_port), "--database", database]
        arguments += ["--journals", f"{folder}/journals", "--governance", f"{folder}/rules.json"]
        command = [sys.executable, "-m", "control_plane.cli", "serve", *arguments, *flags]
        url = f"http://127.0.0.1:{port}"
        with start(command, f"capsulecast is ready: {url}", Path(folder)) as (pid, ready_s, output):
            yield Served(url, f"127.0.0.1:{grpc_port}", pid, ready_s, output)


@contextmanager
def start(
    command: Sequence[str], ready_line: str, folder: Path
) -> Iterator[tuple[int, float, Path]]:
    """A child process, from the moment at which it prints `ready_line`."""
    output = folder / "output.txt"
    began = time.monotonic()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        while ready_line not in output.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() - began > READY_TIMEOUT_S:
                raise RuntimeError(f"{command} did not get ready:\n{output.read_text()}")
            time.sleep(0.02)
        yield process.pid, time.monotonic() - began, output
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def chromium_path() -> str | None:
    """The system's Chromium, or None."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Headless Chromium of the system, sound on.

    Raises:
        RuntimeError: There is none.
    """
    path = chromium_path()
    if path is None:
        raise RuntimeError("no Chromium found: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*CHROMIUM_FLAGS, *flags],
            ignore_default_args=["--mute-audio"],
        )
        try:
            yield browser
        finally:
            browser.close()
