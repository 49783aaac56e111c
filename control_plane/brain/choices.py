"""Which of several fitting capsules is taken: by chance, but not the same one twice running."""

from collections.abc import Sequence

from capsules.model import Capsule, Layer
from control_plane.brain.palette import Palette
from control_plane.emotion.vad import distance
from engine.motion.chance import uniform
from engine.packet import Mood

__all__ = ["Choices"]

# So many gestures of a situation, the nearest to the emotion, are drawn from.
_APT = 4
# How near a gesture without an emotion of its own counts as.
_PLAIN_DISTANCE = 0.5


class Choices:
    """One session's choices. Deterministic from its seed and calls; not thread-safe."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._last: dict[Layer, str] = {}

    def drawn(self, layer: Layer, candidates: Sequence[Capsule], sequence: int) -> Capsule | None:
        """One of the candidates by chance, but not the layer's last one again."""
        last = self._last.get(layer)
        fresh = [item for item in candidates if item.cid != last] or candidates
        if not fresh:
            return None
        draw = uniform(self._seed, sequence, len(layer))
        chosen = fresh[int(draw * len(fresh))]
        self._last[layer] = chosen.cid
        return chosen

    def answer(
        self, palette: Palette, layer: Layer, tags: tuple[str, ...], target: Mood, sequence: int
    ) -> Capsule | None:
        """One of those nearest to `target` that answer to the first tag that is answered at all."""
        found = palette.answers(layer, tags)
        gaps = [_PLAIN_DISTANCE if at is None else distance(at, target) for _, at in found]
        apt = sorted(range(len(gaps)), key=gaps.__getitem__)[:_APT]
        return self.drawn(layer, [found[place][0] for place in apt], sequence)
