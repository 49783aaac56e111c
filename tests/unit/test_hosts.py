import pytest

from control_plane.hosts import host_of, is_address, is_loopback, reachable


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("Cast.Example:8080", "cast.example"),
        ("cast.example.", "cast.example"),
        ("[::1]:8080", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1", ""),
        (":8080", ""),
        ("", ""),
    ],
)
def test_host_is_read_without_its_port(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("host", "address", "loopback"),
    [
        ("127.0.0.1", True, True),
        ("127.8.0.1", True, True),
        ("::1", True, True),
        ("localhost", False, True),
        ("0.0.0.0", True, False),
        ("192.0.2.7", True, False),
        ("127.0.0.1.evil.example", False, False),
        ("", False, False),
    ],
)
def test_addresses_and_loopback_are_told(host: str, address: bool, loopback: bool) -> None:
    assert (is_address(host), is_loopback(host)) == (address, loopback)


def test_all_addresses_are_reached_by_loopback() -> None:
    assert [reachable(host) for host in ("0.0.0.0", "::", "192.0.2.7")] == [
        "127.0.0.1",
        "::1",
        "192.0.2.7",
    ]
