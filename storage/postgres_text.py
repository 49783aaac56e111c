"""What PostgreSQL's text and JSON cannot hold: taken out on the way in, whoever sends it.

One such character would have it refuse a row, and with a session's row all that refers to it.
"""

import json
import math
import re
from typing import Any

__all__ = ["holdable", "json_text", "take_any_text"]

_NUL = "\0"
_INSTEAD = "\N{REPLACEMENT CHARACTER}"
_LONE = re.compile("[\ud800-\udfff]")


def holdable(text: str) -> str:
    """Text with U+FFFD for the character NUL: on SQLite too, so that both hold the same."""
    return text.replace(_NUL, _INSTEAD)


def take_any_text(connection: Any) -> None:  # noqa: ANN401 - a psycopg connection, which may not be installed
    """Has a connection put U+FFFD for the character NUL, and "?" for a lone surrogate."""
    from psycopg.adapt import Dumper

    class AnyText(Dumper):
        """Text of any characters."""

        def dump(self, obj: str) -> bytes:
            """What is sent."""
            return holdable(obj).encode("utf-8", "replace")

    connection.adapters.register_dumper(str, AnyText)


def json_text(value: object) -> str:
    """JSON that PostgreSQL takes: without NUL and lone surrogates, null for what is no number."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # NaN, infinity
        return json.dumps(_holdable(value), ensure_ascii=False)
    if "\\u0000" in text or _LONE.search(text):
        text = json.dumps(_holdable(value), ensure_ascii=False)
    return text


def _holdable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return _LONE.sub(_INSTEAD, holdable(value))
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {_holdable(name): _holdable(item) for name, item in value.items()}
        case list() | tuple():
            return [_holdable(item) for item in value]
        case _:
            return value
