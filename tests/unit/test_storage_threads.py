import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from control_plane.remembering.threads import StorageThreads


class Blocks:
    """Blocks as an export makes them; says whether it was let go of."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.made = 0
        self.ended = threading.Event()
        self._count, self._fails_at = count, fails_at

    def __call__(self) -> Iterator[bytes]:
        try:
            for number in range(self._count):
                if number == self._fails_at:
                    raise LookupError("no such thing")
                self.made += 1
                yield b"%d" % number
        finally:
            self.ended.set()


def played(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 10))


def test_calls_run_on_threads_of_their_own_and_raise_as_they_do() -> None:
    async def scene() -> None:
        threads = StorageThreads()
        name = await threads.run(lambda: threading.current_thread().name)
        assert name.startswith("remembered")
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        threads.close()
        threads.close()

    played(scene())
    assert not any(one.name.startswith("remembered") for one in threading.enumerate())


def test_blocks_come_in_their_order_each_when_it_is_asked_for() -> None:
    async def scene() -> None:
        threads, blocks = StorageThreads(), Blocks(4)
        stream = await threads.stream(blocks())
        assert blocks.made == 1
        assert await anext(stream) == b"0"
        assert await anext(stream) == b"1"
        assert blocks.made == 2
        assert [block async for block in stream] == [b"2", b"3"]
        threads.close()
        assert blocks.ended.is_set()

    played(scene())


def test_what_goes_wrong_at_first_is_raised_before_anything_is_sent() -> None:
    async def scene() -> None:
        threads, blocks = StorageThreads(), Blocks(4, fails_at=0)
        with pytest.raises(LookupError):
            await threads.stream(blocks())
        assert blocks.ended.is_set()
        threads.close()

    played(scene())


def test_a_reader_that_goes_away_lets_go_of_the_transaction() -> None:
    async def scene() -> None:
        threads, blocks = StorageThreads(), Blocks(1000)
        stream = await threads.stream(blocks())
        await anext(stream)
        await stream.aclose()
        await threads.run(lambda: None)
        assert blocks.ended.wait(5)
        assert blocks.made < 5
        threads.close()

    played(scene())


def test_nothing_at_all_is_a_stream_too() -> None:
    async def scene() -> None:
        threads = StorageThreads()
        assert [block async for block in await threads.stream(iter(()))] == []
        threads.close()

    played(scene())
