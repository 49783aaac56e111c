from pathlib import Path

import pytest

from tests.integration.running import Running, is_error, run


def test_pages_of_other_origins_may_change_nothing(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        other = {"Origin": "https://other.example"}
        answer = await server.request("POST", "/api/sessions", {}, other)
        assert is_error(answer, 403, "PERMISSION_DENIED", "origin")
        assert "access-control-allow-origin" not in answer.headers
        own = {"Origin": server.ready.url}
        assert (await server.request("POST", "/api/sessions", {}, own)).status == 201

    run(tmp_path, test)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "[::1", "", "127.0.0.1.evil"]
)
def test_host_that_is_not_ours_is_refused(tmp_path: Path, host: str) -> None:
    async def test(server: Running) -> None:
        for method, path in (("POST", "/api/sessions"), ("GET", "/api/sessions"), ("GET", "/")):
            rebound = {"Host": host, "Origin": f"http://{host}"}
            answer = await server.request(method, path, None, rebound)
            assert is_error(answer, 403, "PERMISSION_DENIED", "allowed_hosts")

    run(tmp_path, test)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:9000", "[::1]:8080", "192.0.2.7", "cast.example"],
)
def test_own_names_and_addresses_are_ours(tmp_path: Path, host: str) -> None:
    async def test(server: Running) -> None:
        own = {"Host": host, "Origin": f"http://{host}"}
        assert (await server.request("POST", "/api/sessions", {}, own)).status == 201

    run(tmp_path, test, allowed_hosts="Cast.Example")


@pytest.mark.parametrize("origin", ["http://[", "null", "://", ""])
def test_malformed_origin_is_refused(tmp_path: Path, origin: str) -> None:
    async def test(server: Running) -> None:
        answer = await server.request("POST", "/api/sessions", {}, {"Origin": origin})
        assert is_error(answer, 403, "PERMISSION_DENIED", "origin")

    run(tmp_path, test)


def test_allowed_origin_may_call(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        friend = {"Origin": "https://friend.example"}
        answer = await server.request("POST", "/api/sessions", {}, friend)
        assert answer.status == 201
        assert answer.headers["access-control-allow-origin"] == "https://friend.example"
        asking = {**friend, "Access-Control-Request-Method": "DELETE"}
        assert (await server.request("OPTIONS", "/api/sessions", None, asking)).status == 200

    run(tmp_path, test, allowed_origins="https://friend.example")
