"""What the avatar does when nothing is asked of it: it breathes, looks, sways, nods and blinks.

All of it is a function of seed and time, and of the times at which it is told what to attend to, so
that any frame rate samples the same motion. It keeps back where capsules play once on the same
targets.
"""

from collections.abc import Sequence

from engine.motion.accents import Accents
from engine.motion.blinks import Blinks
from engine.motion.breathing import Breathing
from engine.motion.curves import smooth
from engine.motion.focus import Focus
from engine.motion.gaze import Gaze
from engine.motion.habits import NO_HABITS, Habits
from engine.motion.manners import PAUSE_NOD, Manner
from engine.motion.plans import target_index
from engine.motion.posture import Posture
from engine.motion.spring import Spring
from engine.packet import Attention

__all__ = ["EYE_DEG", "HEAD_DEG", "Idle"]

EYE_DEG = (28.0, 19.0)
"""How far eyes turn aside, and up or down, at weight 1 of their looks: as the rigs are built."""

HEAD_DEG = (25.0, 20.0)
"""How far the head turns aside, and up or down, at weight 1."""

_KEPT_WHEN_BUSY = 0.3
_LIDS_FOLLOW = 0.2  # how much lids close for eyes that look down, beside what the basis does
_STEADY = 0.85  # how much of the head's movement the eyes give back
_TOO_WIDE = 0.6
_OPEN_WIDE = 0.33  # lids as wide as this do not follow eyes that look down
_FLASH = 0.16
_FLASH_RISE_MS = 110.0
_FLASH_FALL_MS = 380.0
_FLASH_HEAD_START_MS = 33.0
_FLASH_PAUSE_MS = 350.0
_OWNS_MS = 420.0
_SPEECH_LEAD_MS = 150.0  # a speaker's manner begins a little before the sound
_HEEDS = frozenset({Attention.TYPING, Attention.LISTENING})
_BREATHING: tuple[tuple[str, float], ...] = (
    ("breath", 0.45),
    ("bodyLean", 0.012),
    ("headPitch", 0.012),
    ("handLeft.y", -3.0),
    ("handRight.y", -3.0),
)


