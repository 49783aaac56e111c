"""The rules on disk: one JSON file of the operator's, whole or not at all, so that they last."""

import json
from pathlib import Path
from types import MappingProxyType

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from control_plane.errors import UnavailableError
from control_plane.governance.rules import Order, Rules
from control_plane.whole_files import written_whole

__all__ = ["read_rules", "write_rules"]

_VERSION = 1


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    actor: str
    reason: str
    at: AwareDatetime


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = _VERSION
    revoked: dict[str, _Order] = {}
    whitelist: list[str] | None = None
    whitelist_order: _Order | None = None


def read_rules(path: Path) -> Rules:
    """The rules of a file; none where there is no file.

    Raises:
        UnavailableError: It cannot be read. A server must not start as if nothing were forbidden.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Rules()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
    try:
        found = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UnavailableError(
            f"{path}: {where}: {first['msg']}; mend it or move it away"
        ) from error
    if found.version != _VERSION:
        raise UnavailableError(f"{path} is of version {found.version}, expected {_VERSION}")
    return Rules(
        revoked=MappingProxyType({id_: _order(one) for id_, one in found.revoked.items()}),
        whitelist=None if found.whitelist is None else tuple(found.whitelist),
        whitelist_order=None if found.whitelist_order is None else _order(found.whitelist_order),
    )


def write_rules(path: Path, rules: Rules) -> None:
    """Writes the rules aside and renames them: on the disk before this returns.

    Raises:
        UnavailableError: They cannot be written; the file is as it was.
    """
    content = _File(
        revoked={id_: _record(order) for id_, order in sorted(rules.revoked.items())},
        whitelist=None if rules.whitelist is None else list(rules.whitelist),
        whitelist_order=None if rules.whitelist_order is None else _record(rules.whitelist_order),
    )
    text = json.dumps(content.model_dump(mode="json"), indent=1) + "\n"
    try:
        with written_whole(path, 0o600) as sink:
            sink.write(text)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be written: {error.strerror}") from error


def _order(record: _Order) -> Order:
    return Order(record.actor, record.reason, record.at)


def _record(order: Order) -> _Order:
    return _Order(actor=order.actor, reason=order.reason, at=order.at)
