"""What a personality plays of a library: its capsules with their factors, and how it holds itself.

Found out as it is asked for, and shared by all sessions that have both: a thousand of them read
the same few hundred parts.
"""

from dataclasses import dataclass, field
from math import ceil
from weakref import WeakKeyDictionary

from capsules.library import Library
from capsules.model import CID_PREFIXES, Capsule, Layer
from control_plane.brain.palette import holds
from control_plane.brain.weights import LEVELS, MIN_WEIGHT, quantised
from control_plane.emotion.personality import Personality
from engine.packet import BlendEntry

__all__ = ["Part", "Repertoire", "layer_named", "repertoire_of"]

_LEAST_LEVEL = ceil(MIN_WEIGHT * LEVELS)
# A face that ends with its mouth corners this high smiles.
_SMILES_FROM = 0.1
_LAYERS = {prefix: layer for layer, prefix in CID_PREFIXES.items()}


def layer_named(cid: str) -> Layer:
    """The layer that a capsule's id names."""
    return _LAYERS[cid[:2]]


@dataclass(frozen=True, slots=True)
class Part:
    """A capsule as one personality plays it.

    Attributes:
        capsule: The capsule.
        factor: What the personality multiplies its weights with, [0, 4].
        holds: Whether the body keeps it until something replaces it.
        smiles: Whether it ends in a smile.
    """

    capsule: Capsule
    factor: float
    holds: bool
    smiles: bool
    _entries: dict[int, BlendEntry] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def scaled(self, weight: float) -> float:
        """A weight times the personality's factor, quantised."""
        return quantised(weight * self.factor)

    def entry(self, weight: float) -> BlendEntry | None:
        """It at a weight, scaled and quantised; None: too light to be worth its bytes.

        Shared: the same few come again and again in packets that are kept.
        """
        level = round(min(1.0, weight * self.factor) * LEVELS)
        if level < _LEAST_LEVEL:
            return None
        found = self._entries.get(level)
        if found is None:
            cid, layer = self.capsule.cid, self.capsule.layer
            found = self._entries[level] = BlendEntry(cid, level / LEVELS, layer)
        return found


class Repertoire:
    """One personality's; safe from any thread, for what is found out twice is the same.

    It does not keep the library alive, which is given again where something has to be found out.

    Attributes:
        personality: Whose it is.
        parts: What has been found out, by id.
    """

    def __init__(self, personality: Personality) -> None:
        self.personality = personality
        self.parts: dict[str, Part | None] = {}
        self._stances: dict[Layer, dict[str, float]] = {}

    def part(self, cid: str, library: Library) -> Part | None:
        """What is played for an id; None: nothing of the library stands in for it."""
        try:
            return self.parts[cid]
        except KeyError:
            found = library.resolve(cid)
            part = self.parts[cid] = None if found is None else self._made(found)
            return part

    def stance(self, layer: Layer, library: Library) -> dict[str, float]:
        """How the personality holds itself whatever it feels, as far as that may be played.

        The same one every time: not to be changed.
        """
        found = self._stances.get(layer)
        if found is None:
            prefix = CID_PREFIXES[layer]
            found = self._stances[layer] = {
                cid: weight
                for cid, weight in self.personality.stance.items()
                if cid.startswith(prefix)
                and (part := self.part(cid, library)) is not None
                and part.capsule.cid == cid
            }
        return found

    def _made(self, capsule: Capsule) -> Part:
        factors = self.personality.capsule_weights
        factor = factors.get(capsule.layer.value, 1.0) * factors.get(capsule.cid, 1.0)
        return Part(capsule, factor, holds(capsule), _ends_smiling(capsule))


def _ends_smiling(capsule: Capsule) -> bool:
    return any(
        track.target.startswith("mouthSmile") and track.curve[-1][1] > _SMILES_FROM
        for track in capsule.tracks
    )


# By library, then by the personality's identity, which the repertoire keeps.
_REPERTOIRES: WeakKeyDictionary[Library, dict[int, Repertoire]] = WeakKeyDictionary()


def repertoire_of(library: Library, personality: Personality) -> Repertoire:
    """The one that all sessions with this library and this personality share."""
    known = _REPERTOIRES.setdefault(library, {})
    found = known.get(id(personality))
    if found is None:
        found = known[id(personality)] = Repertoire(personality)
    return found
