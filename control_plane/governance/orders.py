"""Governance: which capsules and expressions may play, changed while sessions live.

An order is on the disk before it takes effect, and has taken effect in every session before its
caller is answered: no packet names what it bars from then on, and the next frame of each body
shows nothing of it but what the rate limits still carry (`docs/governance.md`).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from capsules.library import Library
from capsules.model import Capsule, Expression
from capsules.profile import Profile
from control_plane import ranges
from control_plane.brain.palette import NEUTRAL_SUFFIX, palette_of
from control_plane.errors import InvalidArgumentError, NotFoundError
from control_plane.governance.file import read_rules, write_rules
from control_plane.governance.rules import (
    Bar,
    Item,
    Order,
    Rules,
    Standing,
    standing_in_file,
)
from engine.residency import warm
from storage.records import OrderRecord, utc_now

__all__ = ["MAX_WHITELIST", "Governance", "with_reinstated", "with_revoked", "with_whitelist"]

MAX_WHITELIST = 20_000
_MAX_ACTOR_CHARS = 200
_MAX_REASON_CHARS = 1_000


class Governance:
    """The rules and the library under them; used from one event loop.

    Args:
        path: The file that keeps the rules.
        library: The library without them.
        remember: Takes a record for the database; never blocks.

    Raises:
        UnavailableError: The file cannot be read.
    """

    def __init__(
        self, path: Path, library: Library, remember: Callable[[OrderRecord], object]
    ) -> None:
        self._path = path
        self._remember = remember
        self._ordering = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.rules = read_rules(path)
        self._base = library
        self._made: dict[Library, Library] = {library: self.rules.applied(library)}
        self._bars = self.rules.bars(library)

    @property
    def library(self) -> Library:
        """The library under the rules."""
        return self._made[self._base]

    @property
    def base(self) -> Library:
        """The library without the rules."""
        return self._base

    def standing(self, item: Item) -> Standing:
        """Whether something of the library may play, and why not."""
        bar = self._bars.get(id_ := _id_of(item))
        if bar is None:
            return standing_in_file(item)
        return Standing(bar, self.rules.revoked[id_].reason if bar is Bar.REVOKED else "")

    def governed(self, base: Library) -> Library:
        """Any library under the rules: made once for each."""
        found = self._made.get(base)
        if found is None:
            found = self._made[base] = self.rules.applied(base)
        return found

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever the rules or the library have changed."""
        self._listeners.append(listener)

    def take(self, library: Library) -> None:
        """Goes on with another library, under the same rules."""
        self._base = library
        self.governed(library)
        self._bars = self.rules.bars(library)
        self._tell()

    async def revoke(self, ids: Iterable[str], actor: str, reason: str) -> Rules:
        """Bars capsules, expressions and profiles by id or name; again: the new reason.

        Raises:
            NotFoundError: The library has none of that id.
            InvalidArgumentError: It is a neutral, or the actor or the reason is too long.
            UnavailableError: The rules cannot be written.
        """
        order = _order(actor, reason)
        async with self._ordering:
            rules, subject = with_revoked(self.rules, self._base, ids, order)
            return await self._set(rules, "revoke", subject, order)

    async def reinstate(self, ids: Iterable[str], actor: str, reason: str) -> Rules:
        """Takes revocations back.

        Raises:
            NotFoundError: It is not revoked.
            InvalidArgumentError: The actor or the reason is too long.
            UnavailableError: The rules cannot be written.
        """
        order = _order(actor, reason)
        async with self._ordering:
            rules, subject = with_reinstated(self.rules, self._base, ids)
            return await self._set(rules, "reinstate", subject, order)

    async def set_whitelist(self, ids: Iterable[str] | None, actor: str, reason: str) -> Rules:
        """Lets these alone play; None: everything again that is not revoked.

        Raises:
            NotFoundError: The library has none of that id.
            InvalidArgumentError: There are too many, or the actor or the reason is too long.
            UnavailableError: The rules cannot be written.
        """
        order = _order(actor, reason)
        async with self._ordering:
            rules, subject = with_whitelist(self.rules, self._base, ids, order)
            return await self._set(rules, "whitelist", subject, order)

    async def _set(self, rules: Rules, action: str, subject: str, order: Order) -> Rules:
        bases = {self._base, *self._made}
        made = await asyncio.to_thread(_prepared, self._path, rules, bases)
        self.rules = rules
        # A library that came meanwhile is made when it is asked for.
        self._made = made
        self.governed(self._base)
        self._bars = rules.bars(self._base)
        self._remember(OrderRecord(action, subject, order.actor, order.reason, created_at=order.at))
        self._tell()
        return rules

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def keep(self, bases: Iterable[Library]) -> None:
        """Forgets what was made of libraries that no session has any more."""
        wanted = {self._base, *bases}
        self._made = {base: made for base, made in self._made.items() if base in wanted}


