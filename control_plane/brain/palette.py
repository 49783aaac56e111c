"""What a library offers a planner: emotions by place, gestures by tag. Made once, shared by all."""

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from capsules.index import VadIndex
from capsules.kernel import kernel
from capsules.library import Library
from capsules.model import Capsule, Emotion, Layer
from control_plane.emotion.vad import distance
from engine.packet import BlendEntry, Mood

__all__ = ["NEUTRAL_SUFFIX", "Answer", "Palette", "holds", "mood_of", "palette_of"]

NEUTRAL_SUFFIX = "_NEUTRAL"

# Layers that follow the emotion by themselves; camera, light and tempo move only when they are
# told to, by an expression.
_FELT_LAYERS = (Layer.FACE, Layer.HAND, Layer.BODY, Layer.VOICE)

# A blend this near to its target is wholly apt; one further away says less and less about it.
_APT_DISTANCE = 0.35
_INAPT_DISTANCE = 0.95
# Capsules shown at full weight are at least this strong, whatever their place says.
_MIN_STRENGTH = 0.2
# Faces that share the weight show clearly only what they have in common: three equal ones are
# shown half as strongly again, a single one as it is.
_MIXED_GAIN = 0.37
# A mood with this much valence is not shown by what pulls the other way by as much as that.
_CLEAR_VALENCE = 0.15
_DISCORD = -0.02
# Keeps the share of a capsule that lies exactly on the target finite.
_NEAREST = 0.001


Answer = tuple[Capsule, Mood | None]
"""A capsule, and its place in the cube where it has one."""


def mood_of(emotion: Emotion) -> Mood:
    """A capsule's or expression's emotion as a mood."""
    return Mood(emotion.valence, emotion.arousal, emotion.dominance)


def holds(capsule: Capsule) -> bool:
    """Whether the body keeps it until something replaces it."""
    return capsule.hold or capsule.loop


class Palette:
    """Immutable; safe to use from any thread. Knows no revoked capsule."""

    def __init__(self, library: Library) -> None:
        self._layers = {layer: library.layer(layer) for layer in Layer}
        self._moods = {
            item.cid: mood_of(item.emotion)
            for items in self._layers.values()
            for item in items
            if item.emotion is not None
        }
        self._felt = {layer: self._index(layer) for layer in _FELT_LAYERS}
        self.blend(Layer.FACE, Mood())  # which compiles its kernel, or loads it from numba's cache
        self._neutrals = {
            layer: item
            for layer, items in self._layers.items()
            for item in items
            if item.cid.endswith(NEUTRAL_SUFFIX)
        }
        self._rests = {
            layer: BlendEntry(item.cid, 1.0, layer) for layer, item in self._neutrals.items()
        }
        self._tagged: dict[tuple[Layer, str], tuple[Capsule, ...]] = {}
        self._accents: dict[tuple[str, ...], tuple[Capsule, ...]] = {}
        self._answers: dict[tuple[Layer, tuple[str, ...]], tuple[Answer, ...]] = {}

    def neutral(self, layer: Layer) -> Capsule | None:
        """The layer's neutral, where it has one."""
        return self._neutrals.get(layer)

    def rest(self, layer: Layer) -> BlendEntry | None:
        """The layer's neutral in full, where it has one."""
        return self._rests.get(layer)

    def blend(self, layer: Layer, target: Mood, k: int = 3) -> dict[str, float]:
        """What shows `target` on a layer, by cid, the heaviest first.

        The shares of the `k` nearest capsules, 1 / (distance + 0.001) normalised, without those
        that pull the other way in valence. Together they weigh as much as `target` is strong
        beside what they would show in full: a mild mood is shown mildly. Little is left where the
        nearest are far off. Faces weigh more the more evenly they share, up to 1.5 in all.
        """
        valence = target.valence
        index, places = self._felt[layer]
        near = index.ranked((valence, target.arousal, target.dominance), k)
        _weigh(near, places, valence, distance(target), _MIXED_GAIN if layer is Layer.FACE else 0.0)
        cids = index.cids
        return {cids[int(rank)]: weight for rank, weight in near.tolist() if weight >= 0.0}

    def _index(self, layer: Layer) -> tuple[VadIndex, NDArray[np.float64]]:
        """A layer's capsules with an emotion; of each, by rank, its valence and its strength."""
        index = VadIndex(
            item for item in self._layers[layer] if not item.cid.endswith(NEUTRAL_SUFFIX)
        )
        moods = [self._moods[cid] for cid in index.cids]
        places = [(mood.valence, distance(mood)) for mood in moods]
        return index, np.array(places, dtype=np.float64).reshape(-1, 2)

    def tagged(self, layer: Layer, tag: str) -> tuple[Capsule, ...]:
        """The layer's capsules that answer to a tag: by name, by subtype, then by context."""
        key = (layer, tag)
        found = self._tagged.get(key)
        if found is None:
            ranked = [(rank, item) for item in self._layers[layer] if (rank := _answers(item, tag))]
            found = tuple(item for _, item in sorted(ranked, key=lambda pair: pair[0]))
            self._tagged[key] = found
        return found

    def accents(self, tags: tuple[str, ...]) -> tuple[Capsule, ...]:
        """Faces that answer to any of the tags and play once, each once."""
        found = self._accents.get(tags)
        if found is None:
            answers = (item for tag in tags for item in self.tagged(Layer.FACE, tag))
            by_cid = {item.cid: item for item in answers if not holds(item)}
            found = self._accents[tags] = tuple(by_cid.values())
        return found

    def answers(self, layer: Layer, tags: tuple[str, ...]) -> tuple[Answer, ...]:
        """The layer's capsules that answer to the first tag that is answered at all."""
        key = (layer, tags)
        found = self._answers.get(key)
        if found is None:
            tagged = next((items for tag in tags if (items := self.tagged(layer, tag))), ())
            found = tuple((item, self._moods.get(item.cid)) for item in tagged)
            self._answers[key] = found
        return found


