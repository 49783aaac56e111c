"""From one value a target to what a draw list is made of, and to the voice."""

from capsules.targets import HAND_PARTS, TargetKind
from compositor.drawlist import Camera, Light, PartTransform
from compositor.light import combined, directional
from engine.motion.plans import target_index, target_table
from engine.voice.port import VoiceDelta

__all__ = ["TargetLayout"]

_LEAST_WEIGHT = 1e-3
_DIGITS = 4


class TargetLayout:
    """Where in a list of all targets each part of a draw list lies.

    Args:
        has_basis: Bases of the avatar; others are not drawn, nor are hands without any.
        rest: Where the camera rests.

    Attributes:
        tempo: Place of the tempo.
        head: Places of the head's yaw and pitch.
        lids: Places of the lids.
        wide: Places of what opens the eyes wide.
    """

    def __init__(self, has_basis: frozenset[str], rest: Camera) -> None:
        self._rest = rest
        table, index = target_table(), target_index()
        self._ranges = tuple((item.minimum, item.maximum) for item in table)
        self._bases = tuple(
            sorted(
                (item.name, place)
                for place, item in enumerate(table)
                if item.kind in (TargetKind.BASIS, TargetKind.LOOK) and item.name in has_basis
            )
        )
        self._hands = tuple(
            (part, tuple(index[f"{part}.{axis}"] for axis in ("x", "y", "rotate", "scale")))
            for part in sorted(HAND_PARTS)
            if any(name.startswith(part) for name in has_basis)
        )
        self._camera = tuple(index[f"camera.{axis}"] for axis in ("x", "y", "zoom", "roll"))
        self._key = tuple(index[f"light.{name}"] for name in ("key_x", "key_y", "key"))
        self._grade = tuple(
            index[f"light.{name}"] for name in ("exposure", "temperature", "contrast")
        )
        self._voice = tuple(
            (item.name.removeprefix("voice."), place)
            for place, item in enumerate(table)
            if item.kind is TargetKind.VOICE
        )
        self.tempo = index["tempo.rate"]
        self.head = (index["headYaw"], index["headPitch"])
        self.lids = (index["eyeBlinkLeft"], index["eyeBlinkRight"])
        self.wide = (index["eyeWideLeft"], index["eyeWideRight"])

    def clamp(self, values: list[float]) -> None:
        """Keeps every value inside its target's range."""
        for index, (minimum, maximum) in enumerate(self._ranges):
            value = values[index]
            if value < minimum:
                values[index] = minimum
            elif value > maximum:
                values[index] = maximum

    def weights(self, values: list[float]) -> tuple[tuple[str, float], ...]:
        """Bases sorted by name, without those that do not show."""
        return tuple(
            (name, round(value, _DIGITS))
            for name, place in self._bases
            if (value := values[place]) >= _LEAST_WEIGHT or value <= -_LEAST_WEIGHT
        )

    def transforms(self, values: list[float]) -> tuple[PartTransform, ...]:
        """Hands that are not at rest."""
        moves = (
            PartTransform(part, *(_rounded(values[place]) for place in places))
            for part, places in self._hands
        )
        return tuple(move for move in moves if move != PartTransform(move.part))

    def camera(self, values: list[float]) -> Camera:
        """The camera, moved from where it rests."""
        x, y, zoom, roll = (values[place] for place in self._camera)
        rest = self._rest
        # A move is one of the picture's, however near the camera stands.
        return Camera(
            _rounded(rest.x + x / rest.zoom),
            _rounded(rest.y + y / rest.zoom),
            _rounded(rest.zoom * zoom),
            _rounded(rest.roll + roll),
        )

    def light(self, values: list[float], surrounding: tuple[float, ...]) -> Light:
        """The light."""
        key = (_rounded(values[place]) for place in self._key)
        sh = combined(directional(*key), surrounding)
        return Light(sh, *(_rounded(values[place]) for place in self._grade))

    def voice(self, values: list[float]) -> VoiceDelta:
        """The voice."""
        return VoiceDelta(**{name: _rounded(values[place]) for name, place in self._voice})


def _rounded(value: float) -> float:
    # Adding 0 makes the negative zero a plain one: equal draw lists have equal bytes.
    return round(value, _DIGITS) + 0.0
