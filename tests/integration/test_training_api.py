import io
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from grpc import StatusCode, aio

from capsulecast.v1 import training_service_pb2 as pb
from storage.archive import Archive
from storage.models import Conversation, Judgement, User
from tests.integration.remembering import UNKNOWN, Asked, asking, emptied, talk
from tests.integration.running import Answer
from tests.remembering.export_schema import Exported
from tests.remembering.rows import stored


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asking(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def asked(server: Asked) -> Asked:
    return emptied(server)


def exported(asked: Asked, **body: object) -> Answer:
    answer = asked.ask("POST", "/api/training/export", body)
    assert answer.status == 200, answer.body
    return answer


def ids(answer: Answer) -> list[str]:
    return [item["conversation_id"] for item in answer.json]


def test_one_conversation_is_exported_as_its_object(asked: Asked) -> None:
    one, _other = talk(asked.database, 1), talk(asked.database, 2)
    answer = exported(asked, conversation_id=str(one.conversation), format="json")
    assert answer.headers["content-type"] == "application/json"
    assert 'filename="capsulecast-' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert isinstance(answer.json, dict)
    Exported.model_validate(answer.json, strict=True)
    assert answer.json["conversation_id"] == str(one.conversation)
    assert [message["content"] for message in answer.json["messages"]] == ["Hello!", "Hi there!"]


def test_conversations_are_exported_as_an_array_that_goes_on(asked: Asked) -> None:
    rows = [str(talk(asked.database, number).conversation) for number in range(5)]
    answer = exported(asked, limit=100, format="json")
    for item in answer.json:
        Exported.model_validate(item, strict=True)
    assert ids(answer) == rows
    first = ids(exported(asked, limit=2, format="json"))
    assert first == rows[:2]
    assert ids(exported(asked, limit=100, after=first[-1])) == rows[2:]
    assert ids(exported(asked, after=rows[-1])) == []


def test_both_doors_export_the_same_bytes(asked: Asked) -> None:
    for number in range(3):
        talk(asked.database, number)
    for form in ("json", "jsonl"):
        number = pb.ExportFormat.Value(f"EXPORT_FORMAT_{form.upper()}")
        request = pb.ExportConversationsRequest(format=number)
        parts = asked.call(asked.training.ExportConversations, request)
        assert b"".join(part.data for part in parts) == exported(asked, format=form).body


def test_a_large_export_comes_in_pieces_that_fit(asked: Asked) -> None:
    talk(asked.database, 1, ("word " * 200_000, "Hi!"))
    parts = asked.call(asked.training.ExportConversations, pb.ExportConversationsRequest())
    assert len(parts) > 3
    assert max(len(part.data) for part in parts) <= 256 * 1024
    (found,) = json.loads(b"".join(part.data for part in parts))
    assert len(found["messages"][0]["content"]) == 1_000_000
    assert exported(asked).json == [found]


def test_filters_choose_what_is_exported(asked: Asked) -> None:
    low = talk(asked.database, 1, conversation_quality=0.2, consent=False)
    high = talk(asked.database, 2, conversation_quality=0.8, consent=True)
    Archive(asked.database).judge("conversation", low.conversation, Judgement(score=0.9))
    for body, found in (
        ({"min_quality": 0.5}, [high]),
        ({"minQuality": 0.1}, [low, high]),
        ({"consented": True}, [high]),
        ({"since": "2026-01-03T00:00:00Z"}, [high]),
        ({"until": "2026-01-03T00:00:00Z"}, [low]),
        ({"min_judgement": 0.5}, [low]),
        ({"not_exported": True}, [low, high]),
    ):
        assert ids(exported(asked, **body)) == [str(one.conversation) for one in found], body
    left_out = {"conversation_id": str(low.conversation), "consented": True}
    assert asked.ask("POST", "/api/training/export", left_out).status == 404


def test_pseudonyms_stay_the_same_from_one_part_to_the_next(asked: Asked) -> None:
    user = stored(asked.database, User, username="ada", external_identifier=None)
    rows = [
        talk(asked.database, number, ("I am Ada, ada@example.org",), user_id=user.id)
        for number in range(2)
    ]
    (first,) = exported(asked, limit=1, personal="pseudonymise").json
    after = str(rows[0].conversation)
    (second,) = exported(asked, after=after, personal="PERSONAL_DATA_PSEUDONYMISE").json
    assert first["user_id"] == second["user_id"] != str(user.id)
    assert second["messages"][0]["content"] == "I am [name], [email]"
    (bare,) = exported(asked, after=after, personal="omit").json
    assert (bare["user_id"], bare["messages"][0]["content"]) == (None, "")


def test_exports_load_into_pandas_unchanged(asked: Asked) -> None:
    rows = [str(talk(asked.database, number).conversation) for number in range(3)]
    frame = pd.read_json(io.BytesIO(exported(asked, format="json").body))
    assert list(frame["conversation_id"]) == rows
    assert frame["messages"][0][1]["memory_context"] == ["m"]
    lines = exported(asked, format="jsonl")
    assert lines.headers["content-type"] == "application/jsonl"
    frame = pd.read_json(io.BytesIO(lines.body), lines=True)
    assert [len(messages) for messages in frame["messages"]] == [2, 2, 2]
    parquet = exported(asked, format="parquet")
    assert parquet.headers["content-disposition"].endswith('.parquet"')
    frame = pd.read_parquet(io.BytesIO(parquet.body))
    assert list(frame["role"]) == ["user", "assistant"] * 3


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"format": "xml"}, 400, "format"),
        ({"personal": "sell"}, 400, "personal"),
        ({"min_quality": 2}, 400, "[0, 1]"),
        ({"limit": -1}, 400, "limit"),
        ({"since": "yesterday"}, 400, "since"),
        ({"conversation_id": 123}, 400, "conversation_id"),
        ({"conversation_id": "123"}, 400, "a UUID"),
        ({"conversation_id": UNKNOWN}, 404, UNKNOWN),
        ({"colour": "red"}, 400, "colour"),
        ([], 400, "JSON object"),
    ],
)
def test_an_export_that_cannot_be_is_refused(
    asked: Asked, body: object, status: int, said: str
) -> None:
    answer = asked.ask("POST", "/api/training/export", body)
    assert answer.status == status, answer.body
    assert said in answer.json["error"]["message"].replace("conversationId", "conversation_id")


