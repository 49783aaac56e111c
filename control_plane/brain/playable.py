"""What a name in an event stands for: an expression, a profile, a capsule, or an emotion."""

from capsules.library import Library
from capsules.model import Capsule, Expression, Layer
from capsules.profile import Profile
from control_plane.brain.palette import holds
from control_plane.emotion.labels import emotion_named
from control_plane.errors import NotFoundError
from engine.packet import Mood

__all__ = ["Named", "Playable", "id_of", "name_of", "named", "playable", "require"]

Playable = Expression | Profile | Capsule
Named = Playable | Mood


def named(library: Library, name: str, field: str) -> Named:
    """An expression, profile, capsule or emotion.

    Args:
        library: Where to look.
        name: Its id or name.
        field: Where the name came in, for the error.

    Raises:
        NotFoundError: The name is none of these.
    """
    found = playable(library, name)
    if found is not None:
        return found
    emotion = emotion_named(name)
    if emotion is None:
        raise NotFoundError(f"{field} is {name!r}: no expression, profile or emotion has that name")
    return emotion


def playable(library: Library, name: str) -> Playable | None:
    """What of the library has this id or name; None where nothing has."""
    if name in library.capsules:
        return library.capsules[name]
    try:
        return library.profile(name) if name in library.profiles else library.expression(name)
    except LookupError:
        return None


def require(library: Library, found: Playable) -> None:
    """Checks that something of it may be played; of a profile, something of its face.

    Raises:
        NotFoundError: Nothing may.
    """
    usable = [item for cid in _cids(found) if (item := library.resolve(cid)) is not None]
    if isinstance(found, Profile):
        usable = [item for item in usable if item.layer is Layer.FACE and holds(item)]
    if not usable:
        raise NotFoundError(f"{id_of(found)} is revoked and nothing stands in for it")


def name_of(found: Playable) -> str:
    """What people call it."""
    return found.cid if isinstance(found, Capsule) else found.name


def id_of(found: Playable) -> str:
    """How an error names it."""
    match found:
        case Capsule():
            return found.cid
        case Profile():
            return found.name
        case _:
            return f"{found.id} ({found.name})"


def _cids(found: Playable) -> tuple[str, ...]:
    """The capsules that it begins with."""
    match found:
        case Capsule():
            return (found.cid,)
        case Profile():
            return tuple(item.cid for item in found.items if item.every_s is None)
        case _:
            return tuple(item.cid for item in found.items)
