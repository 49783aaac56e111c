"""What a listener feels at what somebody else feels.

Joy is shared; distress is met. Shouting back at the angry, or trembling with the fearful, would
be mirroring, not listening: both are met with concern, calmer and less dominant than what came.
"""

from control_plane.emotion.vad import mix
from engine.packet import Mood

__all__ = ["response_to"]

_CONCERN = Mood(-0.28, 0.15, -0.30)
_REASSURANCE = Mood(-0.20, 0.05, 0.10)


def response_to(felt: Mood, empathy: float) -> Mood:
    """The listener's emotion.

    Args:
        felt: The speaker's emotion.
        empathy: [0, 1]; 0 mirrors.
    """
    distress = max(0.0, -felt.valence)
    if distress == 0.0:
        return felt
    # Distress turned outwards is anger, turned inwards it is fear or grief.
    outward = max(0.0, felt.dominance)
    inward = max(0.0, -felt.dominance) * max(0.0, felt.arousal)
    toward_concern = empathy * min(1.0, 2.0 * distress * outward + 0.3 * distress)
    toward_calm = empathy * min(0.7, 1.5 * distress * inward)
    return mix(mix(felt, _CONCERN, toward_concern), _REASSURANCE, toward_calm)
