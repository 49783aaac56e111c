"""What can happen to a mood, at random."""

from hypothesis import strategies as st

from control_plane.emotion.explain import Cause
from control_plane.emotion.mood import Felt, MoodModel
from engine.packet import Mood

__all__ = ["felts", "moods", "shares", "take"]

_units = st.floats(-1.0, 1.0)
shares = st.floats(0.0, 1.0)
moods = st.builds(Mood, _units, _units, _units)
felts = st.builds(Felt, moods, st.none() | moods, shares, shares, st.booleans())


def take(model: MoodModel, step: object, now_ns: int, cause: Cause) -> None:
    """Lets one thing happen: something felt, set, calmed or noticed, a turn, a profile."""
    match step:
        case Felt():
            model.feel(step, now_ns, cause)
        case Mood():
            model.set(step, now_ns, cause)
        case "calm":
            model.calm_reaction(now_ns, cause)
        case "notice":
            model.notice(now_ns)
        case "home" | "free":
            model.dwell(Mood(0.5, -0.5, 0.25) if step == "home" else None, now_ns)
        case tuple():
            model.turn(step)
            model.end_turn(now_ns)
        case _:
            raise AssertionError(step)
