"""Lips: the mouth shapes of placed speech as weights of face bases.

Each viseme's influence rises and falls along a half cosine 60 ms wide about its boundaries, so
neighbours run into each other and all influences sum to 1. Shapes that the ear misses at once when
the eye does (closed lips of p, b, m; teeth on lip of f, v) dominate their neighbours, after Cohen
and Massaro, "Modeling Coarticulation in Synthetic Visual Speech", 1993. The jaw is heavier than
the lips: it takes 130 ms from shape to shape and so undershoots short vowels, but for closed lips,
which it always reaches.

While speech runs, it has the mouth: a feeling's smile or frown stays in part, its lip presses and
open jaws give way. A mouth that frowns does not smile for its vowels, and one that smiles already
bares no more teeth for its consonants.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from capsules.arkit import ARKIT_BLENDSHAPES, VISEMES
from engine.motion.curves import smooth
from engine.motion.loudness import Loudness
from engine.motion.plans import target_index, target_table
from engine.voice.port import Speech

__all__ = ["MOUTH_TARGETS", "Lips"]

MOUTH_TARGETS: tuple[str, ...] = tuple(
    name for name in ARKIT_BLENDSHAPES if name.startswith(("cheekPuff", "jaw", "mouth", "tongue"))
)
"""What speech moves: face bases."""

_BLEND_MS = 60.0
_JAW_BLEND_MS = 130.0
_RISE_MS = 80.0  # how long before the first sound the mouth begins to leave the feeling's shape
_RETURN_MS = 220.0
_CLOSE_MS = 70.0
_KEPT_MS = 1000.0  # what ended longer ago is forgotten
_SIL = VISEMES.index("sil")
_DOMINANCE = tuple({"sil": 0.8, "PP": 3.0, "FF": 2.2}.get(name, 1.0) for name in VISEMES)
_CLOSURES = frozenset(VISEMES.index(name) for name in ("PP", "FF"))
# How much of a feeling's shape stays while speech runs, by the beginning of the name.
_KEPT = (
    ("mouthSmile", 0.5),
    ("mouthFrown", 0.75),
    ("mouthDimple", 0.5),
    ("mouthStretch", 0.35),
    ("mouthUpperUp", 0.3),
    ("mouthLowerDown", 0.2),
    ("mouthLeft", 0.6),
    ("mouthRight", 0.6),
    ("mouthShrug", 0.2),
    ("jawForward", 0.5),
    ("jawLeft", 0.5),
    ("jawRight", 0.5),
)
_HAIR, _HAIR_TO_APART = 0.02, 0.08  # an open jaw below the first does not part the lips
_SIDES = ("Left", "Right")
_BARED = tuple(f"{name}{side}" for name in ("mouthUpperUp", "mouthLowerDown") for side in _SIDES)
# How much of a shape's lip raising a full smile takes off, and of its smile a full frown.
_BARED_LESS = 0.45
_SMILED_LESS = 1.6


class _Timeline:
    """Mouth shapes with the times at which they begin, ms of the session."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.shapes: list[int] = []
        self.spans: list[tuple[float, float]] = []

    def place(self, speech: Speech, onset_ms: float) -> None:
        """Adds a piece of speech; what it overlaps of an earlier one is cut off."""
        end_ms = onset_ms + speech.duration_ms
        if speech.visemes:
            last = speech.visemes[-1]
            end_ms = max(end_ms, onset_ms + last.start_ms + last.duration_ms)
        keep = bisect_left(self.starts, onset_ms)
        del self.starts[keep:], self.shapes[keep:]
        self.spans = [(start, min(end, onset_ms)) for start, end in self.spans if start < onset_ms]
        self.starts += [onset_ms + item.start_ms for item in speech.visemes]
        self.shapes += [item.viseme for item in speech.visemes]
        self.starts.append(end_ms)
        self.shapes.append(_SIL)
        self.spans.append((onset_ms, end_ms))

    def drop_before(self, time_ms: float) -> None:
        """Forgets what no frame from `time_ms` on needs."""
        past = bisect_left(self.starts, time_ms) - 1
        if past > 64:
            del self.starts[:past], self.shapes[:past]
        if self.spans and self.spans[0][1] < time_ms:
            self.spans = [span for span in self.spans if span[1] >= time_ms]

    def influences(self, time_ms: float, blend_ms: float) -> list[tuple[int, float]]:
        """Visemes with their influence, summing to 1; empty where nothing is near.

        Args:
            time_ms: The time.
            blend_ms: How long one shape takes to give way to the next.
        """
        half = 0.5 * blend_ms
        starts = self.starts
        first = bisect_right(starts, time_ms - half) - 1
        last = bisect_left(starts, time_ms + half)
        found: list[tuple[int, float]] = []
        total = 0.0
        risen = 1.0
        for index in range(first, last):
            begins = starts[index + 1] if index + 1 < len(starts) else float("inf")
            following = smooth((time_ms - begins + half) / blend_ms)
            shape = self.shapes[index] if index >= 0 else _SIL
            share = (risen - following) * _DOMINANCE[shape]
            if share > 0.0:
                found.append((shape, share))
                total += share
            risen = following
        return [(shape, share / total) for shape, share in found]

    def presence(self, time_ms: float) -> float:
        """How much of the mouth is speech's, [0, 1]."""
        return max(
            (
                smooth((time_ms - start + _RISE_MS) / _RISE_MS)
                * (1.0 - smooth((time_ms - end) / _RETURN_MS))
                for start, end in self.spans
            ),
            default=0.0,
        )


