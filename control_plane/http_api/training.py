"""The API's paths to projects with their prompts, datasets and finetunes."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.http_api.paging import PageSize, PageToken, paged
from control_plane.translate.json_calls import over_json
from control_plane.translate.jsonform import decode
from control_plane.translate.training_calls import TrainingCalls

__all__ = ["training_routes"]

Id = Annotated[str, Path(alias="id", description="Its id.")]
ProjectId = Annotated[str, Path(alias="id", description="The project's id.")]


def training_routes(calls: TrainingCalls) -> APIRouter:
    """Makes the routes.

    Args:
        calls: What answers.
    """
    router = APIRouter(prefix="/api/training", tags=["training"])
    _add_projects(router, calls)
    _add_datasets(router, calls)
    _add_items(router, calls)
    _add_finetunes(router, calls)
    return router


def _add_projects(router: APIRouter, calls: TrainingCalls) -> None:
    @router.post(
        "/projects",
        status_code=201,
        **body_of("CreateProjectRequest") | answer_of("CreateProjectResponse", 201),
    )
    async def create_project(request: Request) -> JSONResponse:
        """Begins a project."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.create_project, asked), 201)

    @router.get("/projects", **answer_of("ListProjectsResponse"))
    async def list_projects(page_size: PageSize = 0, page_token: PageToken = "") -> JSONResponse:
        """Lists projects, the newest first, page by page; deleted ones are left out."""
        return JSONResponse(await over_json(calls.list_projects, paged(page_size, page_token)))

    @router.patch(
        "/projects/{id}",
        **body_of("SetProjectStatusRequest") | answer_of("SetProjectStatusResponse"),
    )
    async def set_project_status(project_id: ProjectId, request: Request) -> JSONResponse:
        """Moves a project on: ACTIVE, ARCHIVED, DELETED."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.set_project_status, asked, {"id": project_id}))

    @router.post(
        "/corpora",
        status_code=201,
        **body_of("CreateCorpusRequest") | answer_of("CreateCorpusResponse", 201),
    )
    async def create_corpus(request: Request) -> JSONResponse:
        """Makes a corpus known."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.create_corpus, asked), 201)

    @router.post(
        "/projects/{id}/prompts",
        status_code=201,
        **body_of("CreatePromptRequest") | answer_of("CreatePromptResponse", 201),
    )
    async def create_prompt(project_id: ProjectId, request: Request) -> JSONResponse:
        """Keeps the next version of a project's prompt."""
        asked, known = decode(await request.body()), {"project_id": project_id}
        return JSONResponse(await over_json(calls.create_prompt, asked, known), 201)


def _add_datasets(router: APIRouter, calls: TrainingCalls) -> None:
    @router.post(
        "/projects/{id}/datasets",
        status_code=201,
        **body_of("CreateDatasetRequest") | answer_of("CreateDatasetResponse", 201),
    )
    async def create_dataset(project_id: ProjectId, request: Request) -> JSONResponse:
        """Begins the next version of a project's dataset."""
        asked = _of_project(decode(await request.body()), "dataset", project_id)
        return JSONResponse(await over_json(calls.create_dataset, asked), 201)

    @router.get("/projects/{id}/datasets", **answer_of("ListDatasetsResponse"))
    async def list_datasets(project_id: ProjectId) -> JSONResponse:
        """Lists a project's datasets, the newest version first."""
        return JSONResponse(await over_json(calls.list_datasets, {"project_id": project_id}))

    @router.patch(
        "/datasets/{id}",
        **body_of("SetDatasetStatusRequest") | answer_of("SetDatasetStatusResponse"),
    )
    async def set_dataset_status(dataset_id: Id, request: Request) -> JSONResponse:
        """Moves a dataset on."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.set_dataset_status, asked, {"id": dataset_id}))


def _add_items(router: APIRouter, calls: TrainingCalls) -> None:
    @router.post(
        "/datasets/{id}/items", **body_of("AddItemsRequest") | answer_of("AddItemsResponse")
    )
    async def add_items(dataset_id: Id, request: Request) -> JSONResponse:
        """Adds examples at the end of a dataset."""
        asked, known = decode(await request.body()), {"dataset_id": dataset_id}
        return JSONResponse(await over_json(calls.add_items, asked, known))

    @router.get("/datasets/{id}/items", **answer_of("ListItemsResponse"))
    async def list_items(
        dataset_id: Id, page_size: PageSize = 0, page_token: PageToken = ""
    ) -> JSONResponse:
        """Lists the examples of a dataset that count, page by page."""
        asked = paged(page_size, page_token, dataset_id=dataset_id)
        return JSONResponse(await over_json(calls.list_items, asked))

    @router.patch("/items/{id}", **body_of("CorrectItemRequest") | answer_of("CorrectItemResponse"))
    async def correct_item(item_id: Id, request: Request) -> JSONResponse:
        """Puts a corrected example in the place of one that counts."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.correct_item, asked, {"id": item_id}))

    @router.delete("/items/{id}", **answer_of("DeleteItemResponse"))
    async def delete_item(item_id: Id) -> JSONResponse:
        """Takes an example out of its dataset."""
        return JSONResponse(await over_json(calls.delete_item, {"id": item_id}))


def _add_finetunes(router: APIRouter, calls: TrainingCalls) -> None:
    @router.post(
        "/projects/{id}/finetunes",
        status_code=201,
        **body_of("CreateFinetuneRequest") | answer_of("CreateFinetuneResponse", 201),
    )
    async def create_finetune(project_id: ProjectId, request: Request) -> JSONResponse:
        """Begins the next version of a project's model."""
        asked = _of_project(decode(await request.body()), "finetune", project_id)
        return JSONResponse(await over_json(calls.create_finetune, asked), 201)

    @router.get("/projects/{id}/finetunes", **answer_of("ListFinetunesResponse"))
    async def list_finetunes(project_id: ProjectId) -> JSONResponse:
        """Lists a project's finetunes, the newest version first."""
        return JSONResponse(await over_json(calls.list_finetunes, {"project_id": project_id}))

    @router.patch(
        "/finetunes/{id}",
        **body_of("SetFinetuneStatusRequest") | answer_of("SetFinetuneStatusResponse"),
    )
    async def set_finetune_status(finetune_id: Id, request: Request) -> JSONResponse:
        """Moves a finetune on."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.set_finetune_status, asked, {"id": finetune_id}))

    @router.post(
        "/finetunes/{id}/samples",
        status_code=201,
        **body_of("AddInferenceSampleRequest") | answer_of("AddInferenceSampleResponse", 201),
    )
    async def add_inference_sample(finetune_id: Id, request: Request) -> JSONResponse:
        """Keeps what a model answered at one step of its training."""
        asked, known = decode(await request.body()), {"finetune_id": finetune_id}
        return JSONResponse(await over_json(calls.add_inference_sample, asked, known), 201)


def _of_project(asked: object, name: str, project_id: str) -> object:
    """A request whose message `name` is of that project."""
    if isinstance(asked, dict) and isinstance(asked.get(name), dict):
        inner = {key: value for key, value in asked[name].items() if key != "projectId"}
        return {**asked, name: {**inner, "project_id": project_id}}
    return asked
