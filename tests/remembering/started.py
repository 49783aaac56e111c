"""The record of a session that begins."""

from dataclasses import replace

from storage.keys import new_key
from storage.records import SessionStarted

__all__ = ["started"]


def started(**changes: object) -> SessionStarted:
    """A session of its own id, but for the changes like any other."""
    plain = SessionStarted(
        id=new_key(),
        avatar="mira",
        width=512,
        height=512,
        fps=30,
        seed=1,
        personality="friendly",
        probe=False,
        reply=True,
        version="1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # any field
