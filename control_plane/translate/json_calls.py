"""Calls of the gRPC services over proto3 JSON."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

from google.protobuf.message import Message

from control_plane.translate.jsonform import from_json, to_json

__all__ = ["over_json"]

Request = TypeVar("Request", bound=Message)


async def over_json(
    call: Callable[[Request], Awaitable[Message]], data: object, known: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """Calls with a request in parsed JSON; returns the answer, every field present.

    Args:
        call: Takes a request.
        data: The request.
        known: Fields of it that come from elsewhere, such as the path; they win.

    Raises:
        InvalidArgumentError: It does not fit the request.
    """
    if isinstance(data, dict):
        double = {form for name in known for form in (name, _camel(name))}
        data = {name: value for name, value in data.items() if name not in double} | dict(known)
    kind: type[Request] = _request_of(getattr(call, "__func__", call))
    return to_json(await call(from_json(data, kind(), "request")), complete=True)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def _request_of(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - the class of some message
    """The class of a call's request, as its signature says."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return get_type_hints(function)[names[0]]
