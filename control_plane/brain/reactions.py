"""A personality's own answers: what it shows at an insult, a joke, sad news, and for how long.

An answer lies over what is felt: what plays once of it is played as the event comes, what holds
is held beside the mood's face for its time, and through the words that are said meanwhile. Then
it ebbs, for faces come sooner than they go. The stance steps back as far as the answer says.
"""

from collections.abc import Mapping
from types import MappingProxyType

from capsules.model import Capsule, Layer
from control_plane.brain.entries import EntryWriter
from control_plane.brain.repertoire import layer_named
from control_plane.emotion.personality import Reaction
from engine.clock import NS_PER_MS, NS_PER_S
from engine.packet import BlendEntry, Mood

__all__ = ["Reacting"]

# What is said at once is one event with what it answers, as for the body.
_AT_ONCE_NS = 50 * NS_PER_MS
_EBB_NS = 1_400 * NS_PER_MS
# A face that smiles whatever is felt is left where what is felt is as bad as this.
_SMILE_LEFT_AT = -0.4
_NOTHING: Mapping[str, float] = MappingProxyType({})


class Reacting:
    """One session's answer of the moment, if there is one. Not thread-safe.

    Args:
        writer: Writes the entries, and knows the stance.
    """

    def __init__(self, writer: EntryWriter) -> None:
        self._writer = writer
        self._reaction: Reaction | None = None
        self._began_ns = self._until_ns = 0
        self._left = 1.0
        # What it shows, by layer and cid, as far as anything is played for that.
        self._once: dict[Layer, dict[str, float]] = {}
        self._holds: dict[Layer, dict[str, float]] = {}

    @property
    def on(self) -> bool:
        """Whether an answer is shown."""
        return self._reaction is not None

    @property
    def still(self) -> bool:
        """Whether the hands stay where they are for it, but for a gesture of its own."""
        return self._reaction is not None and self._reaction.still

    def turn(self, reaction: Reaction | None, now_ns: int, *, speaking: bool) -> None:
        """An event is answered.

        Args:
            reaction: The answer of its own that the event has; None: it has none.
            now_ns: The time.
            speaking: Whether something is said, which leaves an answer as it is.
        """
        if reaction is not None:
            self._reaction, self._began_ns = reaction, now_ns
            self._until_ns = now_ns + int(reaction.lasts_s * NS_PER_S)
            self._left = 1.0
            self.take()
        elif not speaking or self.is_over(now_ns):
            self._reaction = None

    def end(self) -> None:
        """Shows it no more."""
        self._reaction = None

    def is_over(self, now_ns: int) -> bool:
        """Whether an answer has had its time."""
        return self._reaction is not None and now_ns >= self._until_ns

    def ebb(self, now_ns: int) -> bool:
        """Lets an answer that has had its time go by and by; whether there is less of it now."""
        if self._reaction is None or now_ns < self._until_ns:
            return False
        self._left = max(0.0, 1.0 - (now_ns - self._until_ns) / _EBB_NS)
        if self._left == 0.0:
            self._reaction = None
        return True

    def take(self) -> None:
        """Finds out what of it plays once and what holds, in another library too."""
        self._once, self._holds = {}, {}
        shows = {} if self._reaction is None else self._reaction.shows
        for cid, weight in shows.items():
            part = self._writer.part(cid)
            if part is not None:
                found = self._holds if part.holds else self._once
                found.setdefault(layer_named(cid), {})[cid] = weight

    def held(self, layer: Layer) -> Mapping[str, float]:
        """What of it is held on a layer, by cid; not to be changed."""
        if self._reaction is None:
            return _NOTHING
        found = self._holds.get(layer, _NOTHING)
        if self._left == 1.0:
            return found
        return {cid: weight * self._left for cid, weight in found.items()}

    def accents(self, now_ns: int, factor: float = 1.0) -> list[BlendEntry] | None:
        """What of it a face plays once; None where its beginning is over, or there is none."""
        if not self._begins(now_ns):
            return None
        found = self._once.get(Layer.FACE, _NOTHING)
        once = {cid: weight * factor for cid, weight in found.items()}
        return self._writer.write(Layer.FACE, once, clearing=False)

    def once(self, layer: Layer, now_ns: int) -> tuple[Capsule, float] | None:
        """The gesture of hands or body that begins it, with its weight."""
        if self._begins(now_ns):
            for cid, weight in self._once.get(layer, _NOTHING).items():
                if (part := self._writer.part(cid)) is not None:
                    return part.capsule, weight
        return None

    def pause_ms(self, now_ns: int) -> int | None:
        """How long words that come with its beginning wait; None: as always."""
        return self._reaction.pause_ms if self._reaction and self._begins(now_ns) else None

    def stance(self, felt: Mood) -> Mapping[str, float]:
        """The faces of the stance, as far as the answer and what is felt leave them.

        Not to be changed.
        """
        faces = self._writer.stance(Layer.FACE)
        share = 1.0
        if self._reaction is not None:
            share -= (1.0 - self._reaction.stance) * self._left
        glad = 1.0
        if felt.valence < 0.0:
            glad -= min(1.0, felt.valence / _SMILE_LEFT_AT)
        if share == glad == 1.0:
            return faces
        return {
            cid: weight * share * (glad if self._writer.smiles(cid) else 1.0)
            for cid, weight in faces.items()
        }

    def _begins(self, now_ns: int) -> bool:
        return self._reaction is not None and now_ns - self._began_ns < _AT_ONCE_NS
