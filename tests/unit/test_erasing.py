"""Erasing a user beside live sessions, with a database that only says it has done so."""

import asyncio
import threading
from collections.abc import Collection
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from control_plane.errors import UnavailableError
from control_plane.memory.recollections import Recollections
from control_plane.remembering.erasing import ERASED, Erasing, Running
from control_plane.remembering.threads import StorageThreads
from storage.erasure import Erased, Erasure
from storage.keys import new_key

USER, SESSION = new_key(), new_key()


class World:
    """A server with one user, and what it did in which order, each with its thread."""

    def __init__(self) -> None:
        self.done: list[tuple[str, threading.Thread]] = []
        self.settles = True

    def note(self, what: str) -> None:
        self.done.append((what, threading.current_thread()))

    def whose(self, key: UUID) -> tuple[str, Collection[UUID]]:
        assert key == USER
        return "ada", {SESSION}

    def erase(self, _key: UUID) -> Erased:
        self.note("erase")
        return Erased(sessions=1, messages=0, journals=("j.rec",))

    def drop(self, person: str) -> None:
        self.note(f"drop {person}")

    async def end_sessions(self, person: str, sessions: Collection[UUID], reason: str) -> int:
        assert (person, sessions, reason) == ("ada", {SESSION}, ERASED)
        self.note("end")
        return 1


async def erased(world: World, journals: Path) -> Erased:
    threads = StorageThreads()
    running = Running(world.end_sessions, cast(Recollections, world))
    erasure = cast(Erasure, world)
    erasing = Erasing(erasure, threads, lambda: world.settles, running, journals)
    try:
        return await erasing.erase(USER)
    finally:
        threads.close()


def test_sessions_end_then_rows_go_then_live_memories_on_the_loops_own_thread(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "j.rec"
    journal.touch()
    world = World()
    assert asyncio.run(erased(world, tmp_path)).sessions == 1
    assert [what for what, _ in world.done] == ["end", "erase", "drop ada"]
    own = threading.current_thread()
    assert [thread is own for _, thread in world.done] == [True, False, True]
    assert not journal.exists()


def test_nothing_is_erased_while_something_waits_to_be_written(tmp_path: Path) -> None:
    world = World()
    world.settles = False
    with pytest.raises(UnavailableError, match="nothing was erased"):
        asyncio.run(erased(world, tmp_path))
    assert [what for what, _ in world.done] == ["end"]
