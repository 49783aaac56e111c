"""What the doors offer of what is remembered: everything in the database, off the event loop."""

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement

from control_plane.access import Access
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid
from control_plane.remembering.erasing import Erasing, Running
from control_plane.remembering.threads import StorageThreads
from control_plane.sessions.paging import page_size, read_token, write_token
from storage.archive import Archive
from storage.database import Database
from storage.erasure import Erased, Erasure
from storage.export import Exporter, Selection
from storage.export_formats import ExportFormat
from storage.export_marks import ExportMarks
from storage.export_stream import export_blocks
from storage.feedback import Feedback
from storage.media_store import MediaStore
from storage.memories import Memories
from storage.models import JUDGED, Base, Judgement, Memory, User
from storage.tables.base import Kept
from storage.training import Training
from storage.users import put_user

__all__ = ["LAST_REPLY", "Page", "Places", "Remembered"]

LAST_REPLY = "last_reply"
"""The kind of what is judged that means: what the avatar of a session said last."""

_KEY_BYTES = 32

P = ParamSpec("P")
T = TypeVar("T")
Row = TypeVar("Row", bound=Kept)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie beside the database.

    Attributes:
        media: Folder of recorded pictures and sound.
        journals: Folder of recorded sessions.
    """

    media: Path
    journals: Path


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of a list is asked for.

    Attributes:
        size: How many rows; 0: as many as usual.
        token: What came with the page before; empty: the first page.
    """

    size: int = 0
    token: str = ""

    @property
    def count(self) -> int:
        """How many rows it takes.

        Raises:
            InvalidArgumentError: The size is out of range.
        """
        return page_size(self.size)

    @property
    def after(self) -> str:
        """Key of the last row before it; empty: none.

        Raises:
            InvalidArgumentError: The token is none of ours.
        """
        return read_token(self.token)


