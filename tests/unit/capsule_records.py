"""Capsules as they stand in a library's files."""

from typing import Any

__all__ = ["record"]


def record(cid: str, **changes: object) -> dict[str, Any]:
    """A capsule of the face that opens the jaw, unless it has components."""
    data: dict[str, Any] = {
        "cid": cid,
        "layer": "face",
        "description": "A test",
        "duration_ms": 300,
    }
    if "components" not in changes:
        data["tracks"] = [{"target": "jawOpen", "curve": [[0, 0.0], [200, 0.5]]}]
    return data | changes
