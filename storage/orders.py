"""Orders for the writing process, as pickles: what to write, and whether it may be there already.

They are packed in the program whose event loop must go on meanwhile. Left to itself, pickle asks
every record and every id for its state in Python, which takes two to three times as long: here
each is told as the call that makes it again.
"""

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, get_args
from uuid import UUID

from storage.records import Record

__all__ = ["packed"]

_Call = tuple[type, tuple[Any, ...]]


def packed(records: Sequence[Record], *, again: bool) -> bytes:
    """An order, which `pickle.load` gives back as (records, again).

    Raises:
        pickle.PicklingError: Something in it is no data.
    """
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _CALLS
    pickler.dump((records, again))
    return written.getvalue()


def _values_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """Reads all fields of a record of that kind, in their order."""
    first, *others = (item.name for item in fields(kind))
    if others:
        return attrgetter(first, *others)
    return lambda record: (getattr(record, first),)


_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: _values_of(kind) for kind in get_args(Record)
}


def _record(record: Record) -> _Call:
    kind = type(record)
    return kind, _VALUES[kind](record)


def _identity(key: UUID) -> _Call:
    return UUID, (None, None, None, None, key.int)


_CALLS: dict[type, Callable[[Any], _Call]] = {
    **dict.fromkeys(get_args(Record), _record),
    UUID: _identity,
}
