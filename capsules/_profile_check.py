"""What is wrong with a profile in the light of the library's capsules."""

from collections.abc import Iterator

from capsules.library import Library
from capsules.model import Layer
from capsules.profile import Profile

__all__ = ["profile_findings"]

_SEEN = frozenset({Layer.FACE, Layer.HAND, Layer.BODY})


def profile_findings(library: Library, profile: Profile) -> Iterator[tuple[str, str]]:
    """Errors in a profile, each a code and a message."""
    held = []
    for item in profile.items:
        found = library.capsules.get(item.cid)
        if found is None:
            yield "dangling-reference", f"item {item.cid!r} is in no library file"
            continue
        if found.revoked:
            yield "revoked-reference", f"item {item.cid!r} is revoked"
        stays = found.hold or found.loop
        if item.every_s is None and stays and item.weight > 0.0:
            held.append(found)
        if item.every_s is not None and stays:
            message = f"item {item.cid!r} has every_s, but holds: it cannot come again"
            yield "held-again", message
        if found.layer is Layer.HAND and stays:
            yield "held-hand", f"item {item.cid!r} is a hand that holds, expected one with every_s"
        if found.layer is Layer.TEMPO:
            message = f"item {item.cid!r} is of layer tempo, expected the profile's own tempo"
            yield "wrong-layer", message
    if not any(found.layer is Layer.FACE for found in held):
        yield "no-face", "holds no capsule of layer face, expected one: it would not be seen"
