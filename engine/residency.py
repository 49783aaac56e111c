"""What a session's textures should hold: what it always needs, and what it may need soon."""

from collections.abc import Iterable
from functools import lru_cache

from capsules.library import Library
from capsules.model import Layer
from capsules.targets import TargetKind, targets
from engine.packet import Mood

__all__ = ["core_bases", "first_clips", "likely", "warm"]

_LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
_LAYERS = (Layer.FACE, Layer.HAND, Layer.BODY, Layer.ENVIRONMENT)
_NEAREST = 3
_MOST_CLIPS = 16


def core_bases(library: Library) -> tuple[str, ...]:
    """Names of the bases that every session needs at once, the most important first.

    The lids' blinks, the visemes' mouth shapes, what the neutrals move, and what faces without an
    emotion do: the nods and glances that answer events.
    """
    names = dict.fromkeys(_LIDS)
    for weights in library.viseme_weights.values():
        names.update(dict.fromkeys(weights))
    for layer in _LAYERS:
        neutrals = (item.cid for item in library.layer(layer) if item.cid.endswith("_NEUTRAL"))
        names.update(dict.fromkeys(_bases(library, neutrals)))
    gestures = (item.cid for item in library.layer(Layer.FACE) if item.emotion is None)
    names.update(dict.fromkeys(_bases(library, gestures)))
    return tuple(names)


def warm(library: Library) -> None:
    """Makes ready what `likely` looks up; some ms of work."""
    for layer in _LAYERS:
        library.index(layer)


def first_clips(library: Library) -> tuple[str, ...]:
    """Ids of the clips whose first frames a session should have ready."""
    return tuple(library.clips)[:_MOST_CLIPS]


def likely(library: Library, mood: Mood) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the capsules nearest to a mood need, the nearest first.

    Args:
        library: Where capsules come from.
        mood: The mood to come.

    Returns:
        Names of bases, and ids of clips.
    """
    vad = (mood.valence, mood.arousal, mood.dominance)
    near = [item for layer in _LAYERS for item in library.index(layer).nearest(vad, _NEAREST)]
    cids = [cid for cid, _ in sorted(near, key=lambda item: (item[1], item[0]))]
    plain = [part.cid for cid in cids for part, _ in library.flatten(cid)]
    clips = tuple(dict.fromkeys(cid for cid in plain if cid in library.clips))
    return _bases(library, plain), clips


def _bases(library: Library, cids: Iterable[str]) -> tuple[str, ...]:
    known = _basis_names()
    return tuple(
        dict.fromkeys(
            track.target
            for cid in cids
            for track in library.capsules[cid].tracks
            if track.target in known
        )
    )


@lru_cache(maxsize=1)
def _basis_names() -> frozenset[str]:
    return frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
