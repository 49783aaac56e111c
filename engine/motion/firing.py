"""What a packet's blends come to: which capsules play, how strongly, and from when.

A missing capsule gives way to its fallback, then to the neutral of its layer. A capsule may fail
by its probability, but neither the packet's first visible one, for an event is always answered, nor
a gesture asked for in full, without which a strong feeling would look stiff.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from capsules.library import Library
from capsules.micro.generator import is_micro_cid
from capsules.model import CID_PREFIXES, BlendMode, Capsule, Layer
from engine.motion.chance import uniform
from engine.motion.leadlag import Start, starts
from engine.motion.plans import CapsulePlan, plan
from engine.motion.plays import MIN_WEIGHT
from engine.packet import BlendEntry, IdPacket

__all__ = ["MAX_LEARNED", "BlendReader", "Firing", "Part"]

MAX_LEARNED = 32
"""How many capsules that are not the library's a reader keeps."""

# So many capsules are kept ready to play, the last that were asked for first.
_MAX_PLANS = 2048
# All bodies of a library play the same capsules.
_PLANS: WeakKeyDictionary[Library, dict[str, CapsulePlan]] = WeakKeyDictionary()

_VARIATION = 0.15
_IN_FULL = 0.85
_VARIED = frozenset({Layer.FACE, Layer.HAND, Layer.BODY, Layer.VOICE})
_UNSEEN = frozenset({Layer.VOICE, Layer.TEMPO})

Part = tuple[CapsulePlan, float]
"""A plain capsule of what is asked for, with its weight in it."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A blend entry on its way to play.

    Attributes:
        cid: The capsule.
        layer: Its layer.
        holds: Whether it stays until replaced.
        parts: The plain capsules it consists of, each with its weight.
        start: When it starts.
        pace: Factor on the speed of its curves, [0.87, 1.18]; in a packet that varies more than
            usual, up to [0.69, 1.82].
        strength: Factor on its weight, [0.85, 1.15]; likewise up to [0.55, 1.45].
    """

    cid: str
    layer: Layer
    holds: bool
    parts: tuple[tuple[CapsulePlan, float], ...]
    start: Start
    pace: float
    strength: float


