"""What a session tells: records to protobuf and proto3 JSON."""

from collections.abc import Sequence
from typing import Any

from capsulecast.v1 import common_pb2, session_service_pb2
from control_plane.sessions.updates import Lag, MoodUpdate, Rejection, Stored, Update
from control_plane.translate.jsonform import to_json
from engine.packet import IdPacket
from engine.voice.speaker import SpeechState, SpeechUpdate
from engine.wire import to_message

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
    match update:
        case IdPacket():
            return session_service_pb2.ConverseResponse(packet=to_message(update))
        case MoodUpdate():
            return session_service_pb2.ConverseResponse(
                mood=session_service_pb2.MoodUpdate(
                    mood=common_pb2.Vad(
                        valence=update.mood.valence,
                        arousal=update.mood.arousal,
                        dominance=update.mood.dominance,
                    ),
                    label=update.label,
                    event_sequence=update.event_sequence,
                )
            )
        case SpeechUpdate():
            return session_service_pb2.ConverseResponse(
                speech=session_service_pb2.SpeechUpdate(
                    state=_SPEECH_STATES[update.state], text=update.text, source=update.source
                )
            )
        case Rejection():
            return session_service_pb2.ConverseResponse(
                rejection=session_service_pb2.EventRejection(
                    event_sequence=update.event_sequence, code=update.code, message=update.message
                )
            )
        case Lag():
            return session_service_pb2.ConverseResponse(
                lag=session_service_pb2.LagNotice(dropped=update.dropped)
            )
        case Stored():
            return session_service_pb2.ConverseResponse(
                stored=session_service_pb2.StoredNotice(
                    message_id=update.message_id, event_sequence=update.event_sequence
                )
            )


def updates_to_message(updates: Sequence[Update]) -> session_service_pb2.ConverseResponse:
    """Updates, one at least, as one answer of Converse."""
    answer = update_to_message(updates[0])
    answer.more.extend(update_to_message(update) for update in updates[1:])
    return answer


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
            message = to_message(packet)
            self._packet = packet
            self._answer = session_service_pb2.WatchPacketsResponse(packet=message)
        return self._answer


def update_to_json(update: Update) -> dict[str, Any]:
    """An update as a data channel carries it: {"packet": ...}, {"mood": ...} and so on."""
    return to_json(update_to_message(update))


def packet_to_json(packet: IdPacket) -> dict[str, Any]:
    """An ID packet as proto3 JSON."""
    return to_json(to_message(packet))
