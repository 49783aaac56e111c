"""What the server runs on, in words, for the performance log."""

import os
import platform
from pathlib import Path

__all__ = ["describe_hardware"]


def describe_hardware(backend: str) -> str:
    """Processor, number of CPUs and what draws, such as "AMD EPYC 7763, 2 CPUs, numba (CPU)"."""
    return f"{_processor()}, {os.cpu_count()} CPUs, {backend}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
