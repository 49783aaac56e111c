"""Conversations, what is remembered of them, and what made the words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.alike import TIME, add, kept, stamp

revision = "0004"
down_revision = "0003"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this version."""
    _conversations()
    _prompts()
    _speech()
    _messages()
    _logs()
    _conversations_of_before()


def _conversations() -> None:
    op.create_table(
        "conversation",
        *kept(),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("model_used", sa.String(length=200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("total_messages", sa.Integer(), nullable=False),
        sa.Column("timed_messages", sa.Integer(), nullable=False),
        sa.Column("felt_messages", sa.Integer(), nullable=False),
        sa.Column("scored_messages", sa.Integer(), nullable=False),
        sa.Column("rated_messages", sa.Integer(), nullable=False),
        sa.Column("avg_response_time", sa.Float(), nullable=True),
        sa.Column("avg_emotion_score", sa.Float(), nullable=True),
        sa.Column("conversation_quality", sa.Float(), nullable=True),
        sa.Column("user_satisfaction", sa.Float(), nullable=True),
        sa.Column("topics_discussed", JSON, nullable=False),
        sa.Column("training_data_exported", sa.Boolean(), nullable=False),
        sa.Column("exported_at", TIME, nullable=True),
        sa.CheckConstraint(
            "avg_emotion_score BETWEEN 0 AND 1",
            name=op.f("ck_conversation_avg_emotion_score_range"),
        ),
        sa.CheckConstraint(
            "conversation_quality BETWEEN 0 AND 1",
            name=op.f("ck_conversation_conversation_quality_range"),
        ),
        sa.CheckConstraint(
            "total_messages >= 0",
            name=op.f("ck_conversation_total_messages_range"),
        ),
        sa.CheckConstraint(
            "user_satisfaction BETWEEN 1 AND 5",
            name=op.f("ck_conversation_user_satisfaction_range"),
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_conversation_session_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_conversation_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("session_id", name="uq_conversation_session_id"),
    )
    op.create_index(
        "ix_conversation_export",
        "conversation",
        ["training_data_exported", "conversation_quality", "created_at"],
    )
    op.create_index("ix_conversation_is_active", "conversation", ["is_active"])
    op.create_index("ix_conversation_platform", "conversation", ["platform"])
    op.create_index("ix_conversation_user_id", "conversation", ["user_id"])
    op.create_index("ix_conversation_created_at", "conversation", ["created_at"])
    op.create_table(
        "memory",
        *kept(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column(
            "tier",
            sa.Enum(
                "short",
                "medium",
                "long",
                name="memorytier",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("importance", sa.Float(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("emotion_at_creation", sa.String(length=60), nullable=False),
        sa.Column("related_memories", JSON, nullable=False),
        sa.Column("access_count", sa.Integer(), nullable=False),
        sa.Column("last_accessed_at", TIME, nullable=True),
        sa.Column("training_relevance", sa.Float(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "access_count >= 0",
            name=op.f("ck_memory_access_count_range"),
        ),
        sa.CheckConstraint(
            "importance BETWEEN 0 AND 1",
            name=op.f("ck_memory_importance_range"),
        ),
        sa.CheckConstraint(
            "training_relevance BETWEEN 0 AND 1",
            name=op.f("ck_memory_training_relevance_range"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_memory_conversation_id"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_memory_message_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_memory_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_memory"),
    )
    op.create_index("ix_memory_access_count", "memory", ["access_count"])
    op.create_index("ix_memory_conversation_id", "memory", ["conversation_id"])
    op.create_index("ix_memory_importance", "memory", ["importance"])
    op.create_index("ix_memory_message_id", "memory", ["message_id"])
    op.create_index("ix_memory_recall", "memory", ["user_id", "tier", "importance", "access_count"])
    op.create_index("ix_memory_tier", "memory", ["tier"])
    op.create_index(
        "ix_memory_training", "memory", ["training_relevance", "importance", "access_count"]
    )
    op.create_index("ix_memory_created_at", "memory", ["created_at"])
    op.create_table(
        "agent_log",
        *kept(),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("input", JSON, nullable=False),
        sa.Column("output", JSON, nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("confidence_score", sa.Float(), nullable=True),
        sa.Column("accuracy_score", sa.Float(), nullable=True),
        sa.Column("training_quality", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "accuracy_score BETWEEN 0 AND 1",
            name=op.f("ck_agent_log_accuracy_score_range"),
        ),
        sa.CheckConstraint(
            "confidence_score BETWEEN 0 AND 1",
            name=op.f("ck_agent_log_confidence_score_range"),
        ),
        sa.CheckConstraint(
            "training_quality BETWEEN 0 AND 1",
            name=op.f("ck_agent_log_training_quality_range"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_agent_log_conversation_id"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_agent_log_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agent_log"),
    )
    op.create_index("ix_agent_log_agent", "agent_log", ["agent"])
    op.create_index("ix_agent_log_conversation_id", "agent_log", ["conversation_id"])
    op.create_index("ix_agent_log_message_id", "agent_log", ["message_id"])
    op.create_index("ix_agent_log_created_at", "agent_log", ["created_at"])


def _prompts() -> None:
    op.create_table(
        "prompt_template",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_template"),
        sa.UniqueConstraint("name", "version", name="uq_prompt_template_name_version"),
    )
    op.create_index("ix_prompt_template_created_at", "prompt_template", ["created_at"])
    op.create_table(
        "prompt_parameter",
        *kept(),
        sa.Column("unique_name", sa.String(length=200), nullable=False),
        sa.Column("function_reference", sa.String(length=200), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(function_reference IS NULL) <> (template_id IS NULL)",
            name=op.f("ck_prompt_parameter_function_reference_or_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["prompt_template.id"], name="fk_prompt_parameter_template_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_parameter"),
        sa.UniqueConstraint("unique_name", name="uq_prompt_parameter_unique_name"),
    )
    op.create_index("ix_prompt_parameter_template_id", "prompt_parameter", ["template_id"])
    op.create_index("ix_prompt_parameter_created_at", "prompt_parameter", ["created_at"])
    op.create_table(
        "prompt_template_parameter",
        *kept(),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("parameter_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parameter_id"],
            ["prompt_parameter.id"],
            name="fk_prompt_template_parameter_parameter_id",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["prompt_template.id"], name="fk_prompt_template_parameter_template_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_template_parameter"),
        sa.UniqueConstraint(
            "template_id",
            "parameter_id",
            name="uq_prompt_template_parameter_template_id_parameter_id",
        ),
    )
    op.create_index(
        "ix_prompt_template_parameter_parameter_id", "prompt_template_parameter", ["parameter_id"]
    )
    op.create_index(
        "ix_prompt_template_parameter_created_at", "prompt_template_parameter", ["created_at"]
    )
    op.create_table(
        "chat",
        *kept(),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("system_prompt_id", sa.Uuid(), nullable=True),
        sa.Column("system_prompt_text", sa.Text(), nullable=False),
        sa.Column("user_prompt_id", sa.Uuid(), nullable=True),
        sa.Column("reply_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_chat_conversation_id"
        ),
        sa.ForeignKeyConstraint(["reply_id"], ["message.id"], name="fk_chat_reply_id"),
        sa.ForeignKeyConstraint(
            ["system_prompt_id"], ["prompt_template.id"], name="fk_chat_system_prompt_id"
        ),
        sa.ForeignKeyConstraint(["user_prompt_id"], ["message.id"], name="fk_chat_user_prompt_id"),
        sa.PrimaryKeyConstraint("id", name="pk_chat"),
    )
    op.create_index("ix_chat_conversation_id", "chat", ["conversation_id"])
    op.create_index("ix_chat_reply_id", "chat", ["reply_id"])
    op.create_index("ix_chat_system_prompt_id", "chat", ["system_prompt_id"])
    op.create_index("ix_chat_user_prompt_id", "chat", ["user_prompt_id"])
    op.create_index("ix_chat_created_at", "chat", ["created_at"])


def _speech() -> None:
    op.create_table(
        "stt",
        *kept(),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("audio_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["audio_id"], ["audio.id"], name="fk_stt_audio_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_stt_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_stt"),
    )
    op.create_index("ix_stt_audio_id", "stt", ["audio_id"])
    op.create_index("ix_stt_message_id", "stt", ["message_id"])
    op.create_index("ix_stt_created_at", "stt", ["created_at"])
    op.create_table(
        "tts",
        *kept(),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audio_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["audio_id"], ["audio.id"], name="fk_tts_audio_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_tts_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tts"),
    )
    op.create_index("ix_tts_audio_id", "tts", ["audio_id"])
    op.create_index("ix_tts_message_id", "tts", ["message_id"])
    op.create_index("ix_tts_created_at", "tts", ["created_at"])
    op.create_table(
        "lip_sync",
        *kept(),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("audio_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("portrait_id", sa.Uuid(), nullable=False),
        sa.Column("gesture_reference_id", sa.Uuid(), nullable=True),
        sa.Column("video_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(audio_id IS NULL) <> (message_id IS NULL)",
            name=op.f("ck_lip_sync_audio_id_or_message_id"),
        ),
        sa.ForeignKeyConstraint(["audio_id"], ["audio.id"], name="fk_lip_sync_audio_id"),
        sa.ForeignKeyConstraint(
            ["gesture_reference_id"], ["video.id"], name="fk_lip_sync_gesture_reference_id"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_lip_sync_message_id"),
        sa.ForeignKeyConstraint(["portrait_id"], ["portrait.id"], name="fk_lip_sync_portrait_id"),
        sa.ForeignKeyConstraint(["video_id"], ["video.id"], name="fk_lip_sync_video_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lip_sync"),
    )
    op.create_index("ix_lip_sync_audio_id", "lip_sync", ["audio_id"])
    op.create_index("ix_lip_sync_gesture_reference_id", "lip_sync", ["gesture_reference_id"])
    op.create_index("ix_lip_sync_message_id", "lip_sync", ["message_id"])
    op.create_index("ix_lip_sync_portrait_id", "lip_sync", ["portrait_id"])
    op.create_index("ix_lip_sync_video_id", "lip_sync", ["video_id"])
    op.create_index("ix_lip_sync_created_at", "lip_sync", ["created_at"])
    op.create_table(
        "vision",
        *kept(),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_vision_image_id"),
        sa.PrimaryKeyConstraint("id", name="pk_vision"),
    )
    op.create_index("ix_vision_image_id", "vision", ["image_id"])
    op.create_index("ix_vision_created_at", "vision", ["created_at"])
    op.create_table(
        "embedding",
        *kept(),
        sa.Column("deployment_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("vector", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name="fk_embedding_deployment_id"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_embedding_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_embedding"),
    )
    op.create_index("ix_embedding_deployment_id", "embedding", ["deployment_id"])
    op.create_index("ix_embedding_message_id", "embedding", ["message_id"])
    op.create_index("ix_embedding_subject", "embedding", ["subject"])
    op.create_index("ix_embedding_created_at", "embedding", ["created_at"])


def _messages() -> None:
    stamp("message")
    add(
        "message",
        "conversation_id KEY CONSTRAINT fk_message_conversation_id REFERENCES conversation (id)",
        f"confidence FLOAT {_ranged('confidence', 0, 1)}",
        "processing_time_s FLOAT",
        "context_embedding JSON",
        "agent_outputs JSON",
        "memory_context JSON",
        f"user_feedback FLOAT {_ranged('user_feedback', 1, 5)}",
        f"quality_score FLOAT {_ranged('quality_score', 0, 1)}",
        "training_flag BOOLEAN NOT NULL DEFAULT TRUE",
        "voice_pitch FLOAT",
        "voice_emotion VARCHAR(60)",
        f"audio_quality FLOAT {_ranged('audio_quality', 0, 1)}",
    )
    op.create_index("ix_message_conversation", "message", ["conversation_id", "created_at"])
    op.create_index("ix_message_label", "message", ["label"])
    op.create_index("ix_message_role", "message", ["role"])
    voiced = sa.text("voice_pitch IS NOT NULL")
    op.create_index(
        "ix_message_voice",
        "message",
        ["training_flag", "created_at"],
        sqlite_where=voiced,
        postgresql_where=voiced,
    )


def _ranged(column: str, low: float, high: float) -> str:
    name = f"ck_message_{column}_range"
    return f"CONSTRAINT {name} CHECK ({column} BETWEEN {low} AND {high})"


def _logs() -> None:
    for table in ("fault", "performance"):
        stamp(table)
        add(
            table,
            f"deployment_id KEY CONSTRAINT fk_{table}_deployment_id REFERENCES deployment (id)",
            f"system_version_id KEY CONSTRAINT fk_{table}_system_version_id"
            " REFERENCES system_version (id)",
            "parameters JSON",
        )
        for column in ("deployment_id", "system_version_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    stamp("governance")
    add("fault", "during VARCHAR(20)", "hardware VARCHAR(200) NOT NULL DEFAULT ''")
    op.create_index("ix_fault_mode", "fault", ["mode", "created_at"])
    add("performance", "system VARCHAR(200) NOT NULL DEFAULT ''", "resources JSON")
    # Nothing refers to it, so SQLite may make it anew.
    with op.batch_alter_table("performance") as batch:
        batch.alter_column("session_id", existing_type=sa.Uuid(), nullable=True)
    op.drop_index("ix_performance_measure", "performance")
    op.create_index(
        "ix_performance_measure_version", "performance", ["measure", "version", "created_at"]
    )


def _conversations_of_before() -> None:
    """What was said before becomes conversations, which have their sessions' ids."""
    op.execute(
        "INSERT INTO conversation (id, created_at, updated_at, session_id, platform, model_used,"
        " is_active, consent, ended_at, total_messages, timed_messages, felt_messages,"
        " scored_messages, rated_messages, topics_discussed, training_data_exported)"
        " SELECT id, created_at, updated_at, id, 'web', '', ended_at IS NULL, FALSE, ended_at,"
        " (SELECT count(*) FROM message WHERE message.session_id = session.id), 0, 0, 0, 0,"
        " '[]', FALSE"
        " FROM session"
    )
    op.execute("UPDATE message SET conversation_id = session_id")
