"""A profile while it is held: what begins with it, what comes again, how it wavers.

Everything follows from the seed, the profile and the times asked for.
"""

from dataclasses import dataclass

from capsules.library import Library
from capsules.model import Capsule, Layer
from capsules.profile import Profile, ProfileItem
from control_plane.brain.palette import holds
from control_plane.brain.weights import MIN_WEIGHT, quantised
from engine.clock import NS_PER_S
from engine.motion.chance import text_counter, uniform
from engine.packet import BlendEntry

__all__ = ["ProfilePlay"]

# The usual variation of a held weight, to either side, times the profile's noise; as the body's.
_VARIATION = 0.15
# Held weights move on about this often where there is noise at all; sooner, the more there is.
_WAVER_S = 2.4
# What comes again does so after 0.6 to 1.4 times its usual interval.
_EARLIEST = 0.6
_SPREAD = 0.8


@dataclass(slots=True)
class _Again:
    """An item that comes again: when next, and how often it has."""

    item: ProfileItem
    due_ns: int
    times: int = 0


class ProfilePlay:
    """One profile in one session. Not thread-safe.

    Args:
        library: Where its capsules come from.
        profile: What is held.
        weight: Strength in (0, 1].
        seed: Of all chance.
        now_ns: When it begins.
    """

    def __init__(
        self, library: Library, profile: Profile, weight: float, seed: int, now_ns: int
    ) -> None:
        self.profile = profile
        self.weight = weight
        self._library = library
        self._seed = seed
        self._wavers = 0
        self._counter = text_counter(profile.name)
        self._waver_ns = self._next_waver(now_ns)
        self._again = [
            _Again(item, now_ns + int(item.every_s * NS_PER_S * self._chance(position, 0)))
            for position, item in enumerate(profile.items)
            if item.every_s is not None
        ]

    @property
    def label(self) -> str:
        """What people read while it is held."""
        return self.profile.name.replace("_", " ")

    def take(self, library: Library) -> None:
        """Goes on with another state of the library."""
        self._library = library

    def begin(self) -> list[BlendEntry]:
        """What begins with it: held capsules, what plays once, and the tempo."""
        return [*self._begun(), *self._tempo()]

    def held(self, layer: Layer | None = None) -> list[BlendEntry]:
        """What it holds now, of one layer or of all, at the weights it wavers to."""
        return [
            BlendEntry(found.cid, quantised(weight * self._waver(found)), found.layer)
            for found, weight in self._found()
            if holds(found) and layer in (None, found.layer)
        ]

    def due(self, now_ns: int) -> list[BlendEntry]:
        """What has to be played by now: what comes again, and faces that waver."""
        blends: list[BlendEntry] = []
        for position, again in enumerate(self._again):
            if now_ns < again.due_ns or again.item.every_s is None:
                continue
            again.times += 1
            wait = _EARLIEST + _SPREAD * self._chance(position, again.times)
            again.due_ns = now_ns + int(again.item.every_s * NS_PER_S * wait)
            blends += self._entry(again.item)
        if now_ns >= self._waver_ns:
            self._wavers += 1
            self._waver_ns = self._next_waver(now_ns)
            blends += self.held(Layer.FACE)
        return blends

    def _found(self) -> list[tuple[Capsule, float]]:
        return [
            (found, self._weight(item))
            for item in self.profile.items
            if item.every_s is None
            and item.weight > 0.0
            and (found := self._library.resolve(item.cid)) is not None
        ]

    def _begun(self) -> list[BlendEntry]:
        return [
            BlendEntry(found.cid, quantised(weight), found.layer) for found, weight in self._found()
        ]

    def _entry(self, item: ProfileItem) -> list[BlendEntry]:
        found = self._library.resolve(item.cid)
        if found is None:
            return []
        return [BlendEntry(found.cid, quantised(self._weight(item)), found.layer)]

    def _weight(self, item: ProfileItem) -> float:
        """Its weight, however faintly the profile is played."""
        return max(MIN_WEIGHT, item.weight * self.weight)

    def _tempo(self) -> list[BlendEntry]:
        """The tempo capsule that comes to the profile's tempo at the greatest weight up to 1."""
        wanted = self.profile.tempo - 1.0
        reach = [
            (found, share)
            for found in self._library.layer(Layer.TEMPO)
            for track in found.tracks
            if track.target == "tempo.rate" and (at_full := track.curve[-1][1])
            if 0.0 < (share := wanted / at_full) <= 1.0
        ]
        if not reach:
            return []
        found, share = max(reach, key=lambda pair: (pair[1], pair[0].cid))
        weight = quantised(share)
        return [BlendEntry(found.cid, weight, Layer.TEMPO)] if weight >= MIN_WEIGHT else []

    def _waver(self, found: Capsule) -> float:
        if not self._wavers:
            return 1.0
        drawn = uniform(self._seed, self._counter, text_counter(found.cid), self._wavers)
        return 1.0 + _VARIATION * self.profile.noise * (2.0 * drawn - 1.0)

    def _next_waver(self, now_ns: int) -> int:
        noise = self.profile.noise
        if noise <= 0.0:
            return 2**63
        wait_s = _WAVER_S / max(1.0, noise) * (_EARLIEST + _SPREAD * self._chance(-1, self._wavers))
        return now_ns + int(wait_s * NS_PER_S)

    def _chance(self, position: int, times: int) -> float:
        return uniform(self._seed, self._counter, position, times)
