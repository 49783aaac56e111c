"""Where the avatar looks: a chain of fixations, now on the viewer's face and now elsewhere.

How long each look lasts and where it goes is a matter of manner (`engine.motion.manners`). Looks
aside in conversation have the directions and sizes that Lee, Badler and Badler measured ("Eyes
Alive", 2002): a size A occurs with P = 15.7 exp(-A / 6.9) percent. A saccade lasts 25 ms and 2.4 ms
a degree (their D0 and d). On the viewer's face the eyes go between eyes and mouth; in between come
microsaccades of up to half a degree. Wide looks take the head along, later and slower, while the
eyes give back what it adds (the vestibulo-ocular reflex).
"""

import math
from dataclasses import dataclass

from engine.motion.chance import RESTART_MS, normal, pick, restart, uniform
from engine.motion.curves import smooth
from engine.motion.manners import Manner, Scan, Spot
from engine.motion.spring import Spring

__all__ = ["Gaze", "GazeShift", "saccade_ms"]

Place = tuple[float, float]  # degrees: to the avatar's left, up

_VIEWER: Place = (0.0, 0.0)
# The viewer's eyes and mouth as seen from half a metre or so, with their shares.
_FACE = (((1.5, 0.3), 0.42), ((-1.5, 0.3), 0.42), ((0.0, -1.9), 0.16))
_FACE_SPREAD = 0.3
_FACE_STEP_MS = 620.0
_MICRO = 0.55  # share of saccades that stay where they are
_MICRO_DEG = 0.22
_STEP_SPREAD = 0.45
_STEPS_MS = (150.0, 2400.0)
_LOOK_SPREAD = 0.5
_LOOKS_MS = (350.0, 9000.0)
# Of looks aside: shares of the eight directions from the right counter-clockwise, percent.
_DIRECTIONS = (15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79)
_SIZE_DEG = 6.9
_ASIDE_DEG = (5.0, 13.0)  # less is no look aside, and more is none in front of a camera
_FLAT = 0.75  # how much of it goes up or down
_LINE_DEG = 4.6  # half a line of text
_LINES = 5
_LINE_STEP_DEG = 0.8
_SEARCH_DEG = (2.6, 1.6)
_RECOGNISED_MS = (380.0, 620.0)  # how long the viewer is looked at before something else is
_ATTENTIVE_MS = 1500.0
_HEAD_LAG_MS = 75.0
_HEAD_MS = 620.0
# How much of a look the head takes: little up to where it becomes a strain for the eyes.
_HEAD_NEAR, _HEAD_FAR, _FAR_DEG = 0.13, 0.62, 9.0
_BLINKS_FROM_DEG, _BLINKS_PER_DEG, _MOST_BLINKS = 5.0, 0.035, 0.5
_STREAM = 0x6A2E


def saccade_ms(degrees: float) -> float:
    """How long a saccade takes."""
    return 25.0 + 2.4 * degrees


@dataclass(frozen=True, slots=True)
class GazeShift:
    """One saccade: from where the eyes were to (x, y).

    Attributes:
        start_ms: Time of the session.
        length_ms: How long the eyes travel.
        x: To the avatar's left, degrees.
        y: Up, degrees.
        blinks: Whether the lids close on the way.
    """

    start_ms: float
    length_ms: float
    x: float
    y: float
    blinks: bool = False


