"""The door before some services: who may call them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from grpc import aio

from control_plane.access import Access, peer_host
from control_plane.grpc_api.answers import answering

__all__ = ["AccessInterceptor"]

Context = aio.ServicerContext[Any, Any]


class AccessInterceptor(aio.ServerInterceptor):
    """Checks `authorization` in the metadata of calls, and where they come from.

    Args:
        access: Who may pass.
        services: Full names of the services that it stands before.
    """

    def __init__(self, access: Access, *services: str) -> None:
        self._access = access
        self._prefixes = tuple(f"/{name}/" for name in services)

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], "Awaitable[grpc.RpcMethodHandler[Any, Any] | None]"
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Puts the check before a call of one of the services."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(self._prefixes):
            return handler
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._checked(handler.unary_unary),
                handler.request_deserializer,
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._checked_stream(handler.unary_stream),
                handler.request_deserializer,
                handler.response_serializer,
            )
        raise NotImplementedError(f"{handler_call_details.method} takes a stream of requests")

    def _checked(self, behaviour: Any) -> Any:  # noqa: ANN401 - the types of grpc's asyncio differ
        async def answer(request: object, context: Context) -> object:
            async with answering(context):
                self._check(context)
            return await behaviour(request, context)

        return answer

    def _checked_stream(self, behaviour: Any) -> Any:  # noqa: ANN401 - the same
        async def answer(request: object, context: Context) -> AsyncIterator[object]:
            async with answering(context):
                self._check(context)
            async for part in behaviour(request, context):
                yield part

        return answer

    def _check(self, context: Context) -> None:
        metadata = context.invocation_metadata() or ()
        given = [value for name, value in metadata if name == "authorization"]
        authorization = given[0] if given and isinstance(given[0], str) else None
        self._access.check(authorization, peer_host(context.peer()))
