"""Where it runs, who talks to it, and the media files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.alike import TIME, add, kept, stamp

revision = "0003"
down_revision = "0002"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
STEPS = {
    "attract": "chat close fault idle invite reset",
    "chat": "close fault idle reset",
    "close": "attract fault idle reset",
    "fault": "chat close idle reset warmup",
    "idle": "attract chat close fault invite reset",
    "invite": "attract chat close fault idle reset",
    "reset": "fault warmup",
    "warmup": "fault idle reset",
}
"""Which modes may follow which, as of this version."""


def upgrade() -> None:
    """To this version."""
    _places()
    _people()
    _files()
    _recordings()
    _poses()
    _sessions()


def _places() -> None:
    op.create_table(
        "system_version",
        *kept(),
        sa.Column("version_tag", sa.String(length=200), nullable=False),
        sa.Column("git_hash", sa.String(length=64), nullable=False),
        sa.Column("modified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_system_version"),
        sa.UniqueConstraint(
            "version_tag",
            "git_hash",
            "modified",
            name="uq_system_version_version_tag_git_hash_modified",
        ),
    )
    op.create_index("ix_system_version_created_at", "system_version", ["created_at"])
    op.create_table(
        "deployment_type",
        *kept(),
        sa.Column("descriptor", sa.String(length=200), nullable=False),
        sa.Column("configuration", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deployment_type"),
        sa.UniqueConstraint("descriptor", name="uq_deployment_type_descriptor"),
    )
    op.create_index("ix_deployment_type_created_at", "deployment_type", ["created_at"])
    op.create_table(
        "scenario",
        *kept(),
        sa.Column("scenario", sa.String(length=200), nullable=False),
        sa.Column("configuration", JSON, nullable=False),
        sa.Column("deployment_type_id", sa.Uuid(), nullable=False),
        sa.Column("system_version_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment_type_id"], ["deployment_type.id"], name="fk_scenario_deployment_type_id"
        ),
        sa.ForeignKeyConstraint(
            ["system_version_id"], ["system_version.id"], name="fk_scenario_system_version_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scenario"),
        sa.UniqueConstraint("scenario", name="uq_scenario_scenario"),
    )
    op.create_index("ix_scenario_deployment_type_id", "scenario", ["deployment_type_id"])
    op.create_index("ix_scenario_system_version_id", "scenario", ["system_version_id"])
    op.create_index("ix_scenario_created_at", "scenario", ["created_at"])
    op.create_table(
        "deployment",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("deployment_type_id", sa.Uuid(), nullable=False),
        sa.Column("scenario_id", sa.Uuid(), nullable=True),
        sa.Column("configuration", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_type_id"], ["deployment_type.id"], name="fk_deployment_deployment_type_id"
        ),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name="fk_deployment_scenario_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
        sa.UniqueConstraint("name", name="uq_deployment_name"),
    )
    op.create_index("ix_deployment_deployment_type_id", "deployment", ["deployment_type_id"])
    op.create_index("ix_deployment_scenario_id", "deployment", ["scenario_id"])
    op.create_index("ix_deployment_created_at", "deployment", ["created_at"])
    op.create_table(
        "run",
        *kept(),
        sa.Column("component", sa.String(length=40), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("system_version_id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=True),
        sa.Column("hardware", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name="fk_run_deployment_id"),
        sa.ForeignKeyConstraint(
            ["system_version_id"], ["system_version.id"], name="fk_run_system_version_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_component_started_at", "run", ["component", "started_at"])
    op.create_index("ix_run_deployment_id", "run", ["deployment_id"])
    op.create_index("ix_run_system_version_id", "run", ["system_version_id"])
    op.create_index("ix_run_created_at", "run", ["created_at"])


def _people() -> None:
    steps = ", ".join(
        f"'{before}>{after}'" for before, afters in STEPS.items() for after in afters.split()
    )
    op.create_table(
        "user",
        *kept(),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("external_identifier", sa.String(length=200), nullable=True),
        sa.Column("coordinates", JSON, nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("consent_at", TIME, nullable=True),
        sa.Column("erased_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("external_identifier", name="uq_user_external_identifier"),
        sa.UniqueConstraint("username", name="uq_user_username"),
    )
    op.create_index("ix_user_email", "user", ["email"])
    op.create_index("ix_user_created_at", "user", ["created_at"])
    op.create_table(
        "client_system",
        *kept(),
        sa.Column("browser", JSON, nullable=False),
        sa.Column("camera", sa.String(length=200), nullable=False),
        sa.Column("microphone", sa.String(length=200), nullable=False),
        sa.Column("speakers", sa.String(length=200), nullable=False),
        sa.Column("resolution", sa.String(length=40), nullable=False),
        sa.Column("external_accounts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_client_system"),
    )
    op.create_index("ix_client_system_created_at", "client_system", ["created_at"])
    op.create_table(
        "calibration",
        *kept(),
        sa.Column("deployment_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("client_system_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_system_id"], ["client_system.id"], name="fk_calibration_client_system_id"
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name="fk_calibration_deployment_id"
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_calibration_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_calibration"),
    )
    op.create_index("ix_calibration_client_system_id", "calibration", ["client_system_id"])
    op.create_index(
        "ix_calibration_deployment_started", "calibration", ["deployment_id", "started_at"]
    )
    op.create_index("ix_calibration_session_id", "calibration", ["session_id"])
    op.create_index("ix_calibration_created_at", "calibration", ["created_at"])
    op.create_table(
        "mode_state",
        *kept(),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "warmup",
                "idle",
                "attract",
                "invite",
                "chat",
                "close",
                "reset",
                "fault",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("previous_position", sa.Integer(), nullable=True),
        sa.Column("previous", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "previous IS NOT NULL OR mode IN ('warmup')", name=op.f("ck_mode_state_first_mode")
        ),
        sa.CheckConstraint(
            f"previous IS NULL OR previous || '>' || mode IN ({steps})",
            name=op.f("ck_mode_state_allowed_step"),
        ),
        sa.CheckConstraint(
            "(position = 0) = (previous IS NULL) AND (position = 0) = (previous_position IS NULL)"
            " AND (previous_position IS NULL OR previous_position = position - 1)",
            name=op.f("ck_mode_state_chained"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "previous_position", "previous"],
            ["mode_state.session_id", "mode_state.position", "mode_state.mode"],
            name="fk_mode_state_previous",
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_mode_state_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mode_state"),
        sa.UniqueConstraint(
            "session_id", "position", "mode", name="uq_mode_state_session_id_position_mode"
        ),
        sa.UniqueConstraint("session_id", "position", name="uq_mode_state_session_id_position"),
    )
    op.create_index("ix_mode_state_session_id", "mode_state", ["session_id"])
    op.create_index("ix_mode_state_created_at", "mode_state", ["created_at"])


def _files() -> None:
    op.create_table(
        "media_file",
        *kept(),
        sa.Column("extension", sa.String(length=10), nullable=False),
        sa.Column("mime_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_media_file_sha256_length")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_media_file_size_bytes_range")),
        sa.PrimaryKeyConstraint("id", name="pk_media_file"),
    )
    op.create_index("ix_media_file_sha256", "media_file", ["sha256"])
    op.create_index("ix_media_file_created_at", "media_file", ["created_at"])
    op.create_table(
        "portrait",
        *kept(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("master_id", sa.Uuid(), nullable=True),
        sa.Column("post_processing", sa.String(length=200), nullable=False),
        sa.Column("avatar", sa.String(length=100), nullable=True),
        sa.Column("image_hash", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("filesize", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("image_metadata", JSON, nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.CheckConstraint("master_id <> id", name=op.f("ck_portrait_master_is_another")),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_portrait_file_id"),
        sa.ForeignKeyConstraint(["master_id"], ["portrait.id"], name="fk_portrait_master_id"),
        sa.PrimaryKeyConstraint("id", name="pk_portrait"),
    )
    op.create_index("ix_portrait_avatar", "portrait", ["avatar"])
    op.create_index("ix_portrait_file_id", "portrait", ["file_id"])
    op.create_index("ix_portrait_image_hash", "portrait", ["image_hash"])
    op.create_index("ix_portrait_master_id", "portrait", ["master_id"])
    op.create_index("ix_portrait_created_at", "portrait", ["created_at"])
    op.create_table(
        "cached_upload",
        *kept(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_cached_upload_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cached_upload"),
        sa.UniqueConstraint("file_id", "service", name="uq_cached_upload_file_id_service"),
    )
    op.create_index("ix_cached_upload_created_at", "cached_upload", ["created_at"])
    op.create_table(
        "precalculation",
        *kept(),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("portrait_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "PLANNED",
                "RUNNING",
                "FAILED",
                "DONE",
                "STALE",
                name="precalculationstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("result_file_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["portrait_id"], ["portrait.id"], name="fk_precalculation_portrait_id"
        ),
        sa.ForeignKeyConstraint(
            ["result_file_id"], ["media_file.id"], name="fk_precalculation_result_file_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_precalculation"),
        sa.UniqueConstraint("kind", "inputs_sha256", name="uq_precalculation_kind_inputs_sha256"),
    )
    op.create_index("ix_precalculation_portrait_id", "precalculation", ["portrait_id"])
    op.create_index("ix_precalculation_result_file_id", "precalculation", ["result_file_id"])
    op.create_index("ix_precalculation_status_kind", "precalculation", ["status", "kind"])
    op.create_index("ix_precalculation_created_at", "precalculation", ["created_at"])


def _recordings() -> None:
    op.create_table(
        "image",
        *kept(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "input",
                "output",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_image_file_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_image_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
    )
    op.create_index("ix_image_file_id", "image", ["file_id"])
    op.create_index("ix_image_session_id", "image", ["session_id"])
    op.create_index("ix_image_created_at", "image", ["created_at"])
    op.create_table(
        "video",
        *kept(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("length_ms", sa.Integer(), nullable=False),
        sa.Column("mime_type", sa.String(length=100), nullable=False),
        sa.Column("post_processing", sa.String(length=200), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "input",
                "output",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.CheckConstraint("length_ms >= 0", name=op.f("ck_video_length_ms_range")),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_video_file_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_video"),
    )
    op.create_index("ix_video_file_id", "video", ["file_id"])
    op.create_index("ix_video_session_id", "video", ["session_id"])
    op.create_index("ix_video_created_at", "video", ["created_at"])
    op.create_table(
        "audio_filter",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("implementation", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audio_filter"),
        sa.UniqueConstraint("name", name="uq_audio_filter_name"),
    )
    op.create_index("ix_audio_filter_created_at", "audio_filter", ["created_at"])
    op.create_table(
        "audio",
        *kept(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("length_ms", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("audio_filter_id", sa.Uuid(), nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "input",
                "output",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.CheckConstraint("length_ms >= 0", name=op.f("ck_audio_length_ms_range")),
        sa.ForeignKeyConstraint(
            ["audio_filter_id"], ["audio_filter.id"], name="fk_audio_audio_filter_id"
        ),
        sa.ForeignKeyConstraint(["file_id"], ["media_file.id"], name="fk_audio_file_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_audio_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audio"),
    )
    op.create_index("ix_audio_audio_filter_id", "audio", ["audio_filter_id"])
    op.create_index("ix_audio_file_id", "audio", ["file_id"])
    op.create_index("ix_audio_session_id", "audio", ["session_id"])
    op.create_index("ix_audio_created_at", "audio", ["created_at"])


def _poses() -> None:
    op.create_table(
        "pose",
        *kept(),
        sa.Column("video_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("coordinates", JSON, nullable=False),
        sa.Column("interpretation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_pose_session_id"),
        sa.ForeignKeyConstraint(["video_id"], ["video.id"], name="fk_pose_video_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pose"),
    )
    op.create_index("ix_pose_session_id", "pose", ["session_id"])
    op.create_index("ix_pose_video_id", "pose", ["video_id"])
    op.create_index("ix_pose_created_at", "pose", ["created_at"])
    op.create_table(
        "pose_sequence",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pose_sequence"),
    )
    op.create_index("ix_pose_sequence_created_at", "pose_sequence", ["created_at"])
    op.create_table(
        "pose_sequence_item",
        *kept(),
        sa.Column("pose_sequence_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("pose_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint('"index" >= 0', name=op.f("ck_pose_sequence_item_index_range")),
        sa.ForeignKeyConstraint(["pose_id"], ["pose.id"], name="fk_pose_sequence_item_pose_id"),
        sa.ForeignKeyConstraint(
            ["pose_sequence_id"],
            ["pose_sequence.id"],
            name="fk_pose_sequence_item_pose_sequence_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pose_sequence_item"),
        sa.UniqueConstraint(
            "pose_sequence_id", "index", name="uq_pose_sequence_item_pose_sequence_id_index"
        ),
    )
    op.create_index("ix_pose_sequence_item_pose_id", "pose_sequence_item", ["pose_id"])
    op.create_index("ix_pose_sequence_item_created_at", "pose_sequence_item", ["created_at"])


def _sessions() -> None:
    stamp("session")
    add(
        "session",
        'user_id KEY CONSTRAINT fk_session_user_id REFERENCES "user" (id)',
        "deployment_id KEY CONSTRAINT fk_session_deployment_id REFERENCES deployment (id)",
        "client_system_id KEY CONSTRAINT fk_session_client_system_id REFERENCES client_system (id)",
        "run_id KEY CONSTRAINT fk_session_run_id REFERENCES run (id)",
        "timezone VARCHAR(60) NOT NULL DEFAULT ''",
        "initiator VARCHAR(60) NOT NULL DEFAULT ''",
    )
    for column in ("user_id", "deployment_id", "client_system_id", "run_id"):
        op.create_index(f"ix_session_{column}", "session", [column])