class Gaze:
    """The eyes: a function of time, seed, and the times of `turn` and `attend`.

    Args:
        seed: Of all chance.
        manner: How it behaves to begin with.
    """

    def __init__(self, seed: int, manner: Manner) -> None:
        self._seed = seed
        self._manner = manner
        self._count = 0
        self._blinks: list[float] = []
        self._begin_anew(0.0)

    def turn(self, manner: Manner, now_ms: float) -> None:
        """Looks otherwise from now on."""
        self.advance(now_ms)
        self._manner = manner
        if self._chance(20) < manner.looks_away_first:
            low, high = _RECOGNISED_MS
            self._look(now_ms, away=False, length_ms=low + (high - low) * self._chance(21))
        else:
            self._look(now_ms, away=False)

    def retime(self, manner: Manner, now_ms: float) -> None:
        """Looks otherwise from the next look on."""
        self.advance(now_ms)
        self._manner = manner

    def attend(self, now_ms: float) -> None:
        """Brings the eyes back to the viewer at once, and keeps them there for a while."""
        self.advance(now_ms)
        self._look(now_ms, away=False, length_ms=_ATTENTIVE_MS * (0.8 + 0.4 * self._chance(22)))

    def advance(self, now_ms: float) -> None:
        """Moves on to a time. After a gap of more than 10 s it starts anew from the viewer."""
        if now_ms - self._next.start_ms > RESTART_MS:
            start_ms, self._count = restart(now_ms)
            self._begin_anew(start_ms)
        while self._next.start_ms <= now_ms:
            self._begin(self._next)
            self._plan()

    def blinks(self) -> list[float]:
        """Times of the blinks that went with saccades since the last call."""
        found, self._blinks = self._blinks, []
        return found

    def direction(self, now_ms: float) -> Place:
        """Where it looks, degrees from the viewer; `advance` comes first."""
        shift = self._to
        share = smooth((now_ms - shift.start_ms) / shift.length_ms)
        x, y = self._from
        return x + share * (shift.x - x), y + share * (shift.y - y)

    def head(self, now_ms: float) -> Place:
        """How far the head has turned along, degrees."""
        return self._head[0].at(now_ms), self._head[1].at(now_ms)

    @property
    def away(self) -> bool:
        """Whether it looks elsewhere than at the viewer."""
        return self._away

    def _begin_anew(self, start_ms: float) -> None:
        self._from = _VIEWER
        self._to = self._next = GazeShift(start_ms, 1.0, *_VIEWER)
        self._head = (Spring(_HEAD_MS), Spring(_HEAD_MS))
        self._away = self._next_away = False
        self._line = 0
        self._spot = _VIEWER
        self._look_ends_ms = start_ms + self._look_ms()
        self._plan()

    def _begin(self, shift: GazeShift) -> None:
        self._from, self._to = self.direction(shift.start_ms), shift
        self._away = self._next_away
        if shift.blinks:
            self._blinks.append(shift.start_ms)
        for spring, part in zip(self._head, (shift.x, shift.y), strict=True):
            spring.aim(_head_part(part), shift.start_ms + _HEAD_LAG_MS)

    def _look(self, now_ms: float, *, away: bool, length_ms: float | None = None) -> None:
        """Begins another look at once; one at the viewer goes on where it is."""
        self._count += 1
        self._next_away = away
        self._look_ends_ms = now_ms + (self._look_ms(away) if length_ms is None else length_ms)
        if self._away or away:
            self._begin(self._shift(now_ms, self._elsewhere() if away else self._on_face()))
        self._plan()

    def _plan(self) -> None:
        """Decides on the next fixation."""
        self._count += 1
        start_ms = self._to.start_ms + self._step_ms()
        self._next_away = self._away
        if start_ms < self._look_ends_ms:
            scans = self._away and self._manner.scan is not Scan.REST
            self._next = self._shift(start_ms, self._nearby(), 0.0 if scans else _MOST_BLINKS)
            return
        start_ms = max(self._look_ends_ms, self._to.start_ms + _STEPS_MS[0])
        self._next_away = not self._away
        self._look_ends_ms = start_ms + self._look_ms(self._next_away)
        place = self._elsewhere() if self._next_away else self._on_face()
        self._next = self._shift(start_ms, place)

    def _shift(self, start_ms: float, place: Place, most_blinks: float = _MOST_BLINKS) -> GazeShift:
        size = math.dist((self._to.x, self._to.y), place)
        likely = min(most_blinks, _BLINKS_PER_DEG * (size - _BLINKS_FROM_DEG))
        return GazeShift(start_ms, saccade_ms(size), *place, blinks=self._chance(1) < likely)

    def _look_ms(self, away: bool = False) -> float:
        mean_ms = self._manner.away_ms if away else self._manner.at_viewer_ms
        power = _LOOK_SPREAD * (self._normal(2) - 0.5 * _LOOK_SPREAD)
        return min(_LOOKS_MS[1], max(_LOOKS_MS[0], mean_ms * math.exp(power)))

    def _step_ms(self) -> float:
        median_ms = self._manner.step_ms if self._away else _FACE_STEP_MS
        spread = _STEP_SPREAD if self._manner.scan is Scan.REST else 0.6 * _STEP_SPREAD
        step_ms = median_ms * math.exp(spread * self._normal(4))
        return min(_STEPS_MS[1], max(_STEPS_MS[0], step_ms))

    def _nearby(self) -> Place:
        """The next fixation of the same look."""
        manner = self._manner
        if self._away and manner.spots and manner.scan is Scan.LINES:
            return self._along_the_line(manner.spots[0])
        if self._away and manner.spots and manner.scan is Scan.SEARCH:
            return self._around(self._spot, _SEARCH_DEG)
        if self._chance(6) < _MICRO:
            return self._around((self._to.x, self._to.y), (_MICRO_DEG, _MICRO_DEG))
        if not self._away:
            return self._on_face()
        return self._around((self._to.x, self._to.y), (1.6, 1.2))

    def _on_face(self) -> Place:
        place, _ = _FACE[pick([share for _, share in _FACE], self._chance(8))]
        return self._around(place, (_FACE_SPREAD, _FACE_SPREAD))

    def _elsewhere(self) -> Place:
        """Where a look away begins."""
        manner = self._manner
        if not manner.spots:
            return self._aside()
        spot = manner.spots[pick([spot.share for spot in manner.spots], self._chance(9))]
        if manner.scan is Scan.LINES:
            return self._on_line(spot)
        # What it works at stays on one side; thoughts come from both.
        number = 0 if manner.scan is Scan.SEARCH else self._count
        side = 1.0 if uniform(self._seed, _STREAM, number, 10) < 0.5 else -1.0
        self._spot = (side * spot.x, spot.y)
        return self._around(self._spot, (spot.spread, spot.spread))

    def _aside(self) -> Place:
        angle = 0.25 * math.pi * pick(_DIRECTIONS, self._chance(11))
        # Sizes as measured, but for those out of bounds.
        low, high = (math.exp(-size / _SIZE_DEG) for size in _ASIDE_DEG)
        size = -_SIZE_DEG * math.log(low + (high - low) * self._chance(12))
        return size * math.cos(angle), _FLAT * size * math.sin(angle)

    def _on_line(self, spot: Spot) -> Place:
        """The beginning of a line, which lies to the avatar's left."""
        x = spot.x + _LINE_DEG + spot.spread * self._normal(13)
        return x, spot.y + _LINE_STEP_DEG * (0.5 * _LINES - self._line % _LINES)

    def _along_the_line(self, spot: Spot) -> Place:
        """The next word, now and then one before, and at its end the next line."""
        back = self._chance(14) < 0.11
        step = (0.9 if back else -1.8) * (0.6 + 0.8 * self._chance(15))
        x = self._to.x + step
        if x < spot.x - _LINE_DEG:
            self._line += 1
            return self._on_line(spot)
        y = spot.y + _LINE_STEP_DEG * (0.5 * _LINES - self._line % _LINES)
        return min(x, spot.x + _LINE_DEG + 0.5), y + 0.1 * self._normal(17)

    def _around(self, place: Place, spread: Place) -> Place:
        x, y = place
        return x + spread[0] * self._normal(18), y + spread[1] * self._normal(24)

    def _chance(self, purpose: int) -> float:
        return uniform(self._seed, _STREAM, self._count, purpose)

    def _normal(self, purpose: int) -> float:
        return max(-2.5, min(2.5, normal(self._seed, _STREAM, self._count, purpose)))


def _head_part(degrees: float) -> float:
    """How much of a look the head takes, degrees."""
    size = abs(degrees)
    part = _HEAD_NEAR * size + (_HEAD_FAR - _HEAD_NEAR) * max(0.0, size - _FAR_DEG)
    return math.copysign(part, degrees)
