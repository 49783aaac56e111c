"""Rows of training data as messages of TrainingService, and back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from capsulecast.v1 import training_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid, named, text
from control_plane.translate.jsonform import from_json
from control_plane.translate.storing import (
    identity,
    moment,
    optional_identity,
    present,
    rated,
    shown_id,
    timestamp,
)
from storage.export import Selection
from storage.export_formats import ExportFormat
from storage.export_marks import TrainingStats
from storage.models import (
    Finetune,
    InferenceSample,
    Project,
    Prompt,
    TrainingDataItem,
    TrainingDataset,
)
from storage.privacy import Personal

__all__ = [
    "dataset_columns",
    "dataset_to_message",
    "export_from_json",
    "finetune_columns",
    "finetune_to_message",
    "format_from_message",
    "item_from_message",
    "item_to_message",
    "pairs_from_message",
    "project_to_message",
    "selection_from_message",
    "stats_to_message",
]

_MAX_NAME = 200
_MAX_VALUE = 100_000
_ISO_LETTERS = 3
_FORMATS: Mapping[int, ExportFormat] = {
    0: ExportFormat.JSON,
    **{pb.ExportFormat.Value(f"EXPORT_FORMAT_{one.name}"): one for one in ExportFormat},
}
_PERSONAL: Mapping[int, Personal] = {
    0: Personal.KEEP,
    **{pb.PersonalData.Value(f"PERSONAL_DATA_{one.name}"): one for one in Personal},
}


def selection_from_message(message: pb.ExportConversationsRequest) -> Selection:
    """Which conversations are to be exported, and how.

    Raises:
        InvalidArgumentError: A value is out of range.
    """
    quality, judgement = present(message, "min_quality"), present(message, "min_judgement")
    return Selection(
        conversation_id=optional_identity("conversation_id", message.conversation_id),
        limit=message.limit or None,
        after=optional_identity("after", message.after),
        min_quality=None if quality is None else rated("min_quality", quality, 0, 1),
        since=_when(message, "since"),
        until=_when(message, "until"),
        consented=message.consented,
        min_judgement=None if judgement is None else rated("min_judgement", judgement, -1, 1),
        not_exported=message.not_exported,
        personal=named("personal", message.personal, _PERSONAL, InvalidArgumentError),
    )


def export_from_json(data: object) -> tuple[Selection, ExportFormat]:
    """Both, of a request in parsed proto3 JSON; short names such as "json" do too.

    Raises:
        InvalidArgumentError: It does not fit, or a value is out of range.
    """
    if isinstance(data, dict):
        data = dict(data)
        for field, prefix, kinds in (
            ("format", "EXPORT_FORMAT_", ExportFormat),
            ("personal", "PERSONAL_DATA_", Personal),
        ):
            if data.get(field) in set(kinds):
                data[field] = prefix + str(data[field]).upper()
    message = from_json(data, pb.ExportConversationsRequest(), "request")
    return selection_from_message(message), format_from_message(message)


def format_from_message(message: pb.ExportConversationsRequest) -> ExportFormat:
    """What an export is written as.

    Raises:
        InvalidArgumentError: There is no format of that number.
    """
    return named("format", message.format, _FORMATS, InvalidArgumentError)


def stats_to_message(stats: TrainingStats) -> pb.GetTrainingStatsResponse:
    """How much there is."""
    return pb.GetTrainingStatsResponse(
        conversations=stats.conversations,
        exported=stats.exported,
        consented=stats.consented,
        high_quality=stats.high_quality,
        messages=stats.messages,
        flagged_messages=stats.flagged_messages,
        voice_messages=stats.voice_messages,
        memories=stats.memories,
        agent_logs=stats.agent_logs,
        mean_quality=stats.mean_quality,
        mean_response_time=stats.mean_response_time_s,
    )


def project_to_message(
    row: Project, dataset: pb.Dataset | None = None, finetune: pb.Finetune | None = None
) -> pb.Project:
    """A project, with the latest of what it owns."""
    return pb.Project(
        id=str(row.id),
        name=row.name,
        owner_id=str(row.owner_id),
        status=row.status.value,
        training_dataset=dataset,
        finetune=finetune,
        created_at=timestamp(row.created_at),
    )


def dataset_to_message(row: TrainingDataset, history: Iterable[Prompt] = ()) -> pb.Dataset:
    """A dataset; `history` holds the prompts before its own."""
    return pb.Dataset(
        id=str(row.id),
        project_id=str(row.project_id),
        version=row.version,
        status=row.status.value,
        generate_prompt_id=str(row.generate_prompt_id),
        corpus_id=str(row.corpus_id),
        language_iso=row.language_iso,
        field_names=row.field_names,
        input_field=row.input_field or "",
        output_field=row.output_field or "",
        generate_model=row.generate_model or "",
        generate_model_runner=row.generate_model_runner or "",
        generate_gpu_info_card=row.generate_gpu_info_card or "",
        generate_gpu_info_total_gb=row.generate_gpu_info_total_gb,
        generate_gpu_info_cuda_version=row.generate_gpu_info_cuda_version or "",
        total_generation_time_seconds=row.total_generation_time_seconds,
        generate_prompt_history=[prompt.text for prompt in history],
        created_at=timestamp(row.created_at),
    )


def dataset_columns(message: pb.Dataset) -> dict[str, Any]:
    """Values of a new dataset's columns.

    Raises:
        InvalidArgumentError: A value cannot be taken.
    """
    names = [text("dataset.field_names", name, _MAX_NAME, InvalidArgumentError)
             for name in message.field_names]  # fmt: skip
    if not names or len(set(names)) < len(names):
        raise invalid("dataset.field_names", names, "one or more names, each of its own")
    for field in ("input_field", "output_field"):
        value = getattr(message, field)
        if value and value not in names:
            raise invalid(f"dataset.{field}", value, f"one of {', '.join(names)}")
    language = message.language_iso
    if len(language) != _ISO_LETTERS or not (language.isascii() and language.islower()):
        raise invalid("dataset.language_iso", language, "three small letters, such as 'eng'")
    columns: dict[str, Any] = {
        "generate_prompt_id": identity("dataset.generate_prompt_id", message.generate_prompt_id),
        "corpus_id": identity("dataset.corpus_id", message.corpus_id),
        "language_iso": language,
        "field_names": names,
    }
    for field in (
        "input_field",
        "output_field",
        "generate_model",
        "generate_model_runner",
        "generate_gpu_info_card",
        "generate_gpu_info_cuda_version",
    ):
        columns[field] = _name(f"dataset.{field}", getattr(message, field))
    for field in ("generate_gpu_info_total_gb", "total_generation_time_seconds"):
        columns[field] = present(message, field)
    return columns


def item_to_message(row: TrainingDataItem) -> pb.DataItem:
    """An example."""
    return pb.DataItem(
        id=str(row.id),
        position=row.position,
        values=row.values,
        corrects=shown_id(row.corrects_id),
        source_document=row.source_document or "",
        source_document_start=row.source_document_start or "",
        source_document_end=row.source_document_end or "",
        generation_time_seconds=row.generation_time_seconds,
        message_id=shown_id(row.message_id),
    )


def item_from_message(message: pb.DataItem) -> TrainingDataItem:
    """A new example.

    Raises:
        InvalidArgumentError: A value cannot be taken.
    """
    if any(len(value) > _MAX_VALUE for value in message.values):
        raise invalid("items.values", "...", f"at most {_MAX_VALUE:,} characters each")
    return TrainingDataItem(
        values=list(message.values),
        source_document=message.source_document or None,
        source_document_start=message.source_document_start or None,
        source_document_end=message.source_document_end or None,
        generation_time_seconds=rated(
            "items.generation_time_seconds", message.generation_time_seconds, 0, float("inf")
        ),
        message_id=optional_identity("items.message_id", message.message_id),
    )


def finetune_to_message(row: Finetune, samples: Sequence[InferenceSample] = ()) -> pb.Finetune:
    """A finetune, with what it answered by step."""
    return pb.Finetune(
        id=str(row.id),
        project_id=str(row.project_id),
        version=row.version,
        status=row.status.value,
        model_name=row.model_name,
        base_model_name=row.base_model_name,
        training_dataset_id=str(row.training_dataset_id),
        model_size_gb=row.model_size_gb,
        model_size_parameter=row.model_size_parameter,
        model_dtype=row.model_dtype or "",
        model_quantization=row.model_quantization or "",
        training_time_seconds=row.training_time_seconds,
        inference_samples=[
            pb.InferenceSample(
                at_step=sample.at_step,
                items=[pb.InferencePair(**pair) for pair in sample.items],
            )
            for sample in sorted(samples, key=lambda one: (one.at_step, one.id))
        ],
        created_at=timestamp(row.created_at),
    )


def finetune_columns(message: pb.Finetune) -> dict[str, Any]:
    """Values of a new finetune's columns.

    Raises:
        InvalidArgumentError: A value cannot be taken.
    """
    columns: dict[str, Any] = {
        field: text(f"finetune.{field}", getattr(message, field), _MAX_NAME, InvalidArgumentError)
        for field in ("model_name", "base_model_name")
    }
    columns["training_dataset_id"] = identity(
        "finetune.training_dataset_id", message.training_dataset_id
    )
    for field in ("model_dtype", "model_quantization"):
        columns[field] = _name(f"finetune.{field}", getattr(message, field), 40)
    for field in ("model_size_gb", "model_size_parameter", "training_time_seconds"):
        columns[field] = present(message, field)
    return columns


def pairs_from_message(message: pb.InferenceSample) -> list[dict[str, str]]:
    """Inputs with their outputs, ready for JSON."""
    return [{"input": pair.input, "output": pair.output} for pair in message.items]


def _name(field: str, value: str, limit: int = _MAX_NAME) -> str | None:
    return text(field, value, limit, InvalidArgumentError) if value else None


def _when(message: pb.ExportConversationsRequest, field: str) -> datetime | None:
    stamp = present(message, field)
    return None if stamp is None else moment(field, stamp)