class BlendReader:
    """Makes packets' blends ready to play.

    Args:
        library: Where capsules come from.
        seed: Of all chance.
        lead_ms: How long speech waits after its packet.
        varied: Whether chance has a say in what plays, how strongly and how fast.
    """

    def __init__(self, library: Library, seed: int, lead_ms: float, *, varied: bool = True) -> None:
        self._is_varied = varied
        self._library = library
        self._seed = seed
        self._lead_ms = lead_ms
        self._plans = _PLANS.setdefault(library, {})
        self._own_plans: dict[str, CapsulePlan] = {}
        self._learned: dict[str, Capsule] = {}

    def firings(self, packet: IdPacket) -> list[Firing]:
        """What the packet plays, in its order."""
        asked = [
            (found, min(1.0, entry.weight))
            for entry in packet.blends
            if entry.weight >= MIN_WEIGHT and (found := self._resolve(entry)) is not None
        ]
        if not any(found.layer is Layer.VOICE for found, _ in asked):
            asked += self._synced_voices(asked)
        timed = starts([found for found, _ in asked], packet, self._lead_ms)
        first = _first_visible([found for found, _ in asked], timed)
        return [
            self._firing(found, weight, start, packet)
            for position, ((found, weight), start) in enumerate(zip(asked, timed, strict=True))
            if position == first or _is_due(found, weight) or self._happens(found, packet)
        ]

    def learn(self, capsule: Capsule) -> None:
        """Takes a capsule with tracks that the library has not, or has otherwise.

        The oldest of more than `MAX_LEARNED` is forgotten.
        """
        self._learned.pop(capsule.cid, None)
        self._learned[capsule.cid] = capsule
        self._own_plans.pop(capsule.cid, None)
        if len(self._learned) > MAX_LEARNED:
            oldest = next(iter(self._learned))
            del self._learned[oldest]
            self._own_plans.pop(oldest, None)

    def take(self, library: Library) -> None:
        """Takes another state of the same library, in which other capsules may be played."""
        self._library = library
        self._plans = _PLANS.setdefault(library, {})
        for cid in [cid for cid in self._learned if not library.allows(cid)]:
            del self._learned[cid]
            self._own_plans.pop(cid, None)

    def may_play(self, cid: str) -> bool:
        """Whether the capsule itself plays where it is asked for, and no other in its place."""
        if cid in self._learned:
            return True
        found = self._library.resolve(cid)
        return found is not None and found.cid == cid

    def stand_in(self, cid: str) -> tuple[str, list[Part]] | None:
        """What plays in the place of a capsule: its id and parts; None: nothing does."""
        found = self._library.resolve(cid)
        return None if found is None else (found.cid, self._parts(found))

    def _resolve(self, entry: BlendEntry) -> Capsule | None:
        found = self._learned.get(entry.cid)
        found = found or self._library.resolve(entry.cid, entry.fallback_cid)
        if found is None and is_micro_cid(entry.cid):
            return None  # a neutral would take away the face that it was to play on top of
        return found or self._library.resolve(f"{CID_PREFIXES[entry.layer]}_NEUTRAL")

    def _synced_voices(self, asked: list[tuple[Capsule, float]]) -> list[tuple[Capsule, float]]:
        """The voices that go with the faces, for a packet that names none; plain by default."""
        faces = [item for item in asked if item[0].layer is Layer.FACE]
        voices: dict[str, tuple[Capsule, float]] = {}
        for found, weight in faces:
            sync = found.voice_sync
            voice = None if sync is None else self._library.resolve(sync.voice_cid)
            if sync is None or voice is None:
                continue
            before = voices[voice.cid][1] if voice.cid in voices else 0.0
            voices[voice.cid] = (voice, min(1.0, before + weight * sync.weight_multiplier))
        plain = self._library.resolve("VC_NEUTRAL")
        if not voices and plain is not None and any(self._plan(face).holds for face, _ in faces):
            return [(plain, 1.0)]
        return list(voices.values())

    def _happens(self, capsule: Capsule, packet: IdPacket) -> bool:
        if not self._is_varied:
            return True
        counter = self._plan(capsule).counter
        return uniform(self._seed, packet.sequence, counter, 0) < capsule.trigger.probability

    def _firing(self, capsule: Capsule, weight: float, start: Start, packet: IdPacket) -> Firing:
        whole = self._plan(capsule)
        varies = self._is_varied and capsule.layer in _VARIED
        return Firing(
            cid=capsule.cid,
            layer=capsule.layer,
            holds=whole.holds,
            parts=tuple((part, weight * share) for part, share in self._parts(capsule)),
            start=start,
            pace=1.0 / self._varied(packet, whole.counter, 1) if varies else 1.0,
            strength=self._varied(packet, whole.counter, 2) if varies else 1.0,
        )

    def _parts(self, capsule: Capsule) -> list[Part]:
        """The plain capsules that it consists of; under a clip that replaces, its fallback too.

        A frame of a clip that is not there yet shows what lies under it.
        """
        plain = self._library.flatten(capsule.cid) if capsule.components else ((capsule, 1.0),)
        parts: list[Part] = []
        for part, share in plain:
            parts.append((self._plan(part), share))
            if part.clip is not None and part.blend_mode is BlendMode.OVERRIDE:
                parts += self._under(part, share)
        return parts

    def _under(self, capsule: Capsule, share: float) -> list[Part]:
        """The curves of a capsule's fallback."""
        found = self._library.resolve(capsule.fallback_cid or "")
        if found is None:
            return []
        plain = self._library.flatten(found.cid)
        return [(self._plan(part), share * own) for part, own in plain if part.tracks]

    def _varied(self, packet: IdPacket, *counters: int) -> float:
        drawn = uniform(self._seed, packet.sequence, *counters)
        return 1.0 + packet.variation * _VARIATION * (2.0 * drawn - 1.0)

    def _plan(self, capsule: Capsule) -> CapsulePlan:
        plans = self._own_plans if capsule.cid in self._learned else self._plans
        found = plans.get(capsule.cid)
        if found is None:
            clip = self._library.clips.get(capsule.cid) if capsule.clip else None
            found = plans[capsule.cid] = plan(capsule, clip)
            if len(plans) > _MAX_PLANS:
                del plans[next(iter(plans))]
        return found


def _is_due(capsule: Capsule, weight: float) -> bool:
    return capsule.layer is Layer.HAND and weight >= _IN_FULL


def _first_visible(capsules: Sequence[Capsule], timed: Sequence[Start]) -> int:
    """Position of the packet's first reaction: the earliest that shows; -1 where none does."""
    order = [
        (start.offset_ms, position)
        for position, (capsule, start) in enumerate(zip(capsules, timed, strict=True))
        if capsule.layer not in _UNSEEN
    ]
    return min(order)[1] if order else -1
