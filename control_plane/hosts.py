"""Names and addresses of a server: which are its own, which reach only this machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["host_of", "is_address", "is_loopback", "reachable"]

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what others bind, not we


def host_of(authority: str) -> str:
    """The host of "HOST" or "HOST:PORT", in lower case, without brackets; empty: malformed."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether it is an IPv4 or IPv6 address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def reachable(host: str) -> str:
    """Where this machine reaches a server that listens on `host`, which may be all addresses."""
    return _WILDCARDS.get(host, host)
