"""Who may see what is remembered: whoever has the access token, or else this machine alone."""

import hmac
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

from control_plane.errors import PermissionDeniedError, UnauthenticatedError
from control_plane.hosts import host_of, is_loopback
from control_plane.settings import Settings, SettingsError, check_token

__all__ = ["Access", "open_access", "peer_host", "read_token"]

_SCHEME = "bearer "


class Access:
    """The door to what is remembered, and to orders about what may play.

    With a token every caller needs it, those on this machine too. Without one, callers on this
    machine alone may pass.

    Args:
        token: The access token; empty: there is none.
    """

    def __init__(self, token: str = "") -> None:
        self._token = token.encode()

    @property
    def by_token(self) -> bool:
        """Whether it takes a token to pass."""
        return bool(self._token)

    def check(self, authorization: str | None, host: str) -> None:
        """Lets a caller pass, or raises.

        Args:
            authorization: What the caller says, such as "Bearer TOKEN" (RFC 6750).
            host: Address of the caller; empty: unknown.

        Raises:
            UnauthenticatedError: There is a token, and this is not it.
            PermissionDeniedError: There is none, and the caller is elsewhere.
        """
        if not self._token:
            if not _is_here(host):
                raise PermissionDeniedError(
                    "the server has no access token, so that only callers on its own machine are "
                    "answered; set access_token"
                )
            return
        given = authorization or ""
        if not given[: len(_SCHEME)].lower() == _SCHEME:
            raise UnauthenticatedError("expected the access token: authorization: Bearer TOKEN")
        # Comparing takes as long whatever is given.
        if not hmac.compare_digest(given[len(_SCHEME) :].strip().encode(), self._token):
            raise UnauthenticatedError("this is not the access token")


def open_access(settings: Settings) -> Access:
    """The door as the settings want it.

    Raises:
        SettingsError: The token's file cannot be read, or holds none.
    """
    return Access(read_token(settings))


def read_token(settings: Settings) -> str:
    """The access token of the settings or of their file; empty: there is none.

    Raises:
        SettingsError: The file cannot be read, or holds none.
    """
    if settings.access_token is not None:
        return settings.access_token.get_secret_value()
    if settings.access_token_file is None:
        return ""
    try:
        token = settings.access_token_file.read_text(encoding="ascii").strip()
        check_token(token)
    except (OSError, ValueError) as error:
        # A decoder's message would hold what it has read.
        reason = "it is no text" if isinstance(error, UnicodeError) else error
        raise SettingsError(f"access_token_file: {settings.access_token_file}: {reason}") from None
    return token


def peer_host(peer: str) -> str:
    """The address in a gRPC peer such as "ipv4:127.0.0.1:5000" or "ipv6:%5B::1%5D:5000"."""
    kind, _, authority = unquote(peer).partition(":")
    if kind == "unix":
        return "localhost"
    return host_of(authority)


def _is_here(host: str) -> bool:
    if is_loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    # What listens on all addresses of IPv6 sees callers of IPv4 so.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped is not None and mapped.is_loopback
