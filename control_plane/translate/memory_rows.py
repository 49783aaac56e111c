"""Rows of what is remembered as messages of MemoryService, and back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from google.protobuf.struct_pb2 import ListValue, Struct

from capsulecast.v1 import common_pb2
from capsulecast.v1 import memory_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import named, text
from control_plane.translate.storing import (
    identity,
    moment,
    optional_identity,
    rated,
    shown_id,
    timestamp,
)
from storage.models import (
    Conversation,
    Fault,
    Judgement,
    Memory,
    MemoryTier,
    Message,
    Performance,
    User,
)

__all__ = [
    "conversation_to_message",
    "fault_to_message",
    "figure_to_message",
    "judgement_from_message",
    "judgement_to_message",
    "memory_from_message",
    "memory_to_message",
    "message_to_message",
    "tier_from_message",
    "user_from_message",
    "user_to_message",
]

_MAX_TEXT = 20_000
_MAX_NAME = 200
_MAX_EMAIL = 320
_HALF = 0.5
_TIERS: Mapping[int, MemoryTier] = {
    pb.MemoryTier.Value(f"MEMORY_TIER_{tier.name}"): tier for tier in MemoryTier
}
_TIER_NUMBERS = {tier: pb.MemoryTier.Value(f"MEMORY_TIER_{tier.name}") for tier in MemoryTier}


def conversation_to_message(row: Conversation) -> pb.Conversation:
    """A conversation."""
    return pb.Conversation(
        id=str(row.id),
        session_id=str(row.session_id),
        user_id=shown_id(row.user_id),
        platform=row.platform,
        model_used=row.model_used,
        is_active=row.is_active,
        consent=row.consent,
        created_at=timestamp(row.created_at),
        ended_at=timestamp(row.ended_at),
        total_messages=row.total_messages,
        avg_response_time=row.avg_response_time,
        avg_emotion_score=row.avg_emotion_score,
        conversation_quality=row.conversation_quality,
        user_satisfaction=row.user_satisfaction,
        topics_discussed=row.topics_discussed,
        training_data_exported=row.training_data_exported,
    )


def message_to_message(row: Message) -> pb.StoredMessage:
    """Something that was said."""
    shown = pb.StoredMessage(
        id=str(row.id),
        conversation_id=shown_id(row.conversation_id),
        session_id=str(row.session_id),
        role=row.role,
        text=row.text,
        source=row.source,
        vad=common_pb2.Vad(valence=row.valence, arousal=row.arousal, dominance=row.dominance),
        label=row.label,
        confidence=row.confidence,
        processing_time=row.processing_time_s,
        user_feedback=row.user_feedback,
        quality_score=row.quality_score,
        training_flag=row.training_flag,
        voice_pitch=row.voice_pitch,
        voice_emotion=row.voice_emotion or "",
        audio_quality=row.audio_quality,
        created_at=timestamp(row.created_at),
    )
    if row.agent_outputs:
        shown.agent_outputs.CopyFrom(_struct(row.agent_outputs))
    if row.memory_context:
        found = ListValue()
        found.extend(row.memory_context)
        shown.memory_context.CopyFrom(found)
    return shown


def memory_to_message(row: Memory) -> pb.StoredMemory:
    """A memory."""
    return pb.StoredMemory(
        id=str(row.id),
        user_id=shown_id(row.user_id),
        conversation_id=shown_id(row.conversation_id),
        tier=_TIER_NUMBERS[row.tier],
        content=row.content,
        importance=row.importance,
        context=row.context,
        tags=row.tags,
        emotion_at_creation=row.emotion_at_creation,
        related_memories=row.related_memories,
        access_count=row.access_count,
        training_relevance=row.training_relevance,
        verified=row.verified,
        created_at=timestamp(row.created_at),
        last_accessed_at=timestamp(row.last_accessed_at),
    )


def memory_from_message(message: pb.StoredMemory) -> Memory:
    """A memory to keep.

    Raises:
        InvalidArgumentError: A value is out of range.
    """
    if not message.tier:
        raise InvalidArgumentError("memory.tier is not said, expected one of them", "memory.tier")
    relevance = message.training_relevance if message.HasField("training_relevance") else _HALF
    importance = message.importance if message.HasField("importance") else _HALF
    related = [str(identity("memory.related_memories", one)) for one in message.related_memories]
    return Memory(
        user_id=identity("memory.user_id", message.user_id),
        conversation_id=optional_identity("memory.conversation_id", message.conversation_id),
        tier=tier_from_message("memory.tier", message.tier),
        content=text("memory.content", message.content, _MAX_TEXT, InvalidArgumentError),
        importance=rated("memory.importance", importance, 0, 1),
        context=_short("memory.context", message.context, _MAX_TEXT),
        tags=_short("memory.tags", message.tags, _MAX_TEXT),
        emotion_at_creation=_short("memory.emotion_at_creation", message.emotion_at_creation, 60),
        related_memories=related,
        training_relevance=rated("memory.training_relevance", relevance, 0, 1),
        verified=message.verified,
    )


def tier_from_message(field: str, value: int) -> MemoryTier | None:
    """A tier; None: not said.

    Raises:
        InvalidArgumentError: There is none of that number.
    """
    return named(field, value, _TIERS, InvalidArgumentError) if value else None


def judgement_to_message(row: Judgement, kind: str, target: UUID) -> pb.Judgement:
    """A judgement and what it is of."""
    return pb.Judgement(
        id=str(row.id),
        target_kind=kind,
        target_id=shown_id(target),
        score=row.score,
        comment=row.comment,
        active=row.active,
        user_id=shown_id(row.user_id),
        created_at=timestamp(row.created_at),
    )


def judgement_from_message(message: pb.Judgement) -> Judgement:
    """A judgement to keep, without what it is of.

    Raises:
        InvalidArgumentError: A value is out of range.
    """
    return Judgement(
        score=rated("judgement.score", message.score, -1, 1),
        comment=_short("judgement.comment", message.comment, _MAX_TEXT),
        user_id=optional_identity("judgement.user_id", message.user_id),
    )


def figure_to_message(row: Performance) -> pb.PerformanceFigure:
    """A figure."""
    return pb.PerformanceFigure(
        id=str(row.id),
        session_id=shown_id(row.session_id),
        measure=row.measure,
        value=row.value,
        unit=row.unit,
        hardware=row.hardware,
        version=row.version,
        created_at=timestamp(row.created_at),
    )


def fault_to_message(row: Fault) -> pb.StoredFault:
    """A fault."""
    return pb.StoredFault(
        id=str(row.id),
        session_id=shown_id(row.session_id),
        mode=row.mode,
        cause=row.cause,
        version=row.version,
        during=row.during or "",
        created_at=timestamp(row.created_at),
    )


def user_to_message(row: User) -> pb.User:
    """A user."""
    return pb.User(
        id=str(row.id),
        username=row.username,
        external_identifier=row.external_identifier or "",
        email=row.email or "",
        permissions=row.permissions,
        shared=row.shared,
        consent_at=timestamp(row.consent_at),
        erased_at=timestamp(row.erased_at),
    )


def user_from_message(message: pb.User) -> tuple[UUID | None, dict[str, Any]]:
    """A user's id, None for a new one, and values of columns.

    Raises:
        InvalidArgumentError: A value is out of range.
    """
    consent = message.HasField("consent_at")
    return optional_identity("user.id", message.id), {
        "username": text("user.username", message.username, _MAX_NAME, InvalidArgumentError),
        "external_identifier": _short(
            "user.external_identifier", message.external_identifier, _MAX_NAME
        )
        or None,
        "email": _short("user.email", message.email, _MAX_EMAIL) or None,
        "permissions": list(message.permissions),
        "shared": message.shared,
        "consent_at": moment("user.consent_at", message.consent_at) if consent else None,
    }


def _short(field: str, value: str, limit: int) -> str:
    return text(field, value, limit, InvalidArgumentError) if value else ""


def _struct(values: dict[str, Any]) -> Struct:
    found = Struct()
    found.update(values)
    return found
