"""What a session tells: records to protobuf and proto3 JSON."""

from collections.abc import Sequence
from typing import Any

from capsulecast.v1 import session_service_pb2
from control_plane.sessions.updates import Lag, MoodUpdate, Rejection, Stored, Update
from control_plane.translate.jsonform import to_json
from engine.packet import IdPacket
from engine.voice.speaker import SpeechState, SpeechUpdate
from engine.wire import to_message, write

__all__ = [
    "PacketAnswers",
    "packet_to_json",
    "update_to_json",
    "update_to_message",
    "updates_to_message",
]

_SPEECH_STATES = {
    state: session_service_pb2.SpeechState.Value(f"SPEECH_STATE_{state.name}")
    for state in SpeechState
}


def update_to_message(update: Update) -> session_service_pb2.ConverseResponse:
    """An update as an answer of Converse."""
    answer = session_service_pb2.ConverseResponse()
    _write(update, answer)
    return answer


def updates_to_message(updates: Sequence[Update]) -> session_service_pb2.ConverseResponse:
    """Updates, one at least, as one answer of Converse."""
    first, *others = updates
    answer = update_to_message(first)
    for update in others:
        _write(update, answer.more.add())
    return answer


def _write(update: Update, answer: session_service_pb2.ConverseResponse) -> None:
    """Writes an update into an empty answer: a message made beforehand would have to be copied."""
    match update:
        case IdPacket():
            write(update, answer.packet)
        case MoodUpdate(mood=mood):
            told = answer.mood
            told.mood.valence = mood.valence
            told.mood.arousal = mood.arousal
            told.mood.dominance = mood.dominance
            told.label = update.label
            told.event_sequence = update.event_sequence
        case SpeechUpdate():
            answer.speech.state = _SPEECH_STATES[update.state]
            answer.speech.text = update.text
            answer.speech.source = update.source
        case Rejection():
            answer.rejection.event_sequence = update.event_sequence
            answer.rejection.code = update.code
            answer.rejection.message = update.message
        case Lag():
            answer.lag.dropped = update.dropped
        case Stored():
            answer.stored.message_id = update.message_id
            answer.stored.event_sequence = update.event_sequence


class PacketAnswers:
    """Packets as answers of WatchPackets.

    The last one is kept, for a packet goes to all who watch its session at the same time. Used
    from one thread; an answer must not be changed.
    """

    def __init__(self) -> None:
        self._packet: IdPacket | None = None
        self._answer = session_service_pb2.WatchPacketsResponse()

    def answer(self, packet: IdPacket) -> session_service_pb2.WatchPacketsResponse:
        """The answer that brings a packet."""
        if packet is not self._packet:
            answer = session_service_pb2.WatchPacketsResponse()
            write(packet, answer.packet)
            self._packet, self._answer = packet, answer
        return self._answer


def update_to_json(update: Update) -> dict[str, Any]:
    """An update as a data channel carries it: {"packet": ...}, {"mood": ...} and so on."""
    return to_json(update_to_message(update))


def packet_to_json(packet: IdPacket) -> dict[str, Any]:
    """An ID packet as proto3 JSON."""
    return to_json(to_message(packet))