def test_a_conversation_is_marked_as_exported_once(asked: Asked) -> None:
    one = talk(asked.database)
    path = f"/api/training/mark-exported/{one.conversation}"
    assert ids(exported(asked, not_exported=True)) == [str(one.conversation)]
    first = asked.ask("POST", path)
    assert (first.status, first.json["conversationId"]) == (200, str(one.conversation))
    second = asked.ask("POST", path)
    assert (second.status, second.json["error"]["code"]) == (409, "FAILED_PRECONDITION")
    request = pb.MarkExportedRequest(conversation_id=str(one.conversation))
    with pytest.raises(aio.AioRpcError) as error:
        asked.call(asked.training.MarkExported, request)
    assert error.value.code() is StatusCode.FAILED_PRECONDITION
    assert ids(exported(asked, not_exported=True)) == []
    assert asked.ask("POST", f"/api/training/mark-exported/{UNKNOWN}").status == 404
    row = Archive(asked.database).get(Conversation, one.conversation)
    assert row.exported_at is not None
    assert f"{row.exported_at:%Y-%m-%dT%H:%M:%S}" == first.json["exportedAt"][:19]


def test_stats_count_what_there_is(asked: Asked) -> None:
    assert "meanQuality" not in asked.get("/api/training/stats")
    talk(asked.database, 1, conversation_quality=0.8)
    talk(asked.database, 2, conversation_quality=0.4)
    stats = asked.get("/api/training/stats")
    assert (stats["conversations"], stats["messages"], stats["highQuality"]) == (2, 4, 1)
    assert stats["meanQuality"] == pytest.approx(0.6)
    over_grpc = asked.call(asked.training.GetTrainingStats, pb.GetTrainingStatsRequest())
    assert (over_grpc.conversations, over_grpc.mean_quality) == (2, pytest.approx(0.6))


