"""Threads for calls of the storage, which block: never on the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

__all__ = ["StorageThreads"]

_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class StorageThreads:
    """An executor of its own; `run` and `stream` belong to the event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="remembered")

    async def run(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What `call` returns or raises; one whose caller gives up runs to its end all the same."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: call(*args, **options))

    async def stream(self, blocks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The blocks, each made when it is asked for, of which the first is made at once.

        What goes wrong before the first block is raised here; what holds the blocks' transaction
        is let go of whenever the reader stops.
        """
        drawn = _Drawn(blocks)
        try:
            first = await self.run(drawn.next)
        except BaseException:
            self._let_go(drawn)
            raise
        return self._rest(drawn, first)

    async def _rest(self, drawn: "_Drawn", block: bytes) -> AsyncGenerator[bytes, None]:
        try:
            while block:
                yield block
                block = await self.run(drawn.next)
        finally:
            self._let_go(drawn)

    def _let_go(self, drawn: "_Drawn") -> None:
        try:
            self._pool.submit(drawn.close)
        except RuntimeError:  # the pool has ended, so that nothing draws any more
            drawn.close()

    def close(self) -> None:
        """Lets what runs end and starts nothing more; safe twice. Blocks."""
        self._pool.shutdown(cancel_futures=True)


class _Drawn:
    """Blocks that one thread at a time draws; they may be let go of while one is being made."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._lock = threading.Lock()

    def next(self) -> bytes:
        """The next block; empty: that was all."""
        with self._lock:
            return next(self._blocks, b"")

    def close(self) -> None:
        """Ends them."""
        with self._lock:
            close = getattr(self._blocks, "close", None)
            if close is not None:
                close()
