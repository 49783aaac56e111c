"""Writes the JSON Schemas of capsules, expressions and profiles beside the library's data.

Run `python -m capsules.schema` after a change of `capsules.model` or `capsules.profile`; a test
compares the files.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from capsules.library import PACKAGED_FOLDER
from capsules.model import capsule_schema, expression_schema
from capsules.profile import profile_schema

__all__ = ["SCHEMA_FOLDER", "export_schemas"]

SCHEMA_FOLDER = PACKAGED_FOLDER / "schema"

_SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "capsule.schema.json": capsule_schema,
    "expression.schema.json": expression_schema,
    "profile.schema.json": profile_schema,
}


def export_schemas(folder: Path = SCHEMA_FOLDER) -> None:
    """Writes the schemas into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in _SCHEMAS.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    export_schemas()
