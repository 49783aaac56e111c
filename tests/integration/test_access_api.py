import logging
import re
from pathlib import Path

import pytest
from grpc import StatusCode, aio

from capsulecast.v1 import governance_service_pb2 as governance_pb
from capsulecast.v1 import governance_service_pb2_grpc as governance_grpc
from capsulecast.v1 import memory_service_pb2 as pb
from capsulecast.v1 import training_service_pb2 as training_pb
from control_plane.cli import main
from tests.integration.remembering import UNKNOWN, Asked, asking

TOKEN = "0123456789abcdef-a-secret"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer 0123456789abcdef-a-guess!"}
# As a proxy on this machine says whom it asks for.
ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}
OPEN = {"/api/health", "/api/personalities"}
# Those of studies and of oneself have doors of their own.
OPEN_BELOW = ("/api/sessions", "/api/library", "/api/avatars", "/api/studies", "/api/me/")


def behind_the_door(asked: Asked) -> list[tuple[str, str]]:
    """Every method and path of the API but those that are open."""
    document = asked.get("/openapi.json")
    return [
        (method.upper(), re.sub(r"\{[^}]*\}", UNKNOWN, path))
        for path, operations in document["paths"].items()
        if path.endswith("/audit") or not (path in OPEN or path.startswith(OPEN_BELOW))
        for method in operations
    ]


def over_grpc(asked: Asked, metadata: tuple[tuple[str, str], ...]) -> set[StatusCode]:
    """How calls of each service behind the door end."""

    async def codes() -> set[StatusCode]:
        found = set()
        async with aio.insecure_channel(asked.server.ready.grpc_address) as channel:
            rules = governance_grpc.GovernanceServiceStub(channel).GetRules
            for call in (
                asked.memory.ListUsers(pb.ListUsersRequest(), metadata=metadata),
                rules(governance_pb.GetRulesRequest(), metadata=metadata),
            ):
                found.add(await call.code())
            export = asked.training.ExportConversations(
                training_pb.ExportConversationsRequest(), metadata=metadata
            )
            try:
                assert b"".join([part.data async for part in export])
                found.add(StatusCode.OK)
            except aio.AioRpcError as error:
                found.add(error.code())
        return found

    return asked.on_loop(codes())


def test_with_a_token_everything_that_is_remembered_needs_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    with asking(tmp_path, access_token=TOKEN) as asked:
        doors = behind_the_door(asked)
        assert len(doors) > 40
        for method, path in doors:
            for headers in ({}, WRONG, {"Authorization": f"Basic {TOKEN}"}):
                answer = asked.ask(method, path, None, headers)
                assert (answer.status, answer.json["error"]["code"]) == (401, "UNAUTHENTICATED")
                assert answer.headers["www-authenticate"] == "Bearer"
            assert asked.ask(method, path, None, RIGHT | ELSEWHERE).status not in (401, 403)
        for metadata in ((), (("authorization", WRONG["Authorization"]),)):
            assert over_grpc(asked, metadata) == {StatusCode.UNAUTHENTICATED}
        right = (("authorization", f"Bearer {TOKEN}"),)
        assert over_grpc(asked, right) == {StatusCode.OK}
        assert asked.ask("POST", "/api/sessions", {}).status == 201
        rules = ["library", "rules", "--server", asked.server.ready.url]
        assert main(rules) == 1
        assert "access token" in capsys.readouterr().err
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CAPSULECAST_ACCESS_TOKEN", TOKEN)
            assert main(rules) == 0
        assert asked.server.ready.by_token
    assert TOKEN not in caplog.text


def test_without_a_token_callers_on_this_machine_alone_are_answered(tmp_path: Path) -> None:
    with asking(tmp_path) as asked:
        for method, path in behind_the_door(asked):
            answer = asked.ask(method, path, None, ELSEWHERE)
            assert (answer.status, answer.json["error"]["code"]) == (403, "PERMISSION_DENIED")
            assert asked.ask(method, path).status not in (401, 403)
        assert asked.ask("GET", "/api/health", None, ELSEWHERE).status == 200
        assert over_grpc(asked, ()) == {StatusCode.OK}
        assert not asked.server.ready.by_token


def test_the_description_names_the_scheme_of_what_is_behind_the_door(tmp_path: Path) -> None:
    with asking(tmp_path) as asked:
        document = asked.get("/openapi.json")
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    paths = document["paths"]
    assert paths["/api/conversations"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in paths["/api/sessions"]["post"]
