"""Conversations, what is remembered of them, and who worked out the words."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import (
    NAME,
    PERSONAL,
    Base,
    Json,
    Kept,
    between,
    choice,
    exactly_one,
    key,
)

__all__ = [
    "AgentLog",
    "Chat",
    "Conversation",
    "Memory",
    "MemoryTier",
    "PromptParameter",
    "PromptTemplate",
    "PromptTemplateParameter",
]


class MemoryTier(StrEnum):
    """How long something is remembered."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


class Conversation(Kept, Base):
    """What is said in one session, with figures that are kept up to date as messages come."""

    __tablename__ = "conversation"
    __table_args__ = (
        between("conversation_quality", 0, 1),
        between("user_satisfaction", 1, 5),
        between("avg_emotion_score", 0, 1),
        CheckConstraint("total_messages >= 0", name="total_messages_range"),
        Index(
            "ix_conversation_export", "training_data_exported", "conversation_quality", "created_at"
        ),
    )

    session_id: Mapped[UUID] = key("session", unique=True)
    user_id: Mapped[UUID | None] = key("user")
    platform: Mapped[str] = mapped_column(String(40), default="web", index=True)
    model_used: Mapped[str] = mapped_column(NAME, default="")
    is_active: Mapped[bool] = mapped_column(default=True, index=True)
    consent: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    total_messages: Mapped[int] = mapped_column(default=0)
    # Over how many messages each mean is, so that it can go on without reading them again.
    timed_messages: Mapped[int] = mapped_column(default=0)
    felt_messages: Mapped[int] = mapped_column(default=0)
    scored_messages: Mapped[int] = mapped_column(default=0)
    rated_messages: Mapped[int] = mapped_column(default=0)
    avg_response_time: Mapped[float | None]
    avg_emotion_score: Mapped[float | None]
    conversation_quality: Mapped[float | None]
    user_satisfaction: Mapped[float | None]
    topics_discussed: Mapped[list[str]] = mapped_column(Json, default=list, info=PERSONAL)
    training_data_exported: Mapped[bool] = mapped_column(default=False)
    exported_at: Mapped[datetime | None]


class Memory(Kept, Base):
    """Something worth remembering of a user.

    Of one user a later memory takes the place of an earlier one of the same `subject`; those that
    came in by the API have none, nor a `kind` and a `value`. From `fades_at` on it is not brought
    to mind any more.
    """

    __tablename__ = "memory"
    __table_args__ = (
        between("importance", 0, 1),
        between("training_relevance", 0, 1),
        CheckConstraint("access_count >= 0", name="access_count_range"),
        Index("ix_memory_recall", "user_id", "tier", "importance", "access_count"),
        Index("ix_memory_training", "training_relevance", "importance", "access_count"),
        Index("ix_memory_subject", "user_id", "subject"),
    )

    user_id: Mapped[UUID | None] = key("user", index=False)
    conversation_id: Mapped[UUID | None] = key("conversation")
    message_id: Mapped[UUID | None] = key("message")
    tier: Mapped[MemoryTier] = mapped_column(choice(MemoryTier), index=True)
    content: Mapped[str] = mapped_column(Text, info=PERSONAL)
    importance: Mapped[float] = mapped_column(default=0.5, index=True)
    context: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    tags: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    emotion_at_creation: Mapped[str] = mapped_column(String(60), default="")
    related_memories: Mapped[list[str]] = mapped_column(Json, default=list)
    access_count: Mapped[int] = mapped_column(default=0, index=True)
    last_accessed_at: Mapped[datetime | None]
    training_relevance: Mapped[float] = mapped_column(default=0.5)
    verified: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(20), default="")
    subject: Mapped[str] = mapped_column(NAME, default="", info=PERSONAL)
    value: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    due_at: Mapped[datetime | None]
    fades_at: Mapped[datetime | None]


class AgentLog(Kept, Base):
    """What one part of the brain made of one message."""

    __tablename__ = "agent_log"
    __table_args__ = (
        between("confidence_score", 0, 1),
        between("accuracy_score", 0, 1),
        between("training_quality", 0, 1),
    )

    conversation_id: Mapped[UUID | None] = key("conversation")
    message_id: Mapped[UUID | None] = key("message")
    agent: Mapped[str] = mapped_column(NAME, index=True)
    input: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info=PERSONAL)
    output: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info=PERSONAL)
    duration_ms: Mapped[float | None]
    confidence_score: Mapped[float | None]
    accuracy_score: Mapped[float | None]
    training_quality: Mapped[float | None]


class PromptTemplate(Kept, Base):
    """A text with named holes, `{name}`, that parameters fill; never changed, only followed."""

    __tablename__ = "prompt_template"
    __table_args__ = (UniqueConstraint("name", "version"),)

    name: Mapped[str] = mapped_column(NAME)
    version: Mapped[int] = mapped_column(default=1)
    text: Mapped[str] = mapped_column(Text)


class PromptParameter(Kept, Base):
    """What fills a hole: the value of a function at the time, or another template."""

    __tablename__ = "prompt_parameter"
    __table_args__ = (exactly_one("function_reference", "template_id"),)

    unique_name: Mapped[str] = mapped_column(NAME, unique=True)
    function_reference: Mapped[str | None] = mapped_column(NAME)
    template_id: Mapped[UUID | None] = key("prompt_template")


class PromptTemplateParameter(Kept, Base):
    """That a template has a hole for a parameter."""

    __tablename__ = "prompt_template_parameter"
    __table_args__ = (UniqueConstraint("template_id", "parameter_id"),)

    template_id: Mapped[UUID] = key("prompt_template", index=False)
    parameter_id: Mapped[UUID] = key("prompt_parameter")


class Chat(Kept, Base):
    """Text to text: which system answered what, with which prompt, and the reply it gave.

    Without a user's message where the avatar speaks first.
    """

    __tablename__ = "chat"

    conversation_id: Mapped[UUID | None] = key("conversation")
    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    system_prompt_id: Mapped[UUID | None] = key("prompt_template")
    system_prompt_text: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    user_prompt_id: Mapped[UUID | None] = key("message")
    reply_id: Mapped[UUID | None] = key("message")
