"""The studio's half of the API over HTTP and gRPC, on a server whose baking is played."""

import asyncio
import base64
import http.client
import json
from typing import Any

import grpc
import pytest
from grpc import aio

from capsulecast.v1 import avatar_service_pb2 as pb
from capsulecast.v1 import avatar_service_pb2_grpc as pb_grpc
from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from control_plane.grpc_api.server import MAX_MESSAGE_BYTES
from control_plane.studio.baker import MAX_PHOTO_BYTES
from tests.integration.running import Run, Running, told

PHOTO = base64.b64encode(b"a photo").decode()
GRIN = {
    "cid": "VF_GRIN",
    "layer": "face",
    "description": "A quick grin",
    "duration_ms": 900,
    "tracks": [{"target": "mouthSmileLeft", "curve": [[0, 0.0], [300, 0.8], [900, 0.0]]}],
}


async def baked(server: Running, **order: object) -> list[dict[str, Any]]:
    """What a baking tells, event by event."""
    body = {"photo": PHOTO, "name": "ada", "consent": "Ada, today"} | order
    return await told(server, "/api/avatars", body)


async def names(server: Running) -> list[str]:
    listed = (await server.request("GET", "/api/avatars")).json
    return [item["name"] for item in listed["avatars"]]


def test_a_photo_becomes_an_avatar_that_can_be_listed_and_deleted(
    run: Run,
) -> None:
    async def test(server: Running) -> None:
        assert await names(server) == ["mira"]
        first, last = await baked(server)
        assert first == {"progress": {"stage": "building the rig", "fraction": 0.25}}
        assert last["avatar"]["name"] == "ada"
        assert last["avatar"]["builtin"] is False
        assert "b00" in last["avatar"]["bases"]
        assert await names(server) == ["mira", "ada"]
        assert (await server.request("DELETE", "/api/avatars/ada")).json == {}
        assert await names(server) == ["mira"]
        gone = await server.request("DELETE", "/api/avatars/ada")
        assert (gone.status, gone.json["error"]["code"]) == (404, "NOT_FOUND")

    run(test)


def test_the_programs_own_avatars_cannot_be_deleted(run: Run) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("DELETE", "/api/avatars/mira")
        assert (answer.status, answer.json["error"]["code"]) == (400, "INVALID_ARGUMENT")
        assert await names(server) == ["mira"]

    run(test)


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..", ".deleted-x", ""])
def test_no_name_leads_out_of_the_folder(run: Run, name: str) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("DELETE", f"/api/avatars/{name}")
        assert answer.status in (404, 405, 307)
        assert await names(server) == ["mira"]

    run(test)


def test_a_refusal_ends_the_stream_in_its_own_words(run: Run) -> None:
    async def test(server: Running) -> None:
        error = (await baked(server, name="refused"))[-1]["error"]
        assert (error["code"], error["message"]) == ("INVALID_ARGUMENT", "the photo shows nobody")
        hidden = (await baked(server, name="damaged"))[-1]["error"]
        assert (hidden["code"], hidden["message"]) == ("INTERNAL", "internal error")

    run(test)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"photo": ""}, "photo"),
        ({"photo": PHOTO, "face": 4000}, "face"),
        ({"photo": PHOTO, "landmarks": {"landmarks": [1, 2, 3]}}, "landmarks.landmarks"),
        ({"photo": PHOTO, "landmarks": {"landmarks": [1e9] * 1404}}, "landmarks.landmarks"),
        (
            {"photo": PHOTO, "landmarks": {"landmarks": [1] * 1404, "irises": [1]}},
            "landmarks.irises",
        ),
    ],
)
def test_an_order_that_cannot_be_taken_is_refused_at_once(
    run: Run, order: dict[str, object], field: str
) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("POST", "/api/avatars", order)
        assert answer.status == 400
        assert [item["field"] for item in answer.json["error"]["details"]] == [field]

    run(test)


