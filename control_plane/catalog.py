"""The library as clients browse it: page by page, in order of the ids.

Generated micro-capsules come after all others, so that who does not ask for them is not kept
waiting; they are made when their page is asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from capsules.errors import UnknownCapsuleError
from capsules.library import Library
from capsules.model import CID_PREFIXES, Capsule, Expression, Layer
from capsules.profile import Profile
from control_plane.governance.rules import Item as Barrable
from control_plane.governance.rules import Standing, standing_in_file
from control_plane.sessions.paging import page_size, read_token, write_token

__all__ = ["Catalog"]

Item = TypeVar("Item", Capsule, Expression, Profile)
Key = tuple[bool, str]
"""Whether it is generated, and its id."""


class Catalog:
    """Reads a library.

    Args:
        library: The library, barred things too.
        standing: Says whether something of it may play.
    """

    def __init__(
        self,
        library: Library,
        standing: Callable[[Barrable], Standing] = standing_in_file,
    ) -> None:
        self.standing = standing
        self.take(library)

    def take(self, library: Library) -> None:
        """Reads this library from now on."""
        self._library = library
        self._keys = sorted(self._key(cid) for cid in library.capsules)
        self._ids = [(False, id_) for id_ in sorted(library.expressions)]
        self._names = [(False, name) for name in sorted(library.profiles)]

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
        keys = self._keys
        if layer is not None:
            prefix = f"{CID_PREFIXES[layer]}_"
            keys = [key for key in keys if key[1].startswith(prefix)]
        after = self._key(read_token(token))
        return _page(keys, self._library.capsules.__getitem__, size, after)

    def expressions(self, size: int = 0, token: str = "") -> tuple[list[Expression], str]:
        """One page of expressions, and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        after = (False, read_token(token))
        return _page(self._ids, self._library.expressions.__getitem__, size, after)

    def profiles(self, size: int = 0, token: str = "") -> tuple[list[Profile], str]:
        """One page of profiles, and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        after = (False, read_token(token))
        return _page(self._names, self._library.profiles.__getitem__, size, after)

    def _key(self, cid: str) -> Key:
        return self._library.is_generated(cid), cid


def _page(
    keys: Sequence[Key], item: Callable[[str], Item], size: int, after: Key
) -> tuple[list[Item], str]:
    count, start = page_size(size), bisect_right(keys, after)
    shown = keys[start : start + count]
    more = start + count < len(keys)
    return [item(id_) for _, id_ in shown], write_token(shown[-1][1]) if more else ""
