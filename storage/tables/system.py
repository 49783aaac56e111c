"""What runs, and where: versions of the program, runs of it, deployments and their scenarios."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import NAME, Base, Json, Kept, key

__all__ = ["Deployment", "DeploymentType", "Run", "Scenario", "SystemVersion"]


class SystemVersion(Kept, Base):
    """One version of the program: its release, the commit, and whether the code was modified."""

    __tablename__ = "system_version"
    __table_args__ = (UniqueConstraint("version_tag", "git_hash", "modified"),)

    version_tag: Mapped[str] = mapped_column(NAME)
    git_hash: Mapped[str] = mapped_column(String(64), default="")
    modified: Mapped[bool] = mapped_column(default=False)


class DeploymentType(Kept, Base):
    """A way to use the program: a kiosk, a video call, sound alone, staging."""

    __tablename__ = "deployment_type"

    descriptor: Mapped[str] = mapped_column(NAME, unique=True)
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Scenario(Kept, Base):
    """A physical situation, with the parts of the system that are on in it."""

    __tablename__ = "scenario"

    scenario: Mapped[str] = mapped_column(NAME, unique=True)
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    deployment_type_id: Mapped[UUID] = key("deployment_type")
    system_version_id: Mapped[UUID | None] = key("system_version")


class Deployment(Kept, Base):
    """The program set up at one place; every session is in one."""

    __tablename__ = "deployment"

    name: Mapped[str] = mapped_column(NAME, unique=True)
    deployment_type_id: Mapped[UUID] = key("deployment_type")
    scenario_id: Mapped[UUID | None] = key("scenario")
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Run(Kept, Base):
    """One start of a component of the program."""

    __tablename__ = "run"
    __table_args__ = (Index("ix_run_component_started_at", "component", "started_at"),)

    component: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    system_version_id: Mapped[UUID] = key("system_version")
    deployment_id: Mapped[UUID | None] = key("deployment")
    hardware: Mapped[str] = mapped_column(NAME, default="")
