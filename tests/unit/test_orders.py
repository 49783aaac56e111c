"""Orders for the writing process come back as they were packed."""

import pickle
from dataclasses import fields
from typing import get_args
from uuid import uuid4

import pytest

from storage.orders import packed
from storage.records import (
    AgentRecord,
    MessageRecord,
    PacketRecord,
    PerformanceRecord,
    Record,
    RunKilled,
    SessionEnded,
)

SESSION = uuid4()


@pytest.mark.parametrize(
    "record",
    [
        MessageRecord(
            SESSION,
            "user",
            "hello",
            "client",
            0.5,
            -0.25,
            0.0,
            "glad",
            b"\x00\xff",
            agent_outputs={"appraisal": {"valence": 0.5}},
        ),
        PacketRecord(SESSION, 1, 2, "chat", 3, (("VF_1", 0.5), ("HF_2", 1.0))),
        AgentRecord(SESSION, uuid4(), "responder", {}, {"expression": None}),
        PerformanceRecord(None, "render.p99", 3.1, "ms", "a CPU", "1"),
        SessionEnded(SESSION, "asked to"),
        RunKilled(uuid4()),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_comes_back_equal(record: Record) -> None:
    records, again = pickle.loads(packed([record], again=True))
    assert records == [record]
    assert type(records[0]) is type(record)
    assert again is True


def test_every_kind_of_record_is_packed_as_the_call_that_makes_it() -> None:
    for kind in get_args(Record):
        record = object.__new__(kind)
        for item in fields(kind):
            object.__setattr__(record, item.name, item.name)
        ((found,), _) = pickle.loads(packed([record], again=False))
        assert found == record


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError)):
        packed([lambda: None], again=False)  # type: ignore[list-item]
