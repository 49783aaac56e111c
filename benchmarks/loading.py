"""Watching a server's process while another process loads it."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

__all__ = ["Loaded", "load"]

_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load led to.

    Attributes:
        found: What the loading process tells at its end.
        cores: Processor time of the server's process a second, while it was measured.
        resident_mb: Its resident memory at the end.
    """

    found: dict[str, Any]
    cores: float
    resident_mb: float


def load(module: str, arguments: Sequence[str], server_pid: int) -> Loaded:
    """Runs `python -m MODULE ARGUMENTS` against a server.

    The module tells two lines of JSON: `measured_from` (wall time) and `seconds` once it knows
    when it measures, and at its end what it found.

    Raises:
        RuntimeError: It failed; what it wrote stands above.
    """
    server = psutil.Process(server_pid)
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            told = _line(process.stdout.readline(), module)
            time.sleep(max(0.0, told["measured_from"] - time.time()))
            began, before = time.monotonic(), _cpu_s(server)
            time.sleep(0.95 * told["seconds"])
            cores = (_cpu_s(server) - before) / (time.monotonic() - began)
            found = _line(process.stdout.readline(), module)
            resident_mb = server.memory_info().rss / 2**20
            process.wait(_LIMIT_S)
        finally:
            process.kill()
    return Loaded(found, cores, resident_mb)


def _line(text: str, module: str) -> dict[str, Any]:
    if not text:
        raise RuntimeError(f"{module} ended before it told what it found")
    found: dict[str, Any] = json.loads(text)
    return found


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