def made(asked: Asked, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is anything
    answer = asked.ask("POST", f"/api/training/{path}", body)
    assert answer.status in (200, 201), answer.body
    return answer.json


def project(asked: Asked) -> str:
    owner = stored(asked.database, User)
    body = {"name": "a persona", "ownerId": str(owner.id)}
    return str(made(asked, "projects", body)["project"]["id"])


def dataset(asked: Asked, of_project: str, **changes: object) -> dict[str, object]:
    """A dataset that can be made, by what it is made of."""
    name = f"corpus {len(asked.get('/api/training/projects')['projects'])} {of_project}{changes}"
    corpus = made(asked, "corpora", {"name": name[:200], "s3Path": "s3://bucket/folder"})
    prompt = made(asked, f"projects/{of_project}/prompts", {"text": "Ask about tea."})
    return {
        "generatePromptId": prompt["id"],
        "corpusId": corpus["id"],
        "languageIso": "eng",
        "fieldNames": ["question", "answer"],
        "inputField": "question",
        "outputField": "answer",
    } | changes


def test_a_project_goes_from_prompt_to_dataset_to_finetune(asked: Asked) -> None:
    key = project(asked)
    made(asked, f"projects/{key}/prompts", {"text": "Ask about coffee."})
    begun = made(asked, f"projects/{key}/datasets", {"dataset": dataset(asked, key)})["dataset"]
    assert (begun["version"], begun["status"]) == (1, "PLANNING")
    assert begun["generatePromptHistory"] == ["Ask about coffee."]
    path = f"datasets/{begun['id']}"
    for status, more in (("RUNNING", {}), ("DONE", {"totalGenerationTimeSeconds": 12.345})):
        moved = asked.ask("PATCH", f"/api/training/{path}", {"status": status, **more})
        assert moved.json["dataset"]["status"] == status
    assert moved.json["dataset"]["totalGenerationTimeSeconds"] == 12.35
    finetune = {
        "modelName": "persona-1",
        "baseModelName": "base",
        "trainingDatasetId": begun["id"],
        "modelSizeParameter": 7_000_000_000,
    }
    tuned = made(asked, f"projects/{key}/finetunes", {"finetune": finetune})["finetune"]
    assert (tuned["version"], tuned["status"]) == (1, "RUNNING")
    assert tuned["modelSizeParameter"] == "7000000000"
    samples = f"finetunes/{tuned['id']}/samples"
    for step in (200, 100):
        pair = {"input": "Tea?", "output": f"Yes {step}."}
        made(asked, samples, {"sample": {"atStep": step, "items": [pair]}})
    body = {"status": "DONE", "trainingTimeSeconds": 3600, "modelSizeGb": 14}
    done = asked.ask("PATCH", f"/api/training/finetunes/{tuned['id']}", body).json["finetune"]
    assert (done["trainingTimeSeconds"], done["modelSizeGb"]) == (3600, 14)
    assert [sample["atStep"] for sample in done["inferenceSamples"]] == [100, 200]
    (listed,) = asked.get("/api/training/projects")["projects"]
    assert listed["trainingDataset"]["id"] == begun["id"]
    assert listed["finetune"]["id"] == tuned["id"]
    over_grpc = asked.call(asked.training.ListFinetunes, pb.ListFinetunesRequest(project_id=key))
    assert over_grpc.finetunes[0].inference_samples[0].items[0].output == "Yes 100."


def test_versions_count_up_and_the_newest_comes_first(asked: Asked) -> None:
    key = project(asked)
    for number in range(3):
        body = {"dataset": dataset(asked, key, generateModel=f"model-{number}")}
        assert made(asked, f"projects/{key}/datasets", body)["dataset"]["version"] == number + 1
    listed = asked.get(f"/api/training/projects/{key}/datasets")["datasets"]
    assert [item["version"] for item in listed] == [3, 2, 1]


def test_a_status_goes_only_where_it_may(asked: Asked) -> None:
    key = project(asked)
    path = f"/api/training/projects/{key}"
    refused = asked.ask("PATCH", path, {"status": "DONE"})
    assert (refused.status, refused.json["error"]["code"]) == (400, "INVALID_ARGUMENT")
    assert asked.ask("PATCH", path, {"status": "DELETED"}).status == 200
    refused = asked.ask("PATCH", path, {"status": "ACTIVE"})
    assert (refused.status, refused.json["error"]["code"]) == (409, "FAILED_PRECONDITION")
    assert asked.get("/api/training/projects")["projects"] == []
    begin = asked.ask("POST", f"{path}/prompts", {"text": "more"})
    assert begin.status == 409


def test_examples_are_added_corrected_paged_and_deleted(asked: Asked) -> None:
    key = project(asked)
    body = {"dataset": dataset(asked, key)}
    path = f"datasets/{made(asked, f'projects/{key}/datasets', body)['dataset']['id']}/items"
    items = [{"values": [f"q{n}", f"a{n}"], "sourceDocument": "tea.txt"} for n in range(5)]
    assert made(asked, path, {"items": items})["total"] == 5
    found, token = [], ""
    while True:
        page = asked.get(f"/api/training/{path}?pageSize=2&pageToken={token}")
        found += page["items"]
        token = page["nextPageToken"]
        if not token:
            break
    assert [item["values"][0] for item in found] == ["q0", "q1", "q2", "q3", "q4"]
    old = f"/api/training/items/{found[1]['id']}"
    corrected = asked.ask("PATCH", old, {"values": ["q1", "better"]}).json["item"]
    assert (corrected["corrects"], corrected["position"]) == (found[1]["id"], 1)
    assert asked.ask("PATCH", old, {"values": ["q1", "again"]}).status == 409
    assert asked.ask("PATCH", old, {"values": ["q1"]}).status in (400, 409)
    assert asked.ask("DELETE", f"/api/training/items/{found[0]['id']}").status == 200
    left = asked.get(f"/api/training/{path}")["items"]
    assert [item["values"][1] for item in left] == ["better", "a2", "a3", "a4"]
    short = asked.ask("POST", f"/api/training/{path}", {"items": [{"values": ["alone"]}]})
    assert (short.status, "expected 2" in short.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"languageIso": "en"}, 400, "dataset.language_iso"),
        ({"fieldNames": []}, 400, "dataset.field_names"),
        ({"fieldNames": ["a", "a"]}, 400, "dataset.field_names"),
        ({"inputField": "nothing"}, 400, "dataset.input_field"),
        ({"corpusId": UNKNOWN}, 404, None),
        ({"generatePromptId": UNKNOWN}, 400, None),
        ({"generatePromptId": "x"}, 400, "dataset.generate_prompt_id"),
    ],
)
def test_a_bad_dataset_is_refused_and_takes_no_version(
    asked: Asked, change: dict[str, object], status: int, field: str | None
) -> None:
    key = project(asked)
    body = {"dataset": dataset(asked, key, **change)}
    refused = asked.ask("POST", f"/api/training/projects/{key}/datasets", body)
    assert refused.status == status, refused.body
    assert [item["field"] for item in refused.json["error"]["details"]] == (
        [field] if field else []
    )
    body = {"dataset": dataset(asked, key)}
    assert made(asked, f"projects/{key}/datasets", body)["dataset"]["version"] == 1
