"""Those who want to hear that something is stored hear it on the event loop, together."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest

from control_plane.sessions.receipts import Receipts
from storage.records import Record, SessionEnded
from tests.unit.session_world import run

RECORD = SessionEnded(uuid4(), "asked to")


class Writer:
    """Keeps what it is given, and stores it on another thread when it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[Record, Callable[[], object] | None]] = []

    def put(self, record: Record, stored: Callable[[], object] | None = None, /) -> None:
        self.taken.append((record, stored))

    def store(self) -> None:
        taken, self.taken = self.taken, []
        told = [stored for _, stored in taken if stored is not None]
        thread = threading.Thread(target=lambda: [stored() for stored in told])
        thread.start()
        thread.join()


def test_what_is_stored_together_is_told_in_one_turn_of_the_loop() -> None:
    async def test() -> None:
        writer, told, turns = Writer(), list[tuple[int, int]](), [0]
        receipts = Receipts(writer.put)
        here = threading.get_ident()

        def heard(number: int) -> None:
            assert threading.get_ident() == here
            told.append((number, turns[0]))

        for batch in range(2):
            for number in range(3):
                receipts.keep(RECORD, partial(heard, number))
            writer.store()
            assert len(told) == 3 * batch
            turns[0] += 1
            await asyncio.sleep(0)
        assert told == [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]

    run(test())


def test_one_that_fails_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        writer, told = Writer(), list[str]()
        receipts = Receipts(writer.put)

        def fails() -> None:
            raise ValueError("nobody listens")

        receipts.keep(RECORD, fails)
        receipts.keep(RECORD, lambda: told.append("second"))
        writer.store()
        await asyncio.sleep(0)
        assert told == ["second"]

    run(test())
    assert "telling that a record is stored failed" in caplog.text


def test_nobody_is_asked_for_where_nobody_wants_to_hear() -> None:
    async def test() -> None:
        writer = Writer()
        Receipts(writer.put).keep(RECORD)
        assert writer.taken == [(RECORD, None)]

    run(test())


def test_a_loop_that_has_ended_is_no_trouble_and_the_next_one_hears() -> None:
    writer, told = Writer(), list[str]()
    receipts = Receipts(writer.put)

    async def ends() -> None:
        receipts.keep(RECORD, lambda: told.append("nobody is there"))

    async def test() -> None:
        receipts.keep(RECORD, lambda: told.append("next"))
        writer.store()
        await asyncio.sleep(0)

    run(ends())
    writer.store()
    run(test())
    assert told == ["next"]
