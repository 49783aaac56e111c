"""Whether what an event names may be played at all."""

from capsules.library import Library
from control_plane.errors import BarredError
from control_plane.events import Chat, EventKind, PlayExpression, Preview

__all__ = ["allowed_name", "check_allowed"]


def check_allowed(kind: EventKind, library: Library) -> None:
    """Checks what an event names against what an operator allows.

    Raises:
        BarredError: It names a capsule or expression that is revoked, or not on the whitelist.
    """
    match kind:
        case PlayExpression(id=name):
            _check("event.expression.id", name, library.id_of(name), library)
        case Chat(intent=name) if name:
            _check("event.chat.intent", name, library.id_of(name), library)
        case Preview(capsule=capsule):
            _check("event.preview.json", capsule.cid, capsule.cid, library)


def allowed_name(name: str | None, library: Library) -> str | None:
    """The name, unless it is of a capsule or expression that may not be played."""
    id_ = None if name is None else library.id_of(name)
    return name if id_ is None or library.allows(id_) or not _barred(id_, library) else None


def _check(field: str, name: str, id_: str | None, library: Library) -> None:
    if id_ is None or not _barred(id_, library):
        return  # what it is, if anything, the brain finds out
    listed = library.only is None or id_ in library.only
    why = "it has been revoked" if listed else "it is not on the whitelist"
    raise BarredError(f"{field} is {name[:60]!r}, which may not be played: {why}")


def _barred(id_: str, library: Library) -> bool:
    """Whether it may not play; an expression or profile whose every capsule may, may too."""
    if id_ in library.barred:
        return True
    bundle = id_ in library.expressions or id_ in library.profiles
    return not bundle and not library.allows(id_)
