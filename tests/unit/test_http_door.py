import pytest
from fastapi import Request

from control_plane.http_api.door import caller


def asked(host: str | None, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = None if host is None else (host, 5000)
    return caller(Request({"type": "http", "headers": headers, "client": client}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_proxy_on_this_machine_says_for_whom_it_asks(host: str) -> None:
    assert asked(host) == host
    assert asked(host, "192.0.2.7") == "192.0.2.7"
    # The proxy adds whom it has seen; what comes before, anybody may have written.
    assert asked(host, "127.0.0.1, 192.0.2.7") == "192.0.2.7"
    assert asked(host, "127.0.0.1", "192.0.2.7") == "192.0.2.7"


def test_others_cannot_say_that_they_are_here() -> None:
    assert asked("192.0.2.7", "127.0.0.1") == "192.0.2.7"
    assert asked(None, "127.0.0.1") == ""
