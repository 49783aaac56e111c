"""One session's memory of its user: what it hears, what it has in mind for a reply.

Rules run after the reaction to a message has left; the database is asked beside the reply, which
waits for it 30 ms at most. What is noted goes to the database by the recorder's queue, and is in
mind at once. Where nobody is named it stays in the session, and ends with it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from control_plane.emotion.appraisal import is_english
from control_plane.memory.notes import Forget, Heard, Note, Scope
from control_plane.memory.noticing import notice
from control_plane.responder.mind import Forgotten, Mind
from storage.keys import new_key
from storage.memories import Memories
from storage.recalled import Recalled, choose, concerns, words_of
from storage.records import MemoriesForgotten, MemoryNoted, Record, utc_now

__all__ = ["RECALL_S", "Recollection", "Who"]

RECALL_S = 0.03
"""How long a reply waits for memories; then it does with what came before."""

_MOST_OWN = 40
# Orders to forget that are kept in mind, until the database has obeyed them.
_MOST_ORDERS = 64
_MAX_CONTEXT_CHARS = 600
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Who:
    """Whose memory it is.

    Attributes:
        session_id: The session.
        person: What the operator calls the user; empty: nobody is named.
        timezone: The user's, as IANA names it; empty: unknown.
    """

    session_id: UUID
    person: str = ""
    timezone: str = ""


class Recollection:
    """What one session knows of its user; used from the event loop's thread.

    Args:
        who: Whose memory it is.
        memories: What is stored.
        remember: Takes a record for the database; never blocks.
        clock: The wall clock in UTC.
    """

    def __init__(
        self,
        who: Who,
        memories: Memories,
        remember: Callable[[Record], object],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.person = who.person
        self._who = who
        self._memories = memories
        self._remember = remember
        self._clock = clock
        self._zone = _zone(who.timezone)
        self._began = clock()
        self._shared = memories.is_shared(who.person) if who.person else None
        self._tiers: dict[str, list[Recalled]] = {}
        self._own: dict[str, Recalled] = {}
        self._forgets: deque[MemoriesForgotten] = deque(maxlen=_MOST_ORDERS)
        self._gone: set[UUID] = set()
        self._mentioned: set[str] = set()
        self._last: Note | None = None
        self._heard = Mind()
        self._turns = 0

    def hear(self, text: str, message_id: UUID, label: str) -> None:
        """Takes what a user said, after the reaction to it: notes it, or forgets.

        Args:
            text: The line.
            message_id: The message's key.
            label: Name of the mood at the time.
        """
        today = self._clock().astimezone(self._zone).date()
        # Whatever goes wrong in a rule, the line before is not answered once more.
        before, self._heard = self._heard, Mind(today=today)
        heard = notice(text, today, self._last) if is_english(text) else Heard()
        if heard.ended:
            self._end(heard.ended, self._clock(), write=True)
        noted = tuple(self._note(note, text, message_id, label, today) for note in heard.notes)
        forgotten = (
            Forgotten.NOTHING if heard.forget is None else self._forget(heard.forget, before)
        )
        self._last = heard.notes[-1] if heard.notes else None
        self._heard = Mind(
            noted=noted,
            forgotten=forgotten,
            asked=heard.asked,
            refused=heard.refused,
            corrected=any(note.replaces for note in heard.notes),
            today=today,
        )

    async def mind(self, text: str) -> Mind:
        """What to have in mind for the reply to a line; waits 30 ms at most."""
        first, self._turns = self._turns == 0, self._turns + 1
        words = words_of(text)
        asked = self.ask(words)
        if asked:
            await asyncio.wait(asked, timeout=RECALL_S)
            await asyncio.sleep(0)  # what is done is taken before the reply goes on
        known = self._known()
        chosen = choose(known, words, self._clock())
        return replace(
            self._heard,
            memories=tuple(chosen),
            mentioned=frozenset(self._mentioned),
            returning=first and any(item.created_at < self._began for item in known),
            lasting=self._lasts,
        )

    def ask(self, words: frozenset[str] = frozenset()) -> "list[asyncio.Future[list[Recalled]]]":
        """Asks every tier of the database at once, and gives back what is being waited for.

        At the beginning of a session, so that its first reply knows whom it is for. What comes too
        late for a reply is there for the next one.
        """
        if not self.person:
            return []
        try:
            asked = self._memories.ask(self.person, words)
        except RuntimeError:  # the server is ending
            return []
        waiting = []
        for tier, future in asked.items():
            waiting.append(asyncio.wrap_future(future))
            waiting[-1].add_done_callback(partial(self._take, tier))
        return waiting

    def used(self, mind: Mind, keys: Iterable[UUID] | None) -> tuple[dict[str, Any], ...]:
        """Notes which memories a reply used, and gives them back as its context, ready for JSON.

        Args:
            mind: What the reply was made with.
            keys: Which of its memories it used; None: all.
        """
        wanted = None if keys is None else set(keys)
        taken = [item for item in mind.memories if wanted is None or item.id in wanted]
        self._mentioned.update(item.subject for item in taken if item.subject)
        # What is not stored has no row whose uses could be counted.
        if not self._lasts:
            return ()
        return tuple(
            {"id": str(item.id), "tier": item.tier, "content": item.content} for item in taken
        )

    def drop(self, key: UUID | None) -> None:
        """Forgets a memory that somebody deleted elsewhere; None: all of them."""
        if key is not None:
            self._gone.add(key)
            subjects = [item.subject for item in self._all() if item.id == key]
            for subject in subjects:
                self._own.pop(subject, None)
                self._gone.update(item.id for item in self._all() if item.subject == subject)
            return
        self._gone.update(item.id for item in self._all())
        self._own.clear()
        self._tiers.clear()
        self._last = None

    @property
    def _lasts(self) -> bool:
        """Whether what is noted is kept; a shared name is found out in a moment."""
        if self._shared is None:
            return False
        done = self._shared.done() and not self._shared.cancelled()
        return not (done and self._shared.exception() is None and self._shared.result())

    def _take(self, tier: str, done: "asyncio.Future[list[Recalled]]") -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._tiers[tier] = done.result()
        else:
            _LOG.debug("no memories of tier %s: %s", tier, error)

    def _all(self) -> list[Recalled]:
        stored = [item for tier in self._tiers.values() for item in tier]
        return [*stored, *self._own.values()]

    def _known(self) -> list[Recalled]:
        """What is stored, with what this session has noted and forgotten since."""
        own = {item.id for item in self._own.values()}
        stored = [
            item
            for tier in self._tiers.values()
            for item in tier
            if item.id not in own
            and item.id not in self._gone
            and (not item.subject or item.subject not in self._own)
            and not any(_is_forgotten(item, order) for order in self._forgets)
        ]
        return [*stored, *self._own.values()]

    def _note(self, note: Note, text: str, message_id: UUID, label: str, today: date) -> Recalled:
        """Keeps a note in mind, and has it written where it lasts."""
        fades = note.fades(today)
        record = MemoryNoted(
            session_id=self._who.session_id,
            message_id=message_id,
            kind=note.kind.value,
            subject=note.subject[:200],
            value=note.value,
            content=note.content,
            tier=note.tier.value,
            importance=note.importance,
            confidence=note.confidence,
            context=text[:_MAX_CONTEXT_CHARS],
            tags=",".join(tag for tag in (note.kind.value, note.about) if tag),
            emotion=label,
            verified=note.insisted,
            settles=tuple(subject[:200] for subject in note.settles),
            due_at=None if note.due is None else self._noon(note.due),
            fades_at=None if fades is None else self._noon(fades),
            id=new_key(),
            created_at=self._clock(),
        )
        if self.person:
            self._remember(record)
        if record.settles:
            self._end(record.settles, record.created_at)
        recalled = Recalled(
            id=record.id,
            tier=record.tier,
            content=record.content,
            importance=record.importance,
            access_count=0,
            kind=record.kind,
            subject=record.subject,
            value=record.value,
            created_at=record.created_at,
            due_at=record.due_at,
        )
        self._own.pop(recalled.subject, None)
        self._own[recalled.subject] = recalled
        if len(self._own) > _MOST_OWN:
            del self._own[next(iter(self._own))]
        return recalled

    def _forget(self, forget: Forget, before: Mind) -> Forgotten:
        """Obeys an order to forget; `before` is what the line before came to."""
        everything = forget.scope is Scope.ALL
        subjects: tuple[str, ...] = ()
        if forget.scope is Scope.LAST:
            subjects = tuple(item.subject for item in before.noted)
            if not subjects and self._last is not None:
                subjects = (self._last.subject,)
        order = MemoriesForgotten(
            session_id=self._who.session_id,
            everything=everything,
            words=forget.words if forget.scope is Scope.ABOUT else "",
            subjects=subjects,
            created_at=self._clock(),
        )
        self._obey(order, write=True)
        return Forgotten.EVERYTHING if everything else Forgotten.SOMETHING

    def _end(self, subjects: tuple[str, ...], at: datetime, *, write: bool = False) -> None:
        """Lets go of what is so no longer."""
        order = MemoriesForgotten(self._who.session_id, subjects=subjects, created_at=at)
        self._obey(order, write=write)

    def _obey(self, order: MemoriesForgotten, *, write: bool) -> None:
        """Has nothing in mind any more of what is forgotten, and has it deleted."""
        if write and self.person:
            self._remember(order)
        self._forgets.append(order)
        # At once as well: in time the order itself is not kept any more.
        self._tiers = {
            tier: [item for item in items if not _is_forgotten(item, order)]
            for tier, items in self._tiers.items()
        }
        self._own = {
            subject: item for subject, item in self._own.items() if not _is_forgotten(item, order)
        }

    def _noon(self, day: date) -> datetime:
        """Noon of a day where the user is, in UTC."""
        return datetime.combine(day, time(12), self._zone).astimezone(UTC)


def _is_forgotten(item: Recalled, order: MemoriesForgotten) -> bool:
    if item.created_at > order.created_at:
        return False
    return (
        order.everything
        or (bool(item.subject) and item.subject in order.subjects)
        or (bool(order.words) and concerns(order.words, item.kind, item.subject, item.content))
    )


def _zone(name: str) -> ZoneInfo:
    """The time zone of that name, UTC where there is none of it."""
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return ZoneInfo("UTC")