class Idle:
    """The avatar's own small life. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        index = target_index()
        self._breathing = [(index[name], amount) for name, amount in _BREATHING]
        self._shoulders = index["shoulderShrug"]
        self._brows = tuple(
            index[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
        )
        self._head = (index["headYaw"], index["headPitch"])
        self._look = _look_targets(index)
        self._lids = tuple(
            (index[f"eyeBlink{side}"], index[f"eyeWide{side}"]) for side in ("Left", "Right")
        )
        self._focus = Focus()
        manner = self._focus.manner
        self._gaze = Gaze(seed, manner)
        self._blinks = Blinks(seed, manner.blink_ms)
        self._breath = Breathing(seed, manner)
        self._posture = Posture(seed, manner)
        self._accents = Accents(seed, manner)
        self._owns = Spring(_OWNS_MS)
        self._habits = NO_HABITS
        self._blinking: bool | None = None
        self._flash_ms = float("-inf")

    def adopt(self, habits: Habits, now_ms: float) -> None:
        """Has these habits from now on, whatever it attends to."""
        if habits == self._habits:
            return
        self._run(now_ms)
        self._habits = habits
        manner = habits.of(self._focus.manner)
        self._gaze.retime(manner, now_ms)
        self._settle_into(manner, now_ms)

    def notice(self, now_ms: float, visibly: bool) -> None:
        """An event has come: the eyes return to the viewer.

        Args:
            now_ms: The time.
            visibly: Whether the brows flash too, for want of any other reaction at once.
        """
        self._run(now_ms)
        self._gaze.attend(now_ms)
        if visibly and now_ms - self._flash_ms >= _FLASH_PAUSE_MS:
            self._flash_ms = now_ms

    def turn(self, attention: Attention, now_ms: float) -> None:
        """Attends to something from now on; a viewer who pauses gets a nod."""
        self._run(now_ms)
        if self._focus.attention in _HEEDS and attention is Attention.IDLE:
            self._accents.nod(PAUSE_NOD, now_ms)
        self._focus.turn(attention, now_ms)
        self._run(now_ms)

    def speak(self, start_ms: float, end_ms: float, now_ms: float) -> None:
        """Behaves as a speaker from one time to the other."""
        self._run(now_ms)
        self._focus.speak(max(now_ms, start_ms - _SPEECH_LEAD_MS), end_ms)
        self._run(now_ms)

    def hush(self, now_ms: float) -> None:
        """Speaks no more."""
        self._run(now_ms)
        self._focus.hush(now_ms)
        self._run(now_ms)

    def add(
        self,
        now_ms: float,
        values: list[float],
        busy: Sequence[float],
        turned: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Adds the idle motion to `values` (one a target, in table order; not clamped).

        Args:
            now_ms: The time.
            values: What capsules make of the targets.
            busy: How much each target is taken up, [0, 1].
            turned: Yaw and pitch of the head in `values` that come from gestures, which the eyes
                give back.
        """
        self._run(now_ms)
        yaw, pitch = self._head
        before = values[yaw] - turned[0], values[pitch] - turned[1]
        self._posture.add(now_ms, values, busy)
        self._accents.add(now_ms, values, busy)
        self._breathe(now_ms, values, busy)
        self._look_about(now_ms, values, busy, before)
        self._flash(now_ms, values)

    def lids(self, now_ms: float, eye_wide: float) -> float:
        """How far a blink closes the lids, [0, 1]; wide eyes do not blink, nor by half."""
        self._run(now_ms)
        closed = self._blinks.closed(now_ms)
        if closed <= 0.0:
            self._blinking = None
            return 0.0
        if self._blinking is None:
            self._blinking = eye_wide < _TOO_WIDE
        return closed if self._blinking else 0.0

    def _run(self, now_ms: float) -> None:
        """Lets everything that has come to pass by now happen, in its order."""
        for time_ms, manner in self._focus.changes(now_ms):
            self._turn(manner, time_ms)
        self._advance(now_ms)

    def _advance(self, now_ms: float) -> None:
        self._gaze.advance(now_ms)
        for time_ms in self._gaze.blinks():
            self._blinks.blink_at(time_ms)

    def _turn(self, manner: Manner, time_ms: float) -> None:
        self._advance(time_ms)
        own = self._habits.of(manner)
        self._gaze.turn(own, time_ms)
        self._settle_into(own, time_ms)

    def _settle_into(self, manner: Manner, time_ms: float) -> None:
        """Everything but the eyes behaves so from now on."""
        self._blinks.turn(manner.blink_ms, time_ms)
        self._breath.turn(manner, time_ms)
        self._posture.turn(manner, time_ms)
        self._accents.turn(manner, time_ms)
        self._owns.aim(manner.owns_eyes, time_ms)

    def _breathe(self, now_ms: float, values: list[float], busy: Sequence[float]) -> None:
        wave = self._breath.at(now_ms)
        for index, amount in self._breathing:
            values[index] += amount * wave * (1.0 - 0.5 * busy[index])
        values[self._shoulders] += 0.03 * max(0.0, 0.5 + 0.5 * wave)

    def _look_about(
        self,
        now_ms: float,
        values: list[float],
        busy: Sequence[float],
        before: tuple[float, float],
    ) -> None:
        """Turns eyes and head.

        Args:
            now_ms: The time.
            values: One a target.
            busy: How much each target is taken up.
            before: Yaw and pitch of the head that the eyes do not give back.
        """
        head_x, head_y = self._gaze.head(now_ms)
        yaw, pitch = self._head
        values[yaw] += head_x / HEAD_DEG[0] * (1.0 - 0.7 * busy[yaw])
        values[pitch] += head_y / HEAD_DEG[1] * (1.0 - 0.7 * busy[pitch])
        x, y = self._gaze.direction(now_ms)
        x -= _STEADY * HEAD_DEG[0] * (values[yaw] - before[0])
        y -= _STEADY * HEAD_DEG[1] * (values[pitch] - before[1])
        left, right, up, down = self._look
        taken = max(busy[index] for pair in self._look for index in pair)
        share = 1.0 - (1.0 - _KEPT_WHEN_BUSY) * taken
        kept = 1.0 - self._owns.at(now_ms) * (1.0 - taken)
        x, y = share * x / EYE_DEG[0], share * y / EYE_DEG[1]
        for ahead, behind, amount in ((left, right, x), (up, down, y)):
            _turn_eyes(values, ahead, behind, kept, amount)
        if y < 0.0:
            for lid, wide in self._lids:
                open_share = (1.0 - values[lid]) * max(0.0, 1.0 - values[wide] / _OPEN_WIDE)
                values[lid] += _LIDS_FOLLOW * -y * open_share

    def _flash(self, now_ms: float, values: list[float]) -> None:
        age_ms = now_ms - self._flash_ms + _FLASH_HEAD_START_MS
        if age_ms >= _FLASH_RISE_MS + _FLASH_FALL_MS:
            return
        rise = min(1.0, age_ms / _FLASH_RISE_MS)
        level = rise * (2.0 - rise) * (1.0 - smooth((age_ms - _FLASH_RISE_MS) / _FLASH_FALL_MS))
        for index in self._brows:
            values[index] += _FLASH * level
        values[self._head[1]] += 0.5 * _FLASH * level


def _turn_eyes(
    values: list[float], ahead: tuple[int, int], behind: tuple[int, int], kept: float, more: float
) -> None:
    """Turns both eyes by `more` one way, over what is kept of what capsules make of them.

    An eye looks one way at a time: its two bases of an axis never act against each other.
    """
    for one, other in zip(ahead, behind, strict=True):
        level = kept * (values[one] - values[other]) + more
        values[one], values[other] = max(0.0, level), max(0.0, -level)


def _look_targets(index: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """The two eyes' bases for looking to the avatar's left, its right, up and down."""
    names = (
        ("eyeLookOutLeft", "eyeLookInRight"),
        ("eyeLookInLeft", "eyeLookOutRight"),
        ("eyeLookUpLeft", "eyeLookUpRight"),
        ("eyeLookDownLeft", "eyeLookDownRight"),
    )
    return tuple((index[one], index[other]) for one, other in names)
