"""What a memory is about, when it is due, and when it fades."""

from alembic import op

from storage.migrations.alike import add

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """To this version."""
    add(
        "memory",
        "kind VARCHAR(20) NOT NULL DEFAULT ''",
        "subject VARCHAR(200) NOT NULL DEFAULT ''",
        "value TEXT NOT NULL DEFAULT ''",
        "due_at TIME",
        "fades_at TIME",
    )
    op.create_index("ix_memory_subject", "memory", ["user_id", "subject"])
