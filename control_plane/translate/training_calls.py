"""Each call of TrainingService: a request in, its answer out, for both doors."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from capsulecast.v1 import training_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid, text
from control_plane.remembering.remembered import Page, Remembered
from control_plane.sessions.paging import write_token
from control_plane.translate.storing import identity, one_of, present, timestamp
from control_plane.translate.training_rows import (
    dataset_columns,
    dataset_to_message,
    finetune_columns,
    finetune_to_message,
    format_from_message,
    item_from_message,
    item_to_message,
    pairs_from_message,
    project_to_message,
    selection_from_message,
    stats_to_message,
)
from storage.models import (
    Corpus,
    Finetune,
    InferenceSample,
    Project,
    TrainingDataset,
    User,
)
from storage.states import DatasetStatus, FinetuneStatus, ProjectStatus

__all__ = ["TrainingCalls"]

_MAX_NAME = 200
_MAX_PATH = 4000
_MAX_PROMPT = 100_000
_MAX_POSITION_DIGITS = 9


class TrainingCalls:
    """The calls, under their names in snake case; see `training_service.proto`.

    Each raises InvalidArgumentError where a value of the request cannot be taken, and errors of
    the storage.

    Args:
        remembered: What answers them.
    """

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
        self._run = remembered.run
        self._archive = remembered.archive
        self._training = remembered.training

    async def export_conversations(
        self, request: pb.ExportConversationsRequest
    ) -> AsyncIterator[pb.ExportConversationsResponse]:
        """Exports conversations piece by piece."""
        selection, form = selection_from_message(request), format_from_message(request)
        async with aclosing(await self._remembered.export(selection, form)) as blocks:
            async for block in blocks:
                yield pb.ExportConversationsResponse(data=block)

    async def get_training_stats(
        self,
        request: pb.GetTrainingStatsRequest,  # noqa: ARG002 - it asks for nothing in particular
    ) -> pb.GetTrainingStatsResponse:
        """How much there is to train on."""
        return stats_to_message(await self._remembered.run_settled(self._remembered.marks.stats))

    async def mark_exported(self, request: pb.MarkExportedRequest) -> pb.MarkExportedResponse:
        """Notes that a conversation has been exported."""
        key = identity("conversation_id", request.conversation_id)
        at = await self._run(self._remembered.marks.mark, key)
        return pb.MarkExportedResponse(conversation_id=str(key), exported_at=timestamp(at))

    async def create_project(self, request: pb.CreateProjectRequest) -> pb.CreateProjectResponse:
        """Begins a project."""
        owner = identity("owner_id", request.owner_id)
        name = text("name", request.name, _MAX_NAME, InvalidArgumentError)
        row = Project(name=name, owner_id=owner)
        await self._run(self._archive.get, User, owner)
        await self._run(self._archive.add, row)
        return pb.CreateProjectResponse(project=project_to_message(row))

    async def list_projects(self, request: pb.ListProjectsRequest) -> pb.ListProjectsResponse:
        """Lists projects."""
        page = Page(request.page_size, request.page_token)
        shown = Project.status != ProjectStatus.DELETED
        rows, token = await self._remembered.page(Project, page, shown)
        return pb.ListProjectsResponse(projects=await self._projects(rows), next_page_token=token)

    async def set_project_status(
        self, request: pb.SetProjectStatusRequest
    ) -> pb.SetProjectStatusResponse:
        """Moves a project on."""
        status = one_of("status", request.status, ProjectStatus)
        key = identity("id", request.id)
        row = await self._run(self._training.set_project_status, key, status)
        return pb.SetProjectStatusResponse(project=(await self._projects([row]))[0])

    async def create_corpus(self, request: pb.CreateCorpusRequest) -> pb.CreateCorpusResponse:
        """Makes a corpus known."""
        row = Corpus(
            name=text("name", request.name, _MAX_NAME, InvalidArgumentError),
            s3_path=text("s3_path", request.s3_path, _MAX_PATH, InvalidArgumentError),
        )
        await self._run(self._archive.add, row)
        return pb.CreateCorpusResponse(id=str(row.id))

    async def create_prompt(self, request: pb.CreatePromptRequest) -> pb.CreatePromptResponse:
        """Keeps the next version of a project's prompt."""
        said = text("text", request.text, _MAX_PROMPT, InvalidArgumentError)
        key = identity("project_id", request.project_id)
        row = await self._run(self._training.new_prompt, key, said)
        return pb.CreatePromptResponse(id=str(row.id), version=row.version)

    async def create_dataset(self, request: pb.CreateDatasetRequest) -> pb.CreateDatasetResponse:
        """Begins the next version of a project's dataset."""
        key = identity("dataset.project_id", request.dataset.project_id)
        columns = dataset_columns(request.dataset)
        await self._run(self._archive.get, Corpus, columns["corpus_id"])
        row = await self._run(self._training.new_dataset, key, **columns)
        return pb.CreateDatasetResponse(dataset=(await self._datasets([row]))[0])

    async def list_datasets(self, request: pb.ListDatasetsRequest) -> pb.ListDatasetsResponse:
        """Lists a project's datasets."""
        key = identity("project_id", request.project_id)
        await self._run(self._archive.get, Project, key)
        rows = await self._remembered.every(TrainingDataset, TrainingDataset.project_id == key)
        rows.sort(key=lambda row: -row.version)
        return pb.ListDatasetsResponse(datasets=await self._datasets(rows))

    async def set_dataset_status(
        self, request: pb.SetDatasetStatusRequest
    ) -> pb.SetDatasetStatusResponse:
        """Moves a dataset on."""
        status = one_of("status", request.status, DatasetStatus)
        given = _given(request, "total_generation_time_seconds")
        key = identity("id", request.id)
        row = await self._run(self._training.set_dataset_status, key, status, **given)
        return pb.SetDatasetStatusResponse(dataset=(await self._datasets([row]))[0])

    async def add_items(self, request: pb.AddItemsRequest) -> pb.AddItemsResponse:
        """Adds examples at the end of a dataset."""
        items = [item_from_message(item) for item in request.items]
        key = identity("dataset_id", request.dataset_id)
        return pb.AddItemsResponse(total=await self._run(self._training.add_items, key, items))

    async def list_items(self, request: pb.ListItemsRequest) -> pb.ListItemsResponse:
        """Lists the examples of a dataset that count."""
        page = Page(request.page_size, request.page_token)
        key, after = identity("dataset_id", request.dataset_id), _position(page.after)
        rows = await self._run(self._training.items, key, after=after, limit=page.count)
        more = False
        if len(rows) == page.count:
            last = rows[-1].position
            more = bool(await self._run(self._training.items, key, after=last, limit=1))
        if not rows:
            await self._run(self._archive.get, TrainingDataset, key)
        token = write_token(str(rows[-1].position)) if more else ""
        return pb.ListItemsResponse(items=map(item_to_message, rows), next_page_token=token)

    async def correct_item(self, request: pb.CorrectItemRequest) -> pb.CorrectItemResponse:
        """Puts a corrected example in the place of one that counts."""
        key = identity("id", request.id)
        row = await self._run(self._training.correct, key, list(request.values))
        return pb.CorrectItemResponse(item=item_to_message(row))

    async def delete_item(self, request: pb.DeleteItemRequest) -> pb.DeleteItemResponse:
        """Takes an example out of its dataset."""
        await self._run(self._training.delete_item, identity("id", request.id))
        return pb.DeleteItemResponse()

    async def create_finetune(self, request: pb.CreateFinetuneRequest) -> pb.CreateFinetuneResponse:
        """Begins the next version of a project's model."""
        key = identity("finetune.project_id", request.finetune.project_id)
        columns = finetune_columns(request.finetune)
        await self._run(self._archive.get, TrainingDataset, columns["training_dataset_id"])
        row = await self._run(self._training.new_finetune, key, **columns)
        return pb.CreateFinetuneResponse(finetune=finetune_to_message(row))

    async def list_finetunes(self, request: pb.ListFinetunesRequest) -> pb.ListFinetunesResponse:
        """Lists a project's finetunes."""
        key = identity("project_id", request.project_id)
        await self._run(self._archive.get, Project, key)
        rows = await self._remembered.every(Finetune, Finetune.project_id == key)
        rows.sort(key=lambda row: -row.version)
        return pb.ListFinetunesResponse(finetunes=await self._finetunes(rows))

    async def set_finetune_status(
        self, request: pb.SetFinetuneStatusRequest
    ) -> pb.SetFinetuneStatusResponse:
        """Moves a finetune on."""
        status = one_of("status", request.status, FinetuneStatus)
        given = _given(request, "training_time_seconds", "model_size_gb", "model_size_parameter")
        key = identity("id", request.id)
        row = await self._run(self._training.set_finetune_status, key, status, **given)
        return pb.SetFinetuneStatusResponse(finetune=(await self._finetunes([row]))[0])

    async def add_inference_sample(
        self, request: pb.AddInferenceSampleRequest
    ) -> pb.AddInferenceSampleResponse:
        """Keeps what a model answered at one step of its training."""
        key = identity("finetune_id", request.finetune_id)
        row = InferenceSample(
            finetune_id=key,
            at_step=request.sample.at_step,
            items=pairs_from_message(request.sample),
        )
        await self._run(self._archive.get, Finetune, key)
        await self._run(self._archive.add, row)
        return pb.AddInferenceSampleResponse()

    async def _projects(self, rows: Sequence[Project]) -> list[pb.Project]:
        keys = [row.id for row in rows]
        datasets, finetunes = await self._run(self._training.latest, keys)
        return [
            project_to_message(
                row,
                dataset_to_message(datasets[row.id]) if row.id in datasets else None,
                finetune_to_message(finetunes[row.id]) if row.id in finetunes else None,
            )
            for row in rows
        ]

    async def _datasets(self, rows: Sequence[TrainingDataset]) -> list[pb.Dataset]:
        histories = await self._run(self._training.prompt_histories, [row.id for row in rows])
        return [dataset_to_message(row, histories.get(row.id, ())) for row in rows]

    async def _finetunes(self, rows: Sequence[Finetune]) -> list[pb.Finetune]:
        samples: defaultdict[UUID, list[InferenceSample]] = defaultdict(list)
        mine = InferenceSample.finetune_id.in_([row.id for row in rows])
        for sample in await self._remembered.every(InferenceSample, mine):
            samples[sample.finetune_id].append(sample)
        return [finetune_to_message(row, samples[row.id]) for row in rows]


def _given(request: object, *fields: str) -> dict[str, Any]:
    """Values of the fields that are there."""
    found = {field: present(request, field) for field in fields}
    return {field: value for field, value in found.items() if value is not None}


def _position(after: str) -> int:
    if not after:
        return -1
    if not after.isascii() or not after.isdigit() or len(after) > _MAX_POSITION_DIGITS:
        raise invalid("page_token", after, "a next_page_token of this list")
    return int(after)
