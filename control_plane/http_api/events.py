"""Work that is told as it goes on: server-sent events, one message each."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from fastapi.responses import Response, StreamingResponse

from control_plane.errors import status_of
from control_plane.http_api.answers import error_answer
from control_plane.http_api.description import answer_of

__all__ = ["events_answer", "events_of"]

Told = TypeVar("Told")
_LOG = logging.getLogger(__name__)


def events_answer(
    begin: Callable[[], AbstractAsyncContextManager[AsyncIterator[Told]]],
    to_json: Callable[[Told], dict[str, Any]],
    what: str,
) -> Response:
    """The answer of a route whose work is told; a client that leaves ends it.

    Args:
        begin: Begins the work; leaving its context cancels what is not done.
        to_json: A message as the API tells it.
        what: The work, for the log.
    """

    async def events() -> AsyncIterator[bytes]:
        try:
            async with begin() as telling:
                async for told in telling:
                    yield _event(to_json(told))
        except Exception as error:  # the stream's root: its status has been sent long ago
            if status_of(error).code == "INTERNAL":
                _LOG.exception("%s failed", what)
            yield _event(json.loads(bytes(error_answer(error).body)))

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


def events_of(schema: str) -> dict[str, Any]:
    """Keywords of a route that answers with such messages as server-sent events."""
    answer = answer_of(schema)
    answer["responses"][200]["content"] = {
        "text/event-stream": answer["responses"][200]["content"]["application/json"]
    }
    return answer


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content, separators=(",", ":")).encode() + b"\n\n"
