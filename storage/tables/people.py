"""Who talks to the avatar, through what, and what the session was doing meanwhile."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.states import MODES, Mode
from storage.tables.base import NAME, PERSONAL, Base, Json, Kept, choice, key

__all__ = ["Calibration", "ClientSystem", "ModeState", "User"]


class User(Kept, Base):
    """Somebody, or a kiosk under whose name many people talk.

    `consent_at` is when the user agreed that conversations may be used for training; `erased_at`
    when everything personal was taken out of the row, which stays for what refers to it.
    """

    __tablename__ = "user"

    username: Mapped[str] = mapped_column(NAME, unique=True, info=PERSONAL)
    external_identifier: Mapped[str | None] = mapped_column(NAME, unique=True, info=PERSONAL)
    coordinates: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info=PERSONAL)
    permissions: Mapped[list[str]] = mapped_column(Json, default=list)
    email: Mapped[str | None] = mapped_column(String(320), index=True, info=PERSONAL)
    shared: Mapped[bool] = mapped_column(default=False)
    consent_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class ClientSystem(Kept, Base):
    """The machine or the channel that a user comes through, as far as it is known."""

    __tablename__ = "client_system"

    browser: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info=PERSONAL)
    camera: Mapped[str] = mapped_column(NAME, default="")
    microphone: Mapped[str] = mapped_column(NAME, default="")
    speakers: Mapped[str] = mapped_column(NAME, default="")
    resolution: Mapped[str] = mapped_column(String(40), default="")
    external_accounts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info=PERSONAL)


class Calibration(Kept, Base):
    """How a camera or another sensor was set from a time on, and whether a machine set it."""

    __tablename__ = "calibration"
    __table_args__ = (Index("ix_calibration_deployment_started", "deployment_id", "started_at"),)

    deployment_id: Mapped[UUID | None] = key("deployment", index=False)
    session_id: Mapped[UUID | None] = key("session")
    client_system_id: Mapped[UUID | None] = key("client_system")
    started_at: Mapped[datetime]
    automatic: Mapped[bool] = mapped_column(default=False)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)


class ModeState(Kept, Base):
    """What a session did from a time on: one step of its state machine.

    A row names the mode before it, and refers to the row of that mode: so the database itself
    takes only chains of allowed steps, however many write at once.
    """

    __tablename__ = "mode_state"
    __table_args__ = (
        UniqueConstraint("session_id", "position"),
        UniqueConstraint("session_id", "position", "mode"),
        ForeignKeyConstraint(
            ["session_id", "previous_position", "previous"],
            ["mode_state.session_id", "mode_state.position", "mode_state.mode"],
            name="fk_mode_state_previous",
        ),
        CheckConstraint(
            "(position = 0) = (previous IS NULL) AND (position = 0) = (previous_position IS NULL)"
            " AND (previous_position IS NULL OR previous_position = position - 1)",
            name="chained",
        ),
        CheckConstraint(
            "previous IS NOT NULL OR mode IN ({})".format(
                ", ".join(f"'{mode}'" for mode in sorted(MODES.first))
            ),
            name="first_mode",
        ),
        CheckConstraint(
            "previous IS NULL OR previous || '>' || mode IN ({})".format(
                ", ".join(f"'{before}>{after}'" for before, after in MODES.pairs)
            ),
            name="allowed_step",
        ),
    )

    session_id: Mapped[UUID] = key("session")
    position: Mapped[int]
    mode: Mapped[Mode] = mapped_column(choice(Mode))
    started_at: Mapped[datetime]
    previous_position: Mapped[int | None]
    previous: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(NAME, default="")
