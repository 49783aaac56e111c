"""Errors as HTTP answers: {"error": {"code", "message", "details"}}."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from capsules.errors import CapsuleError
from compositor.errors import CompositorError
from control_plane.errors import ControlError, InvalidArgumentError, status_of
from engine.errors import EngineError
from storage.errors import StorageError

__all__ = ["add_error_answers", "error_answer", "error_body"]

_CODES = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.METHOD_NOT_ALLOWED: "UNIMPLEMENTED",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "INVALID_ARGUMENT",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "INVALID_ARGUMENT",
}


def error_body(code: str, message: str, field: str = "") -> dict[str, Any]:
    """The body of an answer that is an error."""
    details = [{"field": field, "description": message}] if field else []
    return {"error": {"code": code, "message": message, "details": details}}


def error_answer(error: Exception) -> JSONResponse:
    """The answer to a request that led to this error; an unforeseen one tells nothing of itself."""
    status = status_of(error)
    headers = {"Retry-After": "1"} if status.retriable else None
    if status.http_status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status.code == "INTERNAL":
        return JSONResponse(error_body("INTERNAL", "internal error"), 500)
    field = error.field if isinstance(error, InvalidArgumentError) else ""
    body = error_body(status.code, str(error), field)
    return JSONResponse(body, status.http_status, headers)


def add_error_answers(app: FastAPI) -> None:
    """Makes every error of `app` such an answer."""

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        return error_answer(error)

    async def not_here(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
        code = _CODES.get(HTTPStatus(error.status_code), "UNKNOWN")
        body = error_body(code, str(error.detail))
        return JSONResponse(body, error.status_code, error.headers)

    async def bad_query(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
        first = error.errors()[0]
        field = str(first["loc"][-1])
        message = f"{field} is {first.get('input')!r}: {first['msg'].lower()}"
        return error_answer(InvalidArgumentError(message, field))

    app.add_exception_handler(HTTPException, not_here)
    app.add_exception_handler(RequestValidationError, bad_query)
    for foreseen in (
        ControlError,
        CapsuleError,
        CompositorError,
        EngineError,
        StorageError,
        TimeoutError,
    ):
        app.add_exception_handler(foreseen, refused)
    # Unforeseen ones are answered too, and then logged by the server.
    app.add_exception_handler(Exception, refused)