def _answers(capsule: Capsule, tag: str) -> int:
    """1 by name, 2 by subtype, 3 by context, 0 not at all."""
    name = capsule.cid.split("_", 1)[1].lower()
    if name == tag or name.startswith(f"{tag}_"):
        return 1
    if capsule.subtype == tag:
        return 2
    return 3 if tag in capsule.context else 0


@kernel
def _weigh(
    near: NDArray[np.float64],
    places: NDArray[np.float64],
    valence: float,
    strength: float,
    mixed_gain: float,
) -> None:  # pragma: no cover - compiled
    """Puts weights in place of the distances in `near` (k, 2); -1 for what is left out.

    Compiled, for it is asked two or three times an event: a blend takes half as long so.
    """
    apt = (
        1.0 - (near[0, 1] - _APT_DISTANCE) / (_INAPT_DISTANCE - _APT_DISTANCE) if len(near) else 0.0
    )
    clear = abs(valence) > _CLEAR_VALENCE
    total = shown = 0.0
    for slot in range(len(near)):
        place = places[int(near[slot, 0])]
        if clear and slot > 0 and place[0] * valence < _DISCORD:
            near[slot, 1] = -1.0
            continue
        share = 1.0 / (near[slot, 1] + _NEAREST)
        near[slot, 1] = share
        total += share
        shown += share * place[1]
    if total == 0.0:
        return
    weight = min(1.0, strength / max(_MIN_STRENGTH, shown / total)) * max(0.0, min(1.0, apt))
    even = 0.0
    for slot in range(len(near)):
        if near[slot, 1] >= 0.0:
            near[slot, 1] /= total
            even += near[slot, 1] * near[slot, 1]
    if mixed_gain:
        weight *= even**-mixed_gain
    for slot in range(len(near)):
        if near[slot, 1] >= 0.0:
            near[slot, 1] *= weight


_PALETTES: WeakKeyDictionary[Library, Palette] = WeakKeyDictionary()


def palette_of(library: Library) -> Palette:
    """The library's palette; made at the first call, some ms for thousands of capsules."""
    found = _PALETTES.get(library)
    if found is None:
        found = _PALETTES[library] = Palette(library)
    return found
