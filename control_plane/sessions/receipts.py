"""Tells on the event loop what the writer's thread has stored."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from storage.records import Record

__all__ = ["Keeper", "Receipts"]

_LOG = logging.getLogger(__name__)

_Told = Callable[[], object]


class Keeper(Protocol):
    """Takes a record for the database and never blocks; such as `storage.recorder.Recorder.put`."""

    def __call__(self, record: Record, stored: Callable[[], object] | None = None, /) -> object:
        """Takes it; `stored` is called once it is committed."""


class Receipts:
    """Takes records for the database, from those who want to hear on the event loop of each.

    What is written together is told together: waking the loop for each message cost the writer's
    thread and the loop more than telling it.

    Args:
        keep: Takes a record and tells on another thread, always the same, when it is stored.
    """

    def __init__(self, keep: Keeper) -> None:
        self._keep = keep
        self._due: deque[_Told] = deque()
        self._woken = False

    def keep(self, record: Record, stored: _Told | None = None, /) -> None:
        """Takes a record, on the event loop's thread.

        Args:
            record: What to remember.
            stored: Called on the event loop's thread once it is committed.
        """
        if stored is not None:
            stored = partial(self._stored, asyncio.get_running_loop(), stored)
        self._keep(record, stored)

    def _stored(self, loop: asyncio.AbstractEventLoop, told: _Told) -> None:
        """On the writer's thread."""
        self._due.append(told)
        if not self._woken:
            self._woken = True
            try:
                loop.call_soon_threadsafe(self._tell)
            except RuntimeError:  # the loop has ended, and with it all who listened
                self._due.clear()
                self._woken = False

    def _tell(self) -> None:
        self._woken = False  # before anything is taken: what is due from now on wakes again
        while self._due:
            try:
                self._due.popleft()()
            except Exception:  # the callback's root: the others are told all the same
                _LOG.exception("telling that a record is stored failed")
