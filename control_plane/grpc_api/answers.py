"""Errors as gRPC answers: a code, a message, and google.rpc.Status details for programs."""

import logging
from types import TracebackType
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio

from control_plane.errors import InvalidArgumentError, status_of

__all__ = ["DOMAIN", "answering", "status_message"]

DOMAIN = "capsulecast"
_DETAILS_KEY = "grpc-status-details-bin"
_RETRY_S = 1
_CODES = {code.value[0]: code for code in StatusCode}
_LOG = logging.getLogger(__name__)


def status_message(error: BaseException) -> status_pb2.Status:
    """The error as a google.rpc.Status; one that nobody foresaw tells nothing of itself."""
    status = status_of(error)
    if status.code == "INTERNAL":
        message = "internal error"
        reason = "INTERNAL"
    else:
        message = str(error) or status.code.lower().replace("_", " ")
        reason = _reason(error)
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)]
    if isinstance(error, InvalidArgumentError) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.field, description=message
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if status.retriable:
        details.append(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=_RETRY_S)))
    packed = []
    for detail in details:
        wrapped = AnyMessage()
        wrapped.Pack(detail)
        packed.append(wrapped)
    return status_pb2.Status(code=status.number, message=message, details=packed)


class answering:  # noqa: N801 - a context manager, used as a word: `async with answering(context)`
    """Runs a call's body; an error in it becomes the call's status."""

    def __init__(self, context: aio.ServicerContext[Any, Any]) -> None:
        self._context = context

    async def __aenter__(self) -> None:
        """Nothing to prepare."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the call with a status; cancellation and what gRPC itself raises pass."""
        if not isinstance(error, Exception) or isinstance(error, aio.BaseError):
            return
        status = status_message(error)
        if status_of(error).code == "INTERNAL":
            _LOG.error("a call failed", exc_info=error)
        await self._context.abort(
            _CODES[status.code],
            status.message,
            trailing_metadata=((_DETAILS_KEY, status.SerializeToString()),),
        )


def _reason(error: BaseException) -> str:
    """UPPER_SNAKE_CASE of the error's class, without "Error", as google.rpc.ErrorInfo asks."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(
        f"_{char}" if char.isupper() and i else char for i, char in enumerate(name)
    ).upper()
