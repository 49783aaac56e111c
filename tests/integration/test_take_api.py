"""Recordings to capsules over HTTP and gRPC, on a server whose importing is played."""

import asyncio
import base64
import http.client
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from capsulecast.v1 import capsule_service_pb2 as pb
from capsulecast.v1 import capsule_service_pb2_grpc as pb_grpc
from capsulecast.v1 import common_pb2
from control_plane.studio.takes import MAX_TAKE_BYTES
from tests.integration.running import Run, Running, told

PATH = "/api/library/capsules:importTake"
ORDER = {
    "take": base64.b64encode(b"a take").decode(),
    "kind": "webm",
    "cid": "VF_201",
    "description": "A grin",
    "consent": "Ada, today",
}


async def taken(server: Running, **order: object) -> list[dict[str, Any]]:
    """What an import tells, event by event."""
    return await told(server, PATH, ORDER | order)


def is_gone(order: dict[str, Any]) -> bool:
    return not Path(order["photo"]).exists()


def test_a_recording_becomes_a_capsule_that_the_library_has_at_once(run: Run) -> None:
    async def test(server: Running) -> None:
        emotion = {"valence": 0.5, "arousal": -0.25, "dominance": 0.0}
        first, last = await taken(server, emotion=emotion, neutralMs=500, startMs=900, loop=True)
        assert first["progress"]["stage"] == "tracking the face"
        imported = last["imported"]
        assert imported["capsule"]["cid"] == "VF_201"
        assert imported["warnings"] == ["VF_201: worth a look"]
        assert (imported["frames"], imported["lostFrames"]) == (15, 1)
        assert imported["byPictures"] is False
        kept = (await server.request("GET", "/api/library/capsules/VF_201")).json
        asked = json.loads(kept["json"])["params"]
        assert asked["bytes"] == len(b"a take")
        order = asked["order"]
        assert order["emotion"] == [0.5, -0.25, 0.0]
        assert (order["neutral_ms"], order["start_ms"], order["loop"]) == (500, 900, True)
        assert (order["avatar"], order["consent"]) == ("mira", "Ada, today")
        assert is_gone(order), "the recording is kept nowhere"

    run(test)


def test_a_refusal_ends_the_stream_in_its_own_words(run: Run) -> None:
    async def test(server: Running) -> None:
        error = (await taken(server, cid="VF_REFUSED"))[-1]["error"]
        assert error["code"] == "INVALID_ARGUMENT"
        assert error["message"] == "the take.webm: no face was found in the first frame"
        packaged = (await taken(server, cid="VF_JOY_HIGH"))[-1]["error"]
        assert packaged["code"] == "ALREADY_EXISTS"
        nobody = (await taken(server, avatar="nobody"))[-1]["error"]
        assert nobody["code"] == "NOT_FOUND"

    run(test)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"take": ""}, "take"),
        ({"take": base64.b64encode(bytes(MAX_TAKE_BYTES + 1)).decode()}, "take"),
        ({"kind": "exe"}, "kind"),
        ({"consent": " "}, "consent"),
        ({"description": "x" * 201}, "description"),
        ({"startMs": 60_000}, "start_ms"),
        ({"emotion": {"valence": 2.0}}, "emotion.valence"),
    ],
)
def test_an_order_that_cannot_be_taken_is_refused_at_once(
    run: Run, order: dict[str, object], field: str
) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("POST", PATH, ORDER | order)
        assert answer.status == 400
        assert [item["field"] for item in answer.json["error"]["details"]] == [field]

    run(test)


def test_a_client_that_leaves_cancels_its_import(run: Run, tmp_path: Path) -> None:
    def leave(address: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("POST", PATH, json.dumps(ORDER | {"cid": "VF_SLOW"}))
        assert b"tracking the face" in connection.getresponse().read1(200)
        connection.close()

    async def test(server: Running) -> None:
        await asyncio.to_thread(leave, server.ready.url.removeprefix("http://"))
        # The next has its turn only when the one that was left is over.
        assert (await taken(server))[-1]["imported"]["capsule"]["cid"] == "VF_201"
        asked = json.loads((tmp_path / "slow.json").read_text())
        assert is_gone(asked)
        assert not (tmp_path / "capsules" / "vf_slow.json").exists()

    run(test)


def test_the_same_over_grpc(run: Run) -> None:
    async def test(server: Running) -> None:
        async with aio.insecure_channel(server.ready.grpc_address) as channel:
            stub = pb_grpc.CapsuleServiceStub(channel)
            request = pb.ImportTakeRequest(
                take=b"a take",
                kind="mp4",
                cid="VF_202",
                consent="Ada, today",
                description="A grin",
                emotion=common_pb2.Vad(valence=0.5),
            )
            told = [answer async for answer in stub.ImportTake(request)]
            assert told[0].progress.stage == "tracking the face"
            assert told[-1].imported.capsule.cid == "VF_202"
            request.consent = ""
            with pytest.raises(aio.AioRpcError) as caught:
                async for _ in stub.ImportTake(request):
                    pass
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    run(test)
