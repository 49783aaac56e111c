"""Capsules with weights as entries of a packet: scaled by personality, cleared by neutrals."""

from collections.abc import Mapping

from capsules.library import Library
from capsules.model import Capsule, Layer
from control_plane.brain.palette import Palette, holds, palette_of
from control_plane.brain.repertoire import Part, Repertoire, repertoire_of
from control_plane.emotion.personality import Personality
from engine.packet import BlendEntry

__all__ = ["EntryWriter"]


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
        self.take(library)

    def take(self, library: Library) -> None:
        """Goes on with another state of the library."""
        self.library = library
        self.palette: Palette = palette_of(library)
        self._repertoire: Repertoire = repertoire_of(library, self._personality)

    def part(self, cid: str) -> Part | None:
        """What is played for an id; None: nothing stands in for it."""
        return self._repertoire.part(cid, self.library)

    def may_play(self, cid: str) -> bool:
        """Whether the capsule itself may play, and no other in its place."""
        found = self.part(cid)
        return found is not None and found.capsule.cid == cid

    def stance(self, layer: Layer) -> dict[str, float]:
        """How the personality holds itself whatever it feels, as far as that may be played.

        The same one every time: not to be changed.
        """
        return self._repertoire.stance(layer, self.library)

    def smiles(self, cid: str) -> bool:
        """Whether what plays for an id ends in a smile."""
        found = self.part(cid)
        return found is not None and found.smiles

    def write(
        self, layer: Layer, weights: Mapping[str, float], *, clearing: bool = True
    ) -> list[BlendEntry]:
        """Blend entries, scaled by personality.

        Args:
            layer: Their layer.
            weights: By cid.
            clearing: Whether nothing to show means that what is held has to go.
        """
        entries: list[BlendEntry] = []
        parts = self._repertoire.parts
        for cid, weight in weights.items():
            part = parts[cid] if cid in parts else self.part(cid)
            if part is not None and (entry := part.entry(weight)) is not None:
                entries.append(entry)
                if part.holds:
                    self.holding.add(layer)
        return self.cleared(layer) if clearing and not entries else entries

    def cleared(self, layer: Layer) -> list[BlendEntry]:
        """The layer's neutral, where the body holds something in it; else nothing."""
        rest = self.palette.rest(layer) if layer in self.holding else None
        if rest is None:
            return []
        self.holding.discard(layer)
        return [rest]

    def at_rest(self, layer: Layer) -> list[BlendEntry]:
        """The layer's neutral as the personality plays it; nothing where there is none."""
        neutral = self.palette.neutral(layer)
        return [] if neutral is None else self.write(layer, {neutral.cid: 1.0})

    def gesture(self, layer: Layer, capsule: Capsule | None, weight: float) -> list[BlendEntry]:
        """A gesture, and the layer's neutral where something held has to go for it."""
        if capsule is None:
            return self.cleared(layer)
        rest = [] if holds(capsule) else self.cleared(layer)
        return [*self.write(layer, {capsule.cid: weight}, clearing=False), *rest]
