"""Projects, datasets and finetunes, and state machines that the database keeps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.alike import kept

revision = "0005"
down_revision = "0004"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


MACHINES: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "project": (
        ["ACTIVE"],
        [
            ("ACTIVE", "ARCHIVED"),
            ("ACTIVE", "DELETED"),
            ("ARCHIVED", "ACTIVE"),
            ("ARCHIVED", "DELETED"),
        ],
    ),
    "training_dataset": (
        ["PLANNING"],
        [
            ("ABORTED", "PLANNING"),
            ("DONE", "DELETED"),
            ("FAILED", "PLANNING"),
            ("PLANNING", "DELETED"),
            ("PLANNING", "RUNNING"),
            ("RUNNING", "ABORTED"),
            ("RUNNING", "DONE"),
            ("RUNNING", "FAILED"),
        ],
    ),
    "finetune": (
        ["RUNNING"],
        [
            ("ABORTED", "RUNNING"),
            ("DONE", "DELETED"),
            ("FAILED", "RUNNING"),
            ("RUNNING", "ABORTED"),
            ("RUNNING", "DONE"),
            ("RUNNING", "FAILED"),
        ],
    ),
    "precalculation": (
        ["PLANNED"],
        [
            ("DONE", "STALE"),
            ("FAILED", "PLANNED"),
            ("FAILED", "STALE"),
            ("PLANNED", "RUNNING"),
            ("PLANNED", "STALE"),
            ("RUNNING", "DONE"),
            ("RUNNING", "FAILED"),
            ("STALE", "PLANNED"),
        ],
    ),
}
"""Where a status may begin, and which may follow which, as of this version."""


def upgrade() -> None:
    """To this version."""
    _projects()
    _datasets()
    _finetunes()
    for table, (first, steps) in MACHINES.items():
        _guard(table, first, steps)


def _projects() -> None:
    op.create_table(
        "project",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "ACTIVE",
                "ARCHIVED",
                "DELETED",
                name="projectstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("last_dataset", sa.Integer(), nullable=False),
        sa.Column("last_finetune", sa.Integer(), nullable=False),
        sa.Column("last_prompt", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_project_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
    )
    op.create_index("ix_project_owner_id", "project", ["owner_id"])
    op.create_index("ix_project_status", "project", ["status"])
    op.create_index("ix_project_created_at", "project", ["created_at"])
    op.create_table(
        "corpus",
        *kept(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("s3_path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corpus"),
        sa.UniqueConstraint("name", name="uq_corpus_name"),
    )
    op.create_index("ix_corpus_created_at", "corpus", ["created_at"])
    op.create_table(
        "prompt",
        *kept(),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_prompt_version_range")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_prompt_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prompt"),
        sa.UniqueConstraint("project_id", "version", name="uq_prompt_project_id_version"),
    )
    op.create_index("ix_prompt_created_at", "prompt", ["created_at"])


def _datasets() -> None:
    op.create_table(
        "training_dataset",
        *kept(),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generate_model", sa.String(length=200), nullable=True),
        sa.Column("generate_model_runner", sa.String(length=200), nullable=True),
        sa.Column("generate_gpu_info_card", sa.String(length=200), nullable=True),
        sa.Column("generate_gpu_info_total_gb", sa.Float(), nullable=True),
        sa.Column("generate_gpu_info_cuda_version", sa.String(length=40), nullable=True),
        sa.Column("input_field", sa.String(length=200), nullable=True),
        sa.Column("output_field", sa.String(length=200), nullable=True),
        sa.Column("total_generation_time_seconds", sa.Float(), nullable=True),
        sa.Column("generate_prompt_id", sa.Uuid(), nullable=False),
        sa.Column("corpus_id", sa.Uuid(), nullable=False),
        sa.Column("language_iso", sa.String(length=3), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PLANNING",
                "RUNNING",
                "ABORTED",
                "FAILED",
                "DONE",
                "DELETED",
                name="datasetstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("field_names", JSON, nullable=False),
        sa.CheckConstraint(
            "length(language_iso) = 3", name=op.f("ck_training_dataset_language_iso_length")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_training_dataset_version_range")),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpus.id"], name="fk_training_dataset_corpus_id"),
        sa.ForeignKeyConstraint(
            ["generate_prompt_id"], ["prompt.id"], name="fk_training_dataset_generate_prompt_id"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_training_dataset_project_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_dataset"),
        sa.UniqueConstraint("project_id", "version", name="uq_training_dataset_project_id_version"),
    )
    op.create_index("ix_training_dataset_corpus_id", "training_dataset", ["corpus_id"])
    op.create_index(
        "ix_training_dataset_generate_prompt_id", "training_dataset", ["generate_prompt_id"]
    )
    op.create_index("ix_training_dataset_status", "training_dataset", ["status"])
    op.create_index("ix_training_dataset_created_at", "training_dataset", ["created_at"])
    op.create_table(
        "prompt_history",
        *kept(),
        sa.Column("training_dataset_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompt.id"], name="fk_prompt_history_prompt_id"),
        sa.ForeignKeyConstraint(
            ["training_dataset_id"],
            ["training_dataset.id"],
            name="fk_prompt_history_training_dataset_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_history"),
        sa.UniqueConstraint(
            "training_dataset_id", "position", name="uq_prompt_history_training_dataset_id_position"
        ),
    )
    op.create_index("ix_prompt_history_prompt_id", "prompt_history", ["prompt_id"])
    op.create_index("ix_prompt_history_created_at", "prompt_history", ["created_at"])
    op.create_table(
        "training_data_item",
        *kept(),
        sa.Column("training_dataset_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("source_document", sa.Text(), nullable=True),
        sa.Column("source_document_start", sa.Text(), nullable=True),
        sa.Column("source_document_end", sa.Text(), nullable=True),
        sa.Column("generation_time_seconds", sa.Float(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["corrects_id", "training_dataset_id", "position"],
            [
                "training_data_item.id",
                "training_data_item.training_dataset_id",
                "training_data_item.position",
            ],
            name="fk_training_data_item_corrects",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_training_data_item_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["training_dataset_id"],
            ["training_dataset.id"],
            name="fk_training_data_item_training_dataset_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_data_item"),
        sa.UniqueConstraint("corrects_id", name="uq_training_data_item_corrects_id"),
        sa.UniqueConstraint(
            "id",
            "training_dataset_id",
            "position",
            name="uq_training_data_item_id_training_dataset_id_position",
        ),
    )
    op.create_index(
        "ix_training_data_item_current",
        "training_data_item",
        ["training_dataset_id", "position"],
        unique=True,
        sqlite_where=sa.text("NOT superseded"),
        postgresql_where=sa.text("NOT superseded"),
    )
    op.create_index("ix_training_data_item_message_id", "training_data_item", ["message_id"])
    op.create_index("ix_training_data_item_created_at", "training_data_item", ["created_at"])


def _finetunes() -> None:
    op.create_table(
        "finetune",
        *kept(),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("model_name", sa.String(length=200), nullable=False),
        sa.Column("base_model_name", sa.String(length=200), nullable=False),
        sa.Column("model_size_gb", sa.Integer(), nullable=True),
        sa.Column("model_size_parameter", sa.BigInteger(), nullable=True),
        sa.Column("model_dtype", sa.String(length=40), nullable=True),
        sa.Column("model_quantization", sa.String(length=40), nullable=True),
        sa.Column("training_dataset_id", sa.Uuid(), nullable=False),
        sa.Column("training_time_seconds", sa.Float(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "RUNNING",
                "ABORTED",
                "FAILED",
                "DONE",
                "DELETED",
                name="finetunestatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_finetune_version_range")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_finetune_project_id"),
        sa.ForeignKeyConstraint(
            ["training_dataset_id"], ["training_dataset.id"], name="fk_finetune_training_dataset_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_finetune"),
        sa.UniqueConstraint("project_id", "version", name="uq_finetune_project_id_version"),
    )
    op.create_index("ix_finetune_status", "finetune", ["status"])
    op.create_index("ix_finetune_training_dataset_id", "finetune", ["training_dataset_id"])
    op.create_index("ix_finetune_created_at", "finetune", ["created_at"])
    op.create_table(
        "inference_sample",
        *kept(),
        sa.Column("finetune_id", sa.Uuid(), nullable=False),
        sa.Column("at_step", sa.Integer(), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.CheckConstraint("at_step >= 0", name=op.f("ck_inference_sample_at_step_range")),
        sa.ForeignKeyConstraint(
            ["finetune_id"], ["finetune.id"], name="fk_inference_sample_finetune_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inference_sample"),
    )
    op.create_index("ix_inference_sample_finetune_id", "inference_sample", ["finetune_id"])
    op.create_index("ix_inference_sample_created_at", "inference_sample", ["created_at"])


def _guard(table: str, first: list[str], steps: list[tuple[str, str]]) -> None:
    """Has the database refuse a status that may not follow."""
    begins = ", ".join(f"'{status}'" for status in first)
    moves = ", ".join(f"'{before}>{after}'" for before, after in steps)
    wrong_start = f"NEW.status NOT IN ({begins})"
    wrong_move = f"OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ({moves})"
    message = f"illegal status of {table}"
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql(table, wrong_start, wrong_move, message)
        return
    for when, wrong in (("INSERT", wrong_start), ("UPDATE OF status", wrong_move)):
        op.execute(
            f"CREATE TRIGGER {table}_status_{when.split()[0].lower()} BEFORE {when} ON {table}"
            f" WHEN {wrong} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guard_postgresql(table: str, wrong_start: str, wrong_move: str, message: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_status_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'INSERT' THEN IF {wrong_start} THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"
        f" ELSIF {wrong_move} THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_status BEFORE INSERT OR UPDATE OF status ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_status_guard()"
    )
