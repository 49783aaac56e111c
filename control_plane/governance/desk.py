"""What the doors offer of governance: orders, the rules in force, the trail of what was sent."""

import asyncio
import re
from collections.abc import Callable
from uuid import UUID

from control_plane.errors import InvalidArgumentError, NotFoundError
from control_plane.governance.orders import Governance
from control_plane.sessions.paging import page_size, read_token, write_token
from storage.records import OrderRecord, PacketRecord
from storage.repository import Repository
from storage.trail import Trail

__all__ = ["GovernanceDesk"]


class GovernanceDesk:
    """Orders go to `governance`; lists come from the database. Used from one event loop.

    Args:
        governance: The rules.
        trail: The stored orders and lines.
        sessions: The stored sessions.
        settle: Has what waits to be stored written now; blocks until it is, a second at most.
    """

    def __init__(
        self,
        governance: Governance,
        trail: Trail,
        sessions: Repository,
        settle: Callable[[], object],
    ) -> None:
        self.governance = governance
        self._trail = trail
        self._sessions = sessions
        self._settle = settle

    async def orders(self, size: int = 0, token: str = "") -> tuple[list[OrderRecord], str]:
        """One page of the orders, the newest first, and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        count, skip = page_size(size), _number(token)
        await asyncio.to_thread(self._settle)
        found = await asyncio.to_thread(self._trail.orders, skip, count + 1)
        return found[:count], write_token(str(skip + count)) if len(found) > count else ""

    async def lines(
        self, session_id: str, size: int = 0, token: str = ""
    ) -> tuple[list[PacketRecord], str]:
        """One page of a session's lines, and the token of the next; empty: the last for now.

        Raises:
            InvalidArgumentError: The size or the token is not one.
            NotFoundError: No session of that id is stored.
        """
        count, after = page_size(size), _number(token)
        found = await asyncio.to_thread(self._lines, session_id, after, count + 1)
        shown = found[:count]
        return shown, write_token(str(shown[-1].sequence)) if len(found) > count else ""

    def _lines(self, session_id: str, after: int, limit: int) -> list[PacketRecord]:
        self._settle()
        try:
            key = UUID(session_id)
        except ValueError as error:
            raise _unknown(session_id) from error
        found = self._trail.packets(key, after, limit)
        if not found and self._sessions.session(key) is None:
            raise _unknown(session_id)
        return found


def _unknown(session_id: str) -> NotFoundError:
    return NotFoundError(f"no session {session_id[:60]!r} is stored")


def _number(token: str) -> int:
    if not token:
        return 0
    key = read_token(token)
    if not re.fullmatch("[0-9]{1,18}", key):
        raise InvalidArgumentError(f"page_token {token[:60]!r} is of another list", "page_token")
    return int(key)
