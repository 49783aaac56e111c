"""Pages of a list: sizes and opaque tokens."""

import base64
import binascii

from control_plane.errors import InvalidArgumentError

__all__ = ["DEFAULT_PAGE_SIZE", "MAX_PAGE_SIZE", "page_size", "read_token", "write_token"]

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100


def page_size(asked: int) -> int:
    """How many items a page takes; 0 asks for the default.

    Raises:
        InvalidArgumentError: It is negative or too many.
    """
    if not 0 <= asked <= MAX_PAGE_SIZE:
        message = f"page_size is {asked}, expected 1 to {MAX_PAGE_SIZE}"
        raise InvalidArgumentError(message, "page_size")
    return asked or DEFAULT_PAGE_SIZE


def write_token(last: str) -> str:
    """The token of the page after the item with the key `last`."""
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def read_token(token: str) -> str:
    """The key in a token; empty for the first page.

    Raises:
        InvalidArgumentError: It is none of ours.
    """
    if not token:
        return ""
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith("after:"):
        message = f"page_token is {token[:60]!r}, expected a next_page_token"
        raise InvalidArgumentError(message, "page_token")
    return text.removeprefix("after:")
