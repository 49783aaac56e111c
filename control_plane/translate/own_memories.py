"""Memories as whoever they are of sees them: in words to themselves, as JSON."""

from typing import Any

from control_plane.remembering.remembered import Remembered
from control_plane.responder.telling import told
from control_plane.translate.storing import identity
from storage.memories import recalled
from storage.models import Memory
from storage.tables.base import now

__all__ = ["OwnMemories"]


class OwnMemories:
    """What a person may see and delete of what is remembered of them.

    Args:
        remembered: What answers.
    """

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered

    async def all(self, person: str) -> dict[str, Any]:
        """All of them, the newest first: `{"memories": [{"id", "text", "said", "createdAt"}]}`."""
        rows = await self._remembered.memories_of(person)
        return {"memories": [_shown(row) for row in rows]}

    async def forget(self, person: str, memory_id: str) -> None:
        """Forgets one of them.

        Raises:
            InvalidArgumentError: That is no id.
            NotStoredError: They have no such memory.
        """
        await self._remembered.forget_memory(identity("id", memory_id), person)

    async def forget_all(self, person: str) -> int:
        """Forgets all of them; returns how many there were."""
        return await self._remembered.forget_person(person)


def _shown(row: Memory) -> dict[str, Any]:
    text = told(recalled(row), now().date())
    return {
        "id": str(row.id),
        "text": f"{text[:1].upper()}{text[1:]}.",
        "said": row.context,
        "createdAt": row.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
