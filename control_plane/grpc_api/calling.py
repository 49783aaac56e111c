"""Services whose calls are answered one by one elsewhere: a servicer made of them."""

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar, cast

from google.protobuf.message import Message
from grpc import aio

from control_plane.grpc_api.answers import answering

__all__ = ["servicer"]

S = TypeVar("S")
Context = aio.ServicerContext[Any, Any]


def servicer(base: Callable[[], S], calls: object) -> S:
    """A servicer whose every method is the call of the same name in snake case.

    Args:
        base: The generated class of the service.
        calls: Takes a request each and returns, or yields, its answer.

    Raises:
        AttributeError: A method has no call.
    """
    kind = cast("type[object]", base)
    methods = {
        name: _answered(getattr(calls, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()))
        for name in vars(kind)
        if name[0].isupper()
    }
    return cast(S, type(kind.__name__, (kind,), methods)())


def _answered(call: Callable[[Any], Any]) -> Callable[..., Any]:
    return _many(call) if inspect.isasyncgenfunction(call) else _one(call)


def _one(call: Callable[[Any], Awaitable[Message]]) -> Callable[..., Any]:
    async def answer(_servicer: object, request: Message, context: Context) -> Message:
        async with answering(context):
            return await call(request)
        raise AssertionError("an error ends the call")

    return answer


def _many(call: Callable[[Any], AsyncIterator[Message]]) -> Callable[..., Any]:
    async def answer(
        _servicer: object, request: Message, context: Context
    ) -> AsyncIterator[Message]:
        async with answering(context):
            async for part in call(request):
                yield part

    return answer
