"""The shape of an exported conversation, with every key that it has and no other."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Exported"]


class Exact(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Exact):
    model_used: str
    total_messages: int
    avg_response_time: float | None
    conversation_quality: float | None
    topics_discussed: list[str]


class UserMessage(Exact):
    role: str
    content: str
    emotion: str
    voice_pitch: float | None
    agent_outputs: dict[str, Any]
    quality_score: float | None


class AssistantMessage(Exact):
    role: str
    content: str
    emotion: str
    processing_time: float | None
    memory_context: list[Any]
    quality_score: float | None


class Exported(Exact):
    conversation_id: str
    session_id: str | None
    user_id: str | None
    metadata: Metadata
    messages: list[UserMessage | AssistantMessage]
    memories: list[dict[str, Any]]
    agent_logs: list[dict[str, Any]]