class Remembered:
    """The storage's parts, and a way to call them from the event loop; `close` when done.

    Pseudonyms are the same in all exports until the program ends, so that an export that broke
    off goes on with the same ones; nobody can join them with those of another start.

    Args:
        database: Where the rows are.
        places: Where the rest lies.
        settle: Has what waits to be stored written now; blocks until it is, a second at most.
        access: Who may ask for any of it.
        running: What goes on beside the database; None: nothing.
    """

    def __init__(
        self,
        database: Database,
        places: Places,
        settle: Callable[[], object],
        access: Access,
        running: Running | None = None,
        memories: Memories | None = None,
    ) -> None:
        self.database = database
        self.access = access
        self.archive = Archive(database)
        self.training = Training(database)
        self.marks = ExportMarks(database)
        self.memories = memories or Memories(database)
        self._running = running
        self._feedback = Feedback(database)
        self.media = MediaStore(places.media, database)
        self._erasure = Erasure(database, self.media)
        self._exporter = Exporter(database, secrets.token_bytes(_KEY_BYTES))
        self._settle = settle
        self._threads = StorageThreads()
        self._erasing = Erasing(self._erasure, self._threads, settle, running, places.journals)

    async def run(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Calls something of the storage in a thread."""
        return await self._threads.run(call, *args, **options)

    async def run_settled(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """The same, after what sessions have said until now has been written."""
        await self._threads.run(self._settle)
        return await self._threads.run(call, *args, **options)

    async def page(
        self,
        kind: type[Row],
        page: Page,
        *where: ColumnElement[bool],
        newest_first: bool = True,
    ) -> tuple[Sequence[Row], str]:
        """A page of a table's rows that are so, and the token of the next one; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        count, after = page.count, _key(page.after)

        def read() -> tuple[Sequence[Row], str]:
            def part(after: UUID | None, limit: int) -> Sequence[Row]:
                return self.archive.page(
                    kind, *where, after=after, limit=limit, newest_first=newest_first
                )

            found = part(after, count)
            more = len(found) == count and bool(part(found[-1].id, 1))
            return found, write_token(str(found[-1].id)) if more else ""

        return await self.run_settled(read)

    async def every(self, kind: type[Row], *where: ColumnElement[bool]) -> list[Row]:
        """All rows of a table that are so, the oldest first; where there are never many."""

        def read() -> list[Row]:
            rows: list[Row] = []
            while found := self.archive.page(
                kind, *where, after=rows[-1].id if rows else None, limit=1000
            ):
                rows += found
            return rows

        return await self.run(read)

    async def judge(
        self, kind: str, target: UUID, judgement: Judgement
    ) -> tuple[Judgement, str, UUID]:
        """Keeps a judgement; returns it with what it is of, for which "last_reply" may stand.

        Raises:
            InvalidArgumentError: That kind of thing cannot be judged.
            NotStoredError: There is no such thing.
            InvalidRecordError: There is no such user.
        """
        _check_kind("judgement.target_kind", kind, (*JUDGED, LAST_REPLY))

        def write() -> tuple[Judgement, str, UUID]:
            if kind == LAST_REPLY:
                kept = self._feedback.judge_last_reply(
                    target, judgement.score, judgement.comment, user_id=judgement.user_id
                )
                return self.archive.get(Judgement, kept.id), "message", kept.message_id
            self.archive.get(_class_of(kind), target)
            self.archive.judge(kind, target, judgement)
            return judgement, kind, target

        return await self.run_settled(write)

    async def judgements(self, kind: str, target: UUID, *, active: bool) -> Sequence[Judgement]:
        """What people think of something, the oldest first; of `active`, only what still counts.

        Raises:
            InvalidArgumentError: That kind of thing cannot be judged.
        """
        _check_kind("target_kind", kind, JUDGED)
        return await self.run(self.archive.judgements, kind, target, active=active)

    async def judged(self, key: UUID) -> tuple[str, UUID]:
        """What a judgement is of: its kind and its id.

        Raises:
            NotStoredError: There is no such judgement.
        """
        return await self.run(self.archive.judged, key)

    async def put_user(self, key: UUID | None, **columns: Any) -> User:  # noqa: ANN401 - of whatever the columns are
        """Makes a user known, or changes one.

        Raises:
            NotStoredError: There is none of that key.
            ConflictError: They have been erased.
            InvalidRecordError: The name, or the id elsewhere, is somebody else's.
        """
        return await self.run(put_user, self.database, key, **columns)

    async def export_user(self, key: UUID) -> dict[str, Any]:
        """Everything that is stored of a user, by table, ready for JSON.

        Raises:
            NotStoredError: There is no such user.
        """
        return await self.run_settled(self._erasure.export, key)

    async def erase_user(self, key: UUID) -> Erased:
        """Takes a user out: rows, recorded pictures and sound, recorded sessions.

        Their live sessions end first.

        Raises:
            NotStoredError: There is no such user.
            UnavailableError: Something of them still waits to be written; nothing was erased.
        """
        return await self._erasing.erase(key)

    async def memories_of(self, person: str) -> Sequence[Memory]:
        """All that is remembered of a person, the newest first."""
        return await self.run_settled(self.memories.of_person, person)

    async def forget_memory(self, key: UUID, person: str | None = None) -> None:
        """Deletes a memory, of that person where one is named; live sessions forget it too.

        Raises:
            NotStoredError: There is no such memory, or not of that person.
        """
        whose = await self.run_settled(self.memories.forget, key, person)
        if self._running is not None and whose:
            self._running.recollections.drop(whose, key)

    async def forget_person(self, person: str) -> int:
        """Deletes all that is remembered of a person; returns how much that was."""
        if self._running is not None:
            self._running.recollections.drop(person)
        return await self.run_settled(self.memories.forget_all, person)

    async def export(self, selection: Selection, form: ExportFormat) -> AsyncGenerator[bytes, None]:
        """Conversations for training, block by block; see `storage.export_stream`."""
        await self._threads.run(self._settle)
        return await self._threads.stream(export_blocks(self._exporter, selection, form))

    def close(self) -> None:
        """Ends the threads; safe twice. Blocks."""
        self._threads.close()
        self.memories.close()


def _check_kind(field: str, kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise invalid(field, kind, f"one of {', '.join(known)}")


def _class_of(table: str) -> type[Any]:
    found: dict[str, type[Any]] = {
        mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers
    }
    return found[table]


def _key(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidArgumentError("page_token is of another list", "page_token") from error
