"""Which situation a user's message is, as far as gestures go."""

from control_plane.brain.gestures import Situation
from control_plane.emotion.appraisal import Appraisal

__all__ = ["situation_of"]

# From this arousal on a text is answered with raised brows rather than a nod.
_STIRRING = 0.5
# Below this valence a text is met quietly.
_TROUBLING = -0.25
_GREETINGS = frozenset({"hi", "hello", "hey", "hiya", "howdy", "welcome"})


def situation_of(text: str, appraisal: Appraisal) -> Situation:
    """What a message calls for: how it feels comes before what it says."""
    if appraisal.vad.valence < _TROUBLING:
        return Situation.TROUBLED
    if appraisal.vad.arousal >= _STIRRING:
        return Situation.STIRRED
    if text.rstrip().endswith(("?", "\uff1f")):
        return Situation.ASKED
    opening = text.split(maxsplit=1)[:1]
    greeted = bool(opening) and opening[0].lower().strip(",.!") in _GREETINGS
    return Situation.GREETED if greeted else Situation.TOLD
