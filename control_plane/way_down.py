"""Closing many things in order, within one limit, whatever happens to each."""

import asyncio
import logging
from collections.abc import Awaitable

__all__ = ["WayDown"]

_LEAST_S = 0.1

_LOG = logging.getLogger(__name__)


class WayDown:
    """Steps that follow each other whatever happens in them; made in the event loop.

    Args:
        limit_s: For all of them together.
    """

    def __init__(self, limit_s: float) -> None:
        self._end_s = asyncio.get_running_loop().time() + limit_s

    async def step(self, what: str, closing: Awaitable[None]) -> None:
        """Waits for `closing` while there is time; what fails in it is logged."""
        left_s = self._end_s - asyncio.get_running_loop().time()
        try:
            # A step that comes late still gets a moment.
            async with asyncio.timeout(max(left_s, _LEAST_S)):
                await closing
        except Exception:  # the way down's root: nobody is left to hand it to
            _LOG.exception("closing %s failed", what)
