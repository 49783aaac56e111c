"""Proto3 JSON: reading and writing it, and its JSON Schema for the API's description."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from control_plane.errors import InvalidArgumentError

__all__ = ["decode", "from_json", "schemas", "to_json"]

M = TypeVar("M", bound=Message)
_SHOWN_CHARS = 300


def decode(data: str | bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Reads JSON text.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"the body is no JSON: {error}") from error


def from_json(data: object, message: M, name: str) -> M:
    """Fills `message` from parsed JSON; camelCase and the .proto's own names both do.

    Raises:
        InvalidArgumentError: It does not fit; `name` says what was read.
    """
    if not isinstance(data, dict):
        raise InvalidArgumentError(f"{name}: expected a JSON object, got {type(data).__name__}")
    try:
        return json_format.ParseDict(data, message, max_recursion_depth=20)
    except (json_format.ParseError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()).removesuffix(".")[:_SHOWN_CHARS]
        found = re.search(r' at "?(?:\w+)\.([\w.]+?)\.*"?(?: |$)', reason)
        field = f"{name}.{found[1]}" if found else name
        raise InvalidArgumentError(f"{name} cannot be read: {reason}", field) from error


def to_json(message: Message, *, complete: bool = False) -> dict[str, Any]:
    """The message as proto3 JSON; `complete` prints fields that hold their default too."""
    out: dict[str, Any] = json_format.MessageToDict(
        message, always_print_fields_with_no_presence=complete
    )
    return out


_SCALARS: Mapping[int, dict[str, Any]] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_SINT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    # Written as strings, read as either.
    FieldDescriptor.TYPE_INT64: {"type": ["string", "integer"], "format": "int64"},
    FieldDescriptor.TYPE_UINT64: {"type": ["string", "integer"], "format": "uint64"},
}
_WELL_KNOWN: Mapping[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
}


def schemas(*roots: Descriptor) -> dict[str, dict[str, Any]]:
    """JSON Schemas, by name, of these messages and all that they hold."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(roots)
    while waiting:
        message = waiting.pop()
        if message.name in found:
            continue
        properties: dict[str, Any] = {}
        for field in message.fields:
            schema = _field_schema(field)
            if field.message_type and field.message_type.file.package == message.file.package:
                waiting.append(field.message_type)
            properties[field.json_name] = schema
        found[message.name] = {"type": "object", "properties": properties}
        for group in message.oneofs:
            if len(group.fields) > 1:
                names = ", ".join(field.json_name for field in group.fields)
                found[message.name]["description"] = f"At most one of: {names}."
    return dict(sorted(found.items()))


def _field_schema(field: FieldDescriptor) -> dict[str, Any]:
    if field.enum_type:
        one = _enum_schema(field.enum_type)
    elif field.message_type and field.message_type.full_name in _WELL_KNOWN:
        one = dict(_WELL_KNOWN[field.message_type.full_name])
    elif field.message_type:
        one = {"$ref": f"#/components/schemas/{field.message_type.name}"}
    else:
        one = dict(_SCALARS[field.type])
    return {"type": "array", "items": one} if field.is_repeated else one


def _enum_schema(enum: EnumDescriptor) -> dict[str, Any]:
    return {"type": "string", "enum": [value.name for value in enum.values if value.number]}