def test_a_photo_that_is_too_large_is_refused(run: Run) -> None:
    async def test(server: Running) -> None:
        photo = base64.b64encode(bytes(MAX_PHOTO_BYTES + 1)).decode()
        answer = await server.request("POST", "/api/avatars:detectLandmarks", {"photo": photo})
        assert (answer.status, answer.json["error"]["code"]) == (400, "INVALID_ARGUMENT")
        huge = await server.request("POST", "/api/avatars", b"x" * (MAX_PHOTO_BYTES * 3 // 2))
        assert huge.status == 413
        other = await server.request("POST", "/api/sessions", b"x" * 300_000)
        assert other.status == 413, "no other path takes as much"

    run(test)


def test_a_client_that_leaves_cancels_its_baking(run: Run) -> None:
    def leave(address: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=10)
        body = json.dumps({"photo": PHOTO, "name": "slow", "consent": "Ada"})
        connection.request("POST", "/api/avatars", body)
        connection.getresponse().read1(10)
        connection.close()

    async def test(server: Running) -> None:
        await asyncio.to_thread(leave, server.ready.url.removeprefix("http://"))
        assert (await baked(server))[-1]["avatar"]["name"] == "ada"

    run(test)


def test_faces_are_found_for_the_page(run: Run) -> None:
    async def test(server: Running) -> None:
        path = "/api/avatars:detectLandmarks"
        found = (await server.request("POST", path, {"photo": PHOTO})).json
        assert (found["width"], found["height"]) == (640, 480)
        (face,) = found["faces"]
        assert [len(face[key]) for key in ("landmarks", "irises", "eyeContours")] == [1404, 20, 284]
        assert face["refusal"] == "a photo"
        assert face["notice"] == "an open mouth"

    run(test)


def test_a_picture_of_a_capsule_is_drawn_once(run: Run) -> None:
    async def test(server: Running) -> None:
        path = "/api/avatars/mira/capsules/VF_JOY_HIGH.png?side=96"
        first = await server.request("GET", path)
        assert first.headers["content-type"] == "image/png"
        assert first.body.startswith(b"\x89PNG")
        again = await server.request("GET", path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert len(server.media.drawn) == 1
        for path, status in (
            ("/api/avatars/mira/capsules/VF_JOY_HIGH.png?side=97", 400),
            ("/api/avatars/mira/capsules/VF_JOY_HIGH.png?side=9999", 400),
            ("/api/avatars/mira/capsules/VF_NOTHING.png", 404),
            ("/api/avatars/nobody/capsules/VF_JOY_HIGH.png", 404),
        ):
            assert (await server.request("GET", path)).status == status

    run(test)


def test_a_saved_capsule_is_in_the_library_for_new_sessions(run: Run) -> None:
    async def test(server: Running) -> None:
        body = {"json": json.dumps(GRIN)}
        answer = await server.request("POST", "/api/library/capsules", body)
        assert answer.json["capsule"]["cid"] == "VF_GRIN"
        found = (await server.request("GET", "/api/library/capsules/VF_GRIN")).json
        assert found["targets"] == ["mouthSmileLeft"]
        await server.request("POST", "/api/sessions")
        assert "VF_GRIN" in server.media.libraries[-1].capsules

    run(test)


def test_the_packaged_capsules_are_not_overwritten(run: Run) -> None:
    async def test(server: Running) -> None:
        body = {"json": json.dumps(GRIN | {"cid": "VF_JOY_HIGH"})}
        answer = await server.request("POST", "/api/library/capsules", body)
        assert (answer.status, answer.json["error"]["code"]) == (409, "ALREADY_EXISTS")

    run(test)


def test_targets_are_listed_with_their_ranges(run: Run) -> None:
    async def test(server: Running) -> None:
        listed = (await server.request("GET", "/api/library/targets")).json["targets"]
        zoom = next(item for item in listed if item["name"] == "camera.zoom")
        assert (zoom["kind"], zoom["minimum"], zoom["maximum"], zoom["rest"]) == (
            "camera",
            0.5,
            2.0,
            1.0,
        )

    run(test)


def test_the_studio_is_a_page_of_its_own(run: Run) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("GET", "/studio")
        assert answer.headers["content-type"].startswith("text/html")
        assert b"studio.js" in answer.body
        assert (await server.request("GET", "/studio/")).status == 307

    run(test)


def test_grpc_bakes_lists_finds_and_deletes(run: Run) -> None:
    async def test(server: Running) -> None:
        options = [("grpc.max_send_message_length", MAX_MESSAGE_BYTES)]
        async with aio.insecure_channel(server.ready.grpc_address, options) as channel:
            stub = pb_grpc.AvatarServiceStub(channel)
            photo = bytes(5 * 1024 * 1024)
            order = pb.BakeAvatarRequest(photo=photo, name="ada", consent="Ada", no_hands=True)
            told = [item async for item in stub.BakeAvatar(order)]
            assert told[0].progress.stage == "building the rig"
            assert told[-1].avatar.name == "ada"
            listed = await stub.ListAvatars(pb.ListAvatarsRequest())
            assert [(item.name, item.builtin) for item in listed.avatars] == [
                ("mira", True),
                ("ada", False),
            ]
            found = await stub.DetectLandmarks(pb.DetectLandmarksRequest(photo=b"x"))
            assert len(found.faces[0].landmarks) == 1404
            await stub.DeleteAvatar(pb.DeleteAvatarRequest(name="ada"))
            with pytest.raises(aio.AioRpcError) as caught:
                await stub.DeleteAvatar(pb.DeleteAvatarRequest(name="ada"))
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND

    run(test)


def test_grpc_tells_refusals_and_cancels(run: Run) -> None:
    async def test(server: Running) -> None:
        async with aio.insecure_channel(server.ready.grpc_address) as channel:
            stub = pb_grpc.AvatarServiceStub(channel)
            order = pb.BakeAvatarRequest(photo=b"x", name="refused", consent="Ada")
            with pytest.raises(aio.AioRpcError, match="shows nobody") as caught:
                [_ async for _ in stub.BakeAvatar(order)]
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            order.name = "slow"
            call = stub.BakeAvatar(order)
            await anext(aiter(call))
            call.cancel()
            order.name = "ada"
            told = [item async for item in stub.BakeAvatar(order)]
            assert told[-1].avatar.name == "ada"

    run(test)


def test_grpc_saves_capsules_and_lists_targets(run: Run) -> None:
    async def test(server: Running) -> None:
        async with aio.insecure_channel(server.ready.grpc_address) as channel:
            stub = capsule_grpc.CapsuleServiceStub(channel)
            request = capsule_pb.SaveCapsuleRequest(json=json.dumps(GRIN))
            saved = await stub.SaveCapsule(request)
            assert (saved.capsule.cid, saved.capsule.version) == ("VF_GRIN", 1)
            assert (await stub.SaveCapsule(request)).capsule.version == 2
            listed = await stub.ListTargets(capsule_pb.ListTargetsRequest())
            assert "jawOpen" in [item.name for item in listed.targets]

    run(test)