class Lips:
    """The mouth while it speaks. Times are ms of the session and never go back.

    Args:
        viseme_weights: For each viseme, the weights of face bases.
        offset_ms: How much later than the sound the lips move; the constant that puts them
            together at the viewer.
    """

    def __init__(
        self, viseme_weights: Mapping[str, Mapping[str, float]], offset_ms: float = 0.0
    ) -> None:
        index = target_index()
        self._offset_ms = offset_ms
        self._weights = tuple(
            tuple((index[name], weight) for name, weight in viseme_weights.get(shape, {}).items())
            for shape in VISEMES
        )
        self._jaw = index["jawOpen"]
        self._jaws = tuple(viseme_weights.get(shape, {}).get("jawOpen", 0.0) for shape in VISEMES)
        self._smiles = tuple(
            (index[f"mouthSmile{side}"], index[f"mouthFrown{side}"]) for side in _SIDES
        )
        self._bared = tuple(index[name] for name in _BARED)
        named = {place for weights in self._weights for place, _ in weights}
        self.targets: tuple[int, ...] = tuple(
            sorted(named | {index[name] for name in MOUTH_TARGETS})
        )
        """Positions of the targets that speech moves, in `target_table`."""
        self._kept = [_kept(target_table()[place].name) for place in self.targets]
        self._shape = [0.0] * len(target_table())
        self._timeline = _Timeline()
        self._loudness = Loudness()
        self._cut: _Timeline | None = None
        self._cut_ms = 0.0

    def begin(
        self, speech: Speech, onset_ms: float, now_ms: float, *, by_loudness: bool = False
    ) -> None:
        """Places speech. What is long over is forgotten.

        Args:
            speech: The speech.
            onset_ms: When its sound starts.
            now_ms: The time.
            by_loudness: Whether the jaw follows its loudness, instead of the mouth its shapes.
        """
        self._timeline.drop_before(now_ms - _KEPT_MS)
        self._loudness.drop_before(now_ms - _KEPT_MS)
        if by_loudness:
            self._loudness.place(speech, onset_ms + self._offset_ms)
            speech = replace(speech, visemes=())
        self._timeline.place(speech, onset_ms + self._offset_ms)

    def cut(self, now_ms: float) -> None:
        """Ends all speech: the mouth closes at once, within 70 ms."""
        if self._timeline.presence(now_ms) > 0.0:
            self._cut, self._cut_ms = self._timeline, now_ms
        self._loudness.cut(now_ms)
        self._timeline = _Timeline()

    def presence(self, now_ms: float) -> float:
        """How much of the mouth is speech's now, [0, 1]."""
        return max(self._timeline.presence(now_ms), self._cut_presence(now_ms))

    def blend(self, now_ms: float, values: Sequence[float]) -> list[float]:
        """The mouth's values: speech laid over what feelings make of it.

        Args:
            now_ms: The time.
            values: One a target, in table order.

        Returns:
            One for each of `targets`.
        """
        presence = self.presence(now_ms)
        if presence <= 0.0:
            self._timeline.drop_before(now_ms - _KEPT_MS)
            return [self._felt(place, values) for place in self.targets]
        shape = self._shaped(now_ms)
        self._temper(shape, values)
        found: list[float] = []
        for place, kept in zip(self.targets, self._kept, strict=True):
            feeling = self._felt(place, values)
            spoken = min(1.0, feeling * kept + shape[place])
            found.append(feeling + presence * (spoken - feeling))
        return found

    def _felt(self, place: int, values: Sequence[float]) -> float:
        """What a feeling makes of a target; lips are shut or apart, never by a hair."""
        value = values[place]
        return value * smooth((value - _HAIR) / _HAIR_TO_APART) if place == self._jaw else value

    def _shaped(self, now_ms: float) -> list[float]:
        shape = self._shape
        for place in self.targets:
            shape[place] = 0.0
        self._timeline.drop_before(now_ms - _KEPT_MS)
        self._add(self._timeline, now_ms, 1.0)
        if self._cut is not None:
            gain = 1.0 - smooth((now_ms - self._cut_ms) / _CLOSE_MS)
            if gain > 0.0:
                self._add(self._cut, now_ms, gain)
        shape[self._jaw] += self._loudness.jaw(now_ms)
        return shape

    def _add(self, timeline: _Timeline, now_ms: float, gain: float) -> None:
        closed = jaw = 0.0
        for viseme, influence in timeline.influences(now_ms, _BLEND_MS):
            for place, weight in self._weights[viseme]:
                if place != self._jaw:
                    self._shape[place] += weight * influence * gain
            jaw += self._jaws[viseme] * influence
            closed += influence if viseme in _CLOSURES else 0.0
        heavy = sum(
            self._jaws[viseme] * influence
            for viseme, influence in timeline.influences(now_ms, _JAW_BLEND_MS)
        )
        self._shape[self._jaw] += (heavy + closed * (jaw - heavy)) * gain

    def _temper(self, shape: list[float], values: Sequence[float]) -> None:
        smiles = 0.0
        for smile, frown in self._smiles:
            shape[smile] *= max(0.0, 1.0 - _SMILED_LESS * values[frown])
            smiles += 0.5 * values[smile]
        for place in self._bared:
            shape[place] *= 1.0 - _BARED_LESS * min(1.0, max(0.0, smiles))

    def _cut_presence(self, now_ms: float) -> float:
        if self._cut is None:
            return 0.0
        away = smooth((now_ms - self._cut_ms - _CLOSE_MS) / _RETURN_MS)
        if away >= 1.0:
            self._cut = None
            return 0.0
        return self._cut.presence(self._cut_ms) * (1.0 - away)


def _kept(name: str) -> float:
    return next((share for start, share in _KEPT if name.startswith(start)), 0.0)
