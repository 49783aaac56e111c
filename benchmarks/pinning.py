"""Keeping a benchmark on one processor core, so that its figures are those of one core."""

import contextlib
import os
from collections.abc import Iterator

__all__ = ["one_core"]


@contextlib.contextmanager
def one_core() -> Iterator[str]:
    """Keeps this process, and the threads it starts, on one core; says in words what was done.

    On Linux alone can a process do so; elsewhere nothing happens.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield "not pinned: this system has no sched_setaffinity"
        return
    before = os.sched_getaffinity(0)
    core = max(before)  # the first one answers most interrupts
    os.sched_setaffinity(0, {core})
    try:
        yield "the process is pinned to one core"
    finally:
        os.sched_setaffinity(0, before)
