"""Capsules with weights as entries of a packet: scaled by personality, cleared by neutrals."""

from functools import lru_cache

from capsules.library import Library
from capsules.model import CID_PREFIXES, Capsule, Layer
from control_plane.brain.palette import Palette, holds, palette_of
from control_plane.brain.weights import MIN_WEIGHT, quantised
from control_plane.emotion.personality import Personality
from engine.packet import BlendEntry

__all__ = ["EntryWriter"]

_KEPT_ENTRIES = 4096


class EntryWriter:
    """Writes one session's entries and knows which layers the body holds something in.

    Args:
        library: What may be played.
        personality: Whose factors and stance count.

    Attributes:
        library: What may be played.
        palette: What it offers.
        holding: Layers in which the body holds something that has to be cleared some time.
    """

    def __init__(self, library: Library, personality: Personality) -> None:
        self._personality = personality
        self.holding: set[Layer] = set()
        self._factors: dict[str, float] = {}
        self.take(library)

    def take(self, library: Library) -> None:
        """Goes on with another state of the library."""
        self.library = library
        self.palette: Palette = palette_of(library)
        # What was found out about the library, which never changes.
        self._resolved: dict[str, Capsule | None] = {}
        self._stances: dict[Layer, dict[str, float]] = {}

    def may_play(self, cid: str) -> bool:
        """Whether the capsule itself may play, and no other in its place."""
        found = self.resolve(cid)
        return found is not None and found.cid == cid

    def resolve(self, cid: str) -> Capsule | None:
        """The capsule to play for `cid`; see `capsules.library.Library.resolve`."""
        if cid not in self._resolved:
            self._resolved[cid] = self.library.resolve(cid)
        return self._resolved[cid]

    def scaled(self, capsule: Capsule, weight: float) -> float:
        """A weight times the personality's factors, quantised."""
        factor = self._factors.get(capsule.cid)
        if factor is None:
            factors = self._personality.capsule_weights
            factor = factors.get(capsule.layer.value, 1.0) * factors.get(capsule.cid, 1.0)
            self._factors[capsule.cid] = factor
        return quantised(weight * factor)

    def stance(self, layer: Layer) -> dict[str, float]:
        """How the personality holds itself whatever it feels, as far as that may be played.

        The same one every time: not to be changed.
        """
        found = self._stances.get(layer)
        if found is None:
            prefix = CID_PREFIXES[layer]
            found = self._stances[layer] = {
                cid: weight
                for cid, weight in self._personality.stance.items()
                if cid.startswith(prefix) and self.may_play(cid)
            }
        return found

    def write(
        self, layer: Layer, weights: dict[str, float], *, clearing: bool = True
    ) -> list[BlendEntry]:
        """Blend entries, scaled by personality.

        Args:
            layer: Their layer.
            weights: By cid; "" stands for the neutral.
            clearing: Whether nothing to show means that what is held has to go.
        """
        entries: list[BlendEntry] = []
        for cid, weight in weights.items():
            capsule = self.resolve(cid) if cid else self.palette.neutral(layer)
            if capsule is None:
                continue
            scaled = self.scaled(capsule, weight)
            if scaled >= MIN_WEIGHT:
                entries.append(_entry(capsule.cid, scaled, layer))
                if holds(capsule):
                    self.holding.add(layer)
        neutral = self.palette.neutral(layer)
        if not entries and clearing and layer in self.holding and neutral is not None:
            self.holding.discard(layer)
            entries.append(_entry(neutral.cid, 1.0, layer))
        return entries

    def gesture(self, layer: Layer, capsule: Capsule | None, weight: float) -> list[BlendEntry]:
        """A gesture, and the layer's neutral where something held has to go for it."""
        if capsule is None:
            return self.write(layer, {})
        clears = layer in self.holding and not holds(capsule)
        rest = self.write(layer, {}) if clears else []
        return [*self.write(layer, {capsule.cid: weight}, clearing=False), *rest]


@lru_cache(_KEPT_ENTRIES)
def _entry(cid: str, weight: float, layer: Layer) -> BlendEntry:
    """Shared: the same few come again and again in packets that are kept; weights are quantised."""
    return BlendEntry(cid, weight, layer)
