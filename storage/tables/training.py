"""From what was remembered to a finetuned model: projects, corpora, datasets, prompts, finetunes.

A project's latest dataset and finetune are the ones of the highest version: that is asked of the
table, not kept beside it, so it is never out of date.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from storage.states import (
    DATASET,
    FINETUNE,
    PROJECT,
    DatasetStatus,
    FinetuneStatus,
    ProjectStatus,
)
from storage.tables.base import (
    NAME,
    PERSONAL,
    Base,
    Hundredths,
    Json,
    Kept,
    choice,
    key,
)

__all__ = [
    "Corpus",
    "Finetune",
    "InferenceSample",
    "Project",
    "Prompt",
    "PromptHistory",
    "TrainingDataItem",
    "TrainingDataset",
]


class Project(Kept, Base):
    """What owns datasets and finetunes."""

    __tablename__ = "project"

    name: Mapped[str] = mapped_column(NAME)
    owner_id: Mapped[UUID] = key("user")
    status: Mapped[ProjectStatus] = mapped_column(
        choice(ProjectStatus), default=ProjectStatus.ACTIVE, index=True
    )
    # The last version that was given to each kind of what the project numbers.
    last_dataset: Mapped[int] = mapped_column(default=0)
    last_finetune: Mapped[int] = mapped_column(default=0)
    last_prompt: Mapped[int] = mapped_column(default=0)

    @validates("status")
    def _check_status(self, _name: str, after: ProjectStatus) -> ProjectStatus:
        PROJECT.check(self.status, after)
        return after


class Corpus(Kept, Base):
    """Where the files lie that datasets are made from: a path, or an address on S3."""

    __tablename__ = "corpus"

    name: Mapped[str] = mapped_column(NAME, unique=True)
    s3_path: Mapped[str] = mapped_column(Text)


class Prompt(Kept, Base):
    """One version of the prompt that a project generates data with."""

    __tablename__ = "prompt"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        CheckConstraint("version >= 1", name="version_range"),
    )

    project_id: Mapped[UUID] = key("project", index=False)
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class TrainingDataset(Kept, Base):
    """One version of a project's training data, and how it was generated."""

    __tablename__ = "training_dataset"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        CheckConstraint("version >= 1", name="version_range"),
        CheckConstraint("length(language_iso) = 3", name="language_iso_length"),
    )

    project_id: Mapped[UUID] = key("project", index=False)
    version: Mapped[int]
    generate_model: Mapped[str | None] = mapped_column(NAME)
    generate_model_runner: Mapped[str | None] = mapped_column(NAME)
    generate_gpu_info_card: Mapped[str | None] = mapped_column(NAME)
    generate_gpu_info_total_gb: Mapped[float | None] = mapped_column(Hundredths)
    generate_gpu_info_cuda_version: Mapped[str | None] = mapped_column(String(40))
    input_field: Mapped[str | None] = mapped_column(NAME)
    output_field: Mapped[str | None] = mapped_column(NAME)
    total_generation_time_seconds: Mapped[float | None] = mapped_column(Hundredths)
    generate_prompt_id: Mapped[UUID] = key("prompt")
    corpus_id: Mapped[UUID] = key("corpus")
    language_iso: Mapped[str] = mapped_column(String(3))
    status: Mapped[DatasetStatus] = mapped_column(
        choice(DatasetStatus), default=DatasetStatus.PLANNING, index=True
    )
    field_names: Mapped[list[str]] = mapped_column(Json)

    @validates("status")
    def _check_status(self, _name: str, after: DatasetStatus) -> DatasetStatus:
        DATASET.check(self.status, after)
        return after


class PromptHistory(Kept, Base):
    """A prompt that a dataset's owner had saved before the current one."""

    __tablename__ = "prompt_history"
    __table_args__ = (UniqueConstraint("training_dataset_id", "position"),)

    training_dataset_id: Mapped[UUID] = key("training_dataset", index=False)
    position: Mapped[int]
    prompt_id: Mapped[UUID] = key("prompt")


class TrainingDataItem(Kept, Base):
    """One example. A correction is a new item in the old one's place, which it supersedes.

    `values` are as many as the dataset's `field_names`, in their order. The items that count are
    those that nothing corrects and that are not deleted.
    """

    __tablename__ = "training_data_item"
    __table_args__ = (
        UniqueConstraint("id", "training_dataset_id", "position"),
        UniqueConstraint("corrects_id"),
        ForeignKeyConstraint(
            ["corrects_id", "training_dataset_id", "position"],
            [
                "training_data_item.id",
                "training_data_item.training_dataset_id",
                "training_data_item.position",
            ],
            name="fk_training_data_item_corrects",
        ),
        Index(
            "ix_training_data_item_current",
            "training_dataset_id",
            "position",
            unique=True,
            sqlite_where=text("NOT superseded"),
            postgresql_where=text("NOT superseded"),
        ),
    )

    training_dataset_id: Mapped[UUID] = key("training_dataset", index=False)
    position: Mapped[int]
    values: Mapped[list[str]] = mapped_column(Json, info=PERSONAL)
    corrects_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None] = key("message")
    source_document: Mapped[str | None] = mapped_column(Text)
    source_document_start: Mapped[str | None] = mapped_column(Text)
    source_document_end: Mapped[str | None] = mapped_column(Text)
    generation_time_seconds: Mapped[float] = mapped_column(Hundredths)
    superseded: Mapped[bool] = mapped_column(default=False)
    deleted: Mapped[bool] = mapped_column(default=False)


class Finetune(Kept, Base):
    """One version of a project's model: how it was trained, and what came out."""

    __tablename__ = "finetune"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        CheckConstraint("version >= 1", name="version_range"),
    )

    project_id: Mapped[UUID] = key("project", index=False)
    version: Mapped[int]
    model_name: Mapped[str] = mapped_column(NAME)
    base_model_name: Mapped[str] = mapped_column(NAME)
    model_size_gb: Mapped[int | None]
    model_size_parameter: Mapped[int | None] = mapped_column(BigInteger)
    model_dtype: Mapped[str | None] = mapped_column(String(40))
    model_quantization: Mapped[str | None] = mapped_column(String(40))
    training_dataset_id: Mapped[UUID] = key("training_dataset")
    training_time_seconds: Mapped[float | None] = mapped_column(Hundredths)
    status: Mapped[FinetuneStatus] = mapped_column(
        choice(FinetuneStatus), default=FinetuneStatus.RUNNING, index=True
    )

    @validates("status")
    def _check_status(self, _name: str, after: FinetuneStatus) -> FinetuneStatus:
        FINETUNE.check(self.status, after)
        return after


class InferenceSample(Kept, Base):
    """What the model answered at one step of its training: pairs of input and output."""

    __tablename__ = "inference_sample"
    __table_args__ = (CheckConstraint("at_step >= 0", name="at_step_range"),)

    finetune_id: Mapped[UUID] = key("finetune")
    at_step: Mapped[int]
    items: Mapped[list[dict[str, Any]]] = mapped_column(Json, info=PERSONAL)
