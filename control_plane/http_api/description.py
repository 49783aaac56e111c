"""The API's description: OpenAPI whose schemas are those of the .proto files in proto3 JSON."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from control_plane.translate.schemas import api_schemas

__all__ = ["answer_of", "body_of", "describe"]

_ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "description": "Name of a google.rpc.Code."},
                "message": {"type": "string"},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "field": {"type": "string"},
                            "description": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}


def body_of(schema: str, *, required: bool = True) -> dict[str, Any]:
    """Keywords of a route whose body is that message."""
    content = {"application/json": {"schema": _reference(schema)}}
    return {"openapi_extra": {"requestBody": {"required": required, "content": content}}}


def answer_of(schema: str, status: int = 200) -> dict[str, Any]:
    """Keywords of a route that answers with that message, or with an error."""
    return {
        "responses": {
            status: {
                "description": "Success",
                "content": {"application/json": {"schema": _reference(schema)}},
            },
            "default": {
                "description": "An error",
                "content": {"application/json": {"schema": _reference("Error")}},
            },
        }
    }


def describe(app: FastAPI) -> None:
    """Gives `app` its OpenAPI document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            for path in document["paths"].values():
                for operation in path.values():
                    # FastAPI's own error schema; ours is the default answer.
                    operation["responses"].pop("422", None)
            # What FastAPI found in the parameters' types, without its own error's.
            found = document.get("components", {}).get("schemas", {})
            kept = {name: schema for name, schema in found.items() if "Validation" not in name}
            schemas = kept | api_schemas() | {"Error": _ERROR_SCHEMA}
            document.setdefault("components", {})["schemas"] = dict(sorted(schemas.items()))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
