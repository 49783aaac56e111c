"""What may play: rules over a library, and what they come to.

A layer's neutral is what the layer rests in and may always play: there would be nothing to fall
back to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from capsules.library import Library
from capsules.model import Capsule, Expression
from capsules.profile import Profile
from control_plane.brain.palette import NEUTRAL_SUFFIX

__all__ = ["Bar", "Item", "Order", "Rules", "Standing", "standing_in_file"]

Item = Capsule | Expression | Profile
"""What may be barred."""


class Bar(StrEnum):
    """Why something may not play."""

    LIBRARY = "library"
    """Its own file says so."""
    REVOKED = "revoked"
    """An operator revoked it."""
    WHITELIST = "whitelist"
    """It is not among what alone may play."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered something, when and why. `actor` is what the caller says of itself."""

    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether something may play; `bar` is None where it may, `reason` is the operator's."""

    bar: Bar | None = None
    reason: str = ""


def standing_in_file(item: Item) -> Standing:
    """How it stands where there are no rules."""
    return Standing(Bar.LIBRARY if isinstance(item, Capsule) and item.revoked else None)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force.

    Attributes:
        revoked: Ids of capsules and expressions, and names of profiles, that may not play, each
            with its order.
        whitelist: Ids that alone may play; None: everything that is not revoked.
        whitelist_order: The order that set the whitelist.
    """

    revoked: Mapping[str, Order] = field(default_factory=lambda: MappingProxyType({}))
    whitelist: tuple[str, ...] | None = None
    whitelist_order: Order | None = None

    def bars(self, library: Library) -> dict[str, Bar]:
        """What of the library may not play by these rules, and why.

        An expression or a profile on the whitelist brings its capsules, and a combined capsule its
        components. One of which every capsule may play needs no place of its own on it.
        """
        found: dict[str, Bar] = {}
        if self.whitelist is not None:
            allowed = self._allowed(library, self.whitelist)
            found |= {cid: Bar.WHITELIST for cid in library.capsules if cid not in allowed}
            bundles: dict[str, Expression | Profile] = {**library.expressions, **library.profiles}
            found |= {
                id_: Bar.WHITELIST
                for id_, item in bundles.items()
                if id_ not in allowed and any(one.cid not in allowed for one in item.items)
            }
        found |= {id_: Bar.REVOKED for id_ in self.revoked if library.id_of(id_) == id_}
        return found

    def applied(self, library: Library) -> Library:
        """The library under these rules: itself where there are none. Takes some ms."""
        if not self.revoked and self.whitelist is None:
            return library
        only = None if self.whitelist is None else self._allowed(library, self.whitelist)
        return library.bar({*self.bars(library), *self.revoked}, only)

    def _allowed(self, library: Library, ids: Iterable[str]) -> set[str]:
        """Ids that a whitelist lets play: its own, what they consist of, and the neutrals."""
        found = {cid for cid in library.capsules if cid.endswith(NEUTRAL_SUFFIX)}
        waiting = list(ids)
        while waiting:
            id_ = waiting.pop()
            if id_ in found:
                continue
            found.add(id_)
            bundle = library.expressions.get(id_) or library.profiles.get(id_)
            if bundle is not None:
                waiting += [item.cid for item in bundle.items]
            elif id_ in library.capsules:
                waiting += [part.cid for part in library.capsules[id_].components]
        return found