def with_revoked(
    rules: Rules, library: Library, ids: Iterable[str], order: Order
) -> tuple[Rules, str]:
    """The rules with these revoked, and the ids as one text.

    Raises:
        NotFoundError: The library has none of that id.
        InvalidArgumentError: It is a neutral, or none was named.
    """
    found = _known(library, ids)
    for id_ in found:
        if id_.endswith(NEUTRAL_SUFFIX):
            raise InvalidArgumentError(
                f"{id_} is what its layer rests in and falls back to; it cannot be revoked", "ids"
            )
    revoked = {**rules.revoked, **dict.fromkeys(found, order)}
    return replace(rules, revoked=MappingProxyType(revoked)), ",".join(found)


def with_reinstated(rules: Rules, library: Library, ids: Iterable[str]) -> tuple[Rules, str]:
    """The rules without these revocations, and the ids as one text.

    Raises:
        NotFoundError: It is not revoked.
        InvalidArgumentError: None was named.
    """
    found = [library.id_of(one) or one for one in ids]
    for id_ in found:
        if id_ not in rules.revoked:
            raise NotFoundError(f"{id_[:60]!r} is not revoked by an order")
    if not found:
        raise _none_named()
    revoked = {id_: order for id_, order in rules.revoked.items() if id_ not in found}
    return replace(rules, revoked=MappingProxyType(revoked)), ",".join(found)


def with_whitelist(
    rules: Rules, library: Library, ids: Iterable[str] | None, order: Order
) -> tuple[Rules, str]:
    """The rules with another whitelist, and its ids as one text; empty: there is none now.

    Raises:
        NotFoundError: The library has none of that id.
        InvalidArgumentError: There are too many, or none.
    """
    if ids is None:
        return replace(rules, whitelist=None, whitelist_order=None), ""
    found = tuple(sorted(set(_known(library, ids))))
    if len(found) > MAX_WHITELIST:
        message = f"the whitelist has {len(found):,} ids, expected at most {MAX_WHITELIST:,}"
        raise InvalidArgumentError(message, "ids")
    return replace(rules, whitelist=found, whitelist_order=order), ",".join(found)


def _id_of(item: Item) -> str:
    match item:
        case Capsule():
            return item.cid
        case Expression():
            return item.id
        case Profile():
            return item.name


def _known(library: Library, ids: Iterable[str]) -> list[str]:
    found: list[str] = []
    for one in ids:
        id_ = library.id_of(one)
        if id_ is None:
            raise NotFoundError(f"there is no capsule, expression or profile {one[:60]!r}")
        found.append(id_)
    if not found:
        raise _none_named()
    return found


def _none_named() -> InvalidArgumentError:
    return InvalidArgumentError("ids is empty, expected at least one id", "ids")


def _order(actor: str, reason: str) -> Order:
    for field, text, most in (
        ("actor", actor, _MAX_ACTOR_CHARS),
        ("reason", reason, _MAX_REASON_CHARS),
    ):
        if text:
            ranges.text(field, text, most, InvalidArgumentError)
    return Order(actor, reason, utc_now())


def _prepared(path: Path, rules: Rules, bases: set[Library]) -> dict[Library, Library]:
    """Keeps the rules; then the libraries under them, with what brains and bodies look up."""
    write_rules(path, rules)
    made = {base: rules.applied(base) for base in bases}
    for library in made.values():
        palette_of(library)
        warm(library)
        library.micro()
    return made
