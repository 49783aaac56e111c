import asyncio
from typing import Any

import pytest

from capsulecast.v1 import memory_service_pb2 as pb
from capsulecast.v1 import memory_service_pb2_grpc as memory_grpc
from control_plane.errors import InvalidArgumentError
from control_plane.grpc_api.calling import servicer
from control_plane.translate.json_calls import over_json


class Calls:
    """Says what it was asked."""

    async def recall_memories(self, request: pb.RecallMemoriesRequest) -> pb.RecallMemoriesResponse:
        said = pb.StoredMemory(user_id=request.user_id, verified=request.count_use)
        return pb.RecallMemoriesResponse(memories=[said])


def told(data: object, **known: Any) -> dict[str, Any]:  # noqa: ANN401 - values of JSON
    answer = asyncio.run(over_json(Calls().recall_memories, data, known))
    (memory,) = answer["memories"]
    return {"userId": memory["userId"], "verified": memory["verified"]}


@pytest.mark.parametrize(
    "data", [{"userId": "ada", "countUse": True}, {"user_id": "ada", "count_use": True}]
)
def test_both_spellings_of_a_field_do(data: object) -> None:
    assert told(data) == {"userId": "ada", "verified": True}


@pytest.mark.parametrize("data", [{}, {"userId": "eve"}, {"user_id": "eve"}])
def test_what_the_path_says_wins_over_the_body(data: object) -> None:
    assert told(data, user_id="ada") == {"userId": "ada", "verified": False}


@pytest.mark.parametrize("data", [[], None, "ada", {"name": "ada"}, {"countUse": "yes"}])
def test_what_is_no_such_request_is_refused(data: object) -> None:
    with pytest.raises(InvalidArgumentError):
        told(data)


def test_a_service_with_a_method_that_has_no_call_is_not_made() -> None:
    with pytest.raises(AttributeError, match="list_conversations"):
        servicer(memory_grpc.MemoryServiceServicer, Calls())
