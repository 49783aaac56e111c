"""The library as clients browse it: page by page, in order of the ids."""

from collections.abc import Sequence
from typing import TypeVar

from capsules.errors import UnknownCapsuleError
from capsules.library import Library
from capsules.model import Capsule, Expression, Layer
from control_plane.sessions.paging import page_size, read_token, write_token

__all__ = ["Catalog"]

Item = TypeVar("Item", Capsule, Expression)


class Catalog:
    """Reads a library."""

    def __init__(self, library: Library) -> None:
        self.take(library)

    def take(self, library: Library) -> None:
        """Reads this library from now on."""
        self._library = library
        self._cids = sorted(library.capsules)
        self._ids = sorted(library.expressions)

    def capsule(self, cid: str) -> Capsule:
        """The capsule of that id, a revoked one too.

        Raises:
            UnknownCapsuleError: There is none.
        """
        found = self._library.capsules.get(cid)
        if found is None:
            raise UnknownCapsuleError(cid[:60])
        return found

    def capsules(
        self, size: int = 0, token: str = "", layer: Layer | None = None
    ) -> tuple[list[Capsule], str]:
        """One page of capsules (of one layer), and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        items = (self._library.capsules[cid] for cid in self._cids)
        return _page([(c.cid, c) for c in items if layer in (None, c.layer)], size, token)

    def expressions(self, size: int = 0, token: str = "") -> tuple[list[Expression], str]:
        """One page of expressions, and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        return _page([(id_, self._library.expressions[id_]) for id_ in self._ids], size, token)


def _page(items: Sequence[tuple[str, Item]], size: int, token: str) -> tuple[list[Item], str]:
    count, after = page_size(size), read_token(token)
    rest = [(key, item) for key, item in items if key > after]
    shown = rest[:count]
    return [item for _, item in shown], write_token(shown[-1][0]) if len(rest) > count else ""
