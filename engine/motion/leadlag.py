"""When each capsule of a packet starts: hands first, then the face, then the voice.

Without speech a layer starts at its default after the event. With speech, hands lead its onset by
up to 180 ms, faces by 50, and the voice's colour begins with it; the lead comes from a later sound,
never from a later picture. A packet's own lead-lags come before a capsule's trigger, and that
before the defaults. A negative offset is before the onset, and means "now" where there is none.

A voice that asks for a longer wait than hands may lead makes a pause before speech: the sound
waits for it too, and hands still come no earlier than they may.

Something has to show in the very next frame: whatever visible layer would start first starts now,
unless the packet asks for the sound first. Before a pause that is the face.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from capsules.model import Capsule, Layer
from engine.packet import IdPacket

__all__ = ["HAND_LEADS_MS", "SPEECH_LEAD_MS", "Start", "speech_wait_ms", "starts"]

SPEECH_LEAD_MS = 130
"""How long the sound waits after its packet, so that hands can lead it."""

HAND_LEADS_MS = (50.0, 180.0)
"""How far hands may lead the onset of speech."""

_HAND_LEAD_MS = HAND_LEADS_MS[1]
_AFTER_ONSET_MS = {Layer.FACE: -50.0, Layer.VOICE: 0.0}
_AFTER_EVENT_MS = {Layer.FACE: 50.0, Layer.VOICE: 130.0}
_UNSEEN = frozenset({Layer.VOICE, Layer.TEMPO})
_AUDIO_FIRST_MS = {Layer.FACE: 80.0, Layer.HAND: 130.0, Layer.BODY: 130.0}


@dataclass(frozen=True, slots=True)
class Start:
    """When a capsule starts.

    Attributes:
        offset_ms: After the packet, at least 0.
        after_onset_ms: After the speech onset, where it was reckoned from there; it holds once the
            onset is known.
    """

    offset_ms: float
    after_onset_ms: float | None = None


def speech_wait_ms(packet: IdPacket, lead_ms: float) -> float:
    """How long the sound of a packet waits after it: the lead, or the pause that is asked for.

    Args:
        packet: The packet.
        lead_ms: How long speech waits that asks for nothing.
    """
    if packet.audio_first:
        return 0.0
    asked = (item.offset_ms for item in packet.lead_lags if item.layer is Layer.VOICE)
    pause_ms = float(max(asked, default=0))
    return max(lead_ms, pause_ms) if pause_ms > _HAND_LEAD_MS else lead_ms


def starts(
    capsules: Sequence[Capsule], packet: IdPacket, lead_ms: float = SPEECH_LEAD_MS
) -> list[Start]:
    """When each capsule starts.

    Args:
        capsules: What the packet's blends resolved to.
        packet: The packet.
        lead_ms: How long after the packet its speech starts; ignored where it says nothing.
    """
    onset_ms: float | None = None
    if packet.speak_text:
        onset_ms = speech_wait_ms(packet, lead_ms)
    asked = {item.layer: float(item.offset_ms) for item in packet.lead_lags}
    found: list[Start] = []
    ends: dict[Layer, float] = {}
    for capsule in capsules:
        layer = capsule.layer
        if layer in asked:
            start = _from_packet(asked[layer], onset_ms)
        elif packet.audio_first:
            start = _from_onset(_AUDIO_FIRST_MS.get(layer, 0.0), onset_ms)
        else:
            start = _from_capsule(capsule, onset_ms, ends.get(layer, 0.0))
        ends[layer] = start.offset_ms + capsule.duration_ms
        found.append(start)
    if packet.audio_first:
        return found
    pauses = onset_ms is not None and onset_ms > max(lead_ms, _HAND_LEAD_MS)
    return _first_one_now(capsules, found, hands=not pauses)


def _from_packet(offset_ms: float, onset_ms: float | None) -> Start:
    return _from_onset(offset_ms, onset_ms if offset_ms < 0.0 else None)


def _from_onset(offset_ms: float, onset_ms: float | None) -> Start:
    """From the onset where there is one, else from the packet."""
    if onset_ms is None:
        return Start(max(0.0, offset_ms))
    return Start(max(0.0, onset_ms + offset_ms), offset_ms)


def _from_capsule(capsule: Capsule, onset_ms: float | None, previous_end_ms: float) -> Start:
    trigger = capsule.trigger
    if "trigger" in capsule.model_fields_set and trigger.model_fields_set - {"probability"}:
        if trigger.relative_to == "previous_capsule":
            return Start(max(0.0, previous_end_ms + trigger.offset_ms))
        from_onset = trigger.relative_to == "speech_onset"
        return _from_onset(float(trigger.offset_ms), onset_ms if from_onset else None)
    return _by_default(capsule.layer, onset_ms)


def _by_default(layer: Layer, onset_ms: float | None) -> Start:
    if onset_ms is None:
        return Start(_AFTER_EVENT_MS.get(layer, 0.0))
    return _from_onset(_AFTER_ONSET_MS.get(layer, -_HAND_LEAD_MS), onset_ms)


def _first_one_now(capsules: Sequence[Capsule], found: list[Start], *, hands: bool) -> list[Start]:
    """Moves the first visible layer forward to now; `hands` where that may be the hands."""
    seen = [capsule.layer for capsule in capsules if capsule.layer not in _UNSEEN]
    if not hands and set(seen) - {Layer.HAND}:
        seen = [layer for layer in seen if layer is not Layer.HAND]
    visible = [
        (start.offset_ms, capsule.layer)
        for capsule, start in zip(capsules, found, strict=True)
        if capsule.layer in seen
    ]
    if not visible:
        return found
    early_ms, first = min(visible, key=lambda item: item[0])
    if early_ms == 0.0:
        return found
    return [
        _sooner(start, early_ms) if capsule.layer is first else start
        for capsule, start in zip(capsules, found, strict=True)
    ]


def _sooner(start: Start, by_ms: float) -> Start:
    """Moved forward; what starts at once goes on belonging to the speech, what waits does not."""
    offset_ms = start.offset_ms - by_ms
    return Start(offset_ms, None if offset_ms else start.after_onset_ms)
