from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import (
    FaultRecord,
    FeaturesChanged,
    MessageRecord,
    PacketRecord,
    Record,
    SessionEnded,
)
from storage.spill import Spill, SpillFullError, decode, encode

MESSAGE = MessageRecord(uuid4(), "user", "hello", "client", 0.5, -0.25, 0.0, "Glad", b"\x00\xff")
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    text=st.text(),
    packet=st.binary(),
    outputs=st.none() | st.dictionaries(st.text() | st.just("$uuid"), json),
    memories=st.lists(json).map(tuple),
    time=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))])),
)
def test_every_message_comes_back_equal(
    text: str,
    packet: bytes,
    outputs: dict[str, object] | None,
    memories: tuple[object, ...],
    time: datetime,
) -> None:
    record = replace(
        MESSAGE,
        text=text,
        packet=packet,
        agent_outputs=outputs,
        memory_context=memories,
        created_at=time,
    )
    assert decode(encode(record)) == record


@pytest.mark.parametrize(
    "record",
    [
        SessionEnded(uuid4(), "asked to"),
        FaultRecord("mode", None, "1", "cause"),
        FeaturesChanged(uuid4(), ("light", "context")),
        PacketRecord(uuid4(), 1, 2, "chat", 3, (("VF_1", 0.5), ("HF_2", 1.0))),
    ],
    ids=lambda record: type(record).__name__,
)
def test_other_records_come_back_equal(record: Record) -> None:
    assert decode(encode(record)) == record
    assert type(record) in get_args(Record)


def opened(path: Path) -> Spill:
    spill = Spill(path)
    spill.open()
    return spill


def test_records_survive_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "spill"
    spill = opened(path)
    assert not spill.waiting
    assert spill.read(9) == []
    records = [SessionEnded(uuid4(), str(number)) for number in range(5)]
    assert spill.add(records[:3]) == 3
    spill.close()
    spill.close()
    later = Spill(path)
    assert later.open() == 3
    assert later.add(records[3:]) == 2
    assert later.read(9) == records
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_passed_is_not_read_again_and_the_end_empties_the_file(tmp_path: Path) -> None:
    spill = opened(tmp_path / "spill")
    records = [SessionEnded(uuid4(), str(number)) for number in range(5)]
    spill.add(records)
    spill.advance(2)
    assert spill.read(2) == records[2:4]
    assert spill.waiting
    spill.advance(3)
    assert not spill.waiting
    assert (tmp_path / "spill").stat().st_size == 0
    spill.add(records[:1])
    assert spill.read(9) == records[:1]


def test_a_crash_between_keeps_what_was_not_passed(tmp_path: Path) -> None:
    spill = opened(tmp_path / "spill")
    records = [SessionEnded(uuid4(), str(number)) for number in range(5)]
    spill.add(records)
    spill.advance(2)
    spill.close()
    later = Spill(tmp_path / "spill")
    assert later.open() == 3
    assert later.read(9) == records[2:]


@pytest.mark.parametrize("head", [b"x" * 20, b"9" * 20, b"0" * 18 + b"25", b"0" * 20])
def test_a_head_that_says_nothing_useful_loses_nothing(tmp_path: Path, head: bytes) -> None:
    spill = opened(tmp_path / "spill")
    records = [SessionEnded(uuid4(), str(number)) for number in range(3)]
    spill.add(records)
    spill.close()
    data = (tmp_path / "spill").read_bytes()
    (tmp_path / "spill").write_bytes(head + data[20:])
    later = Spill(tmp_path / "spill")
    assert later.open() == 3
    assert later.read(9) == records


def test_lines_longer_than_a_block_come_back(tmp_path: Path) -> None:
    spill = opened(tmp_path / "spill")
    records = [SessionEnded(uuid4(), "x" * 150_000) for _ in range(3)]
    spill.add(records)
    assert spill.read(9) == records


@given(cut=st.integers(min_value=1, max_value=400))
def test_a_line_that_was_cut_off_is_taken_away(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("spill") / "spill"
    spill = opened(path)
    records = [SessionEnded(uuid4(), "x" * 20) for _ in range(3)]
    spill.add(records)
    spill.close()
    data = path.read_bytes()
    head, *lengths = [len(line) for line in data.splitlines(keepends=True)]
    path.write_bytes(data[:-cut])
    whole, end = 0, head
    while whole < 3 and end + lengths[whole] <= len(data) - cut:
        end += lengths[whole]
        whole += 1
    later = Spill(path)
    assert later.open() == whole
    later.add(records[2:])
    assert later.read(9) == [*records[:whole], records[2]]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    spill = opened(path)
    records = [SessionEnded(uuid4(), "reason") for _ in range(3)]
    spill.add(records)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2].replace(b"reason", b"season") + lines[3])
    assert spill.read(9) == [records[0], None, records[2]]


def test_programs_at_the_same_time_have_files_of_their_own(tmp_path: Path) -> None:
    first, second = opened(tmp_path / "spill"), opened(tmp_path / "spill")
    one, two = SessionEnded(uuid4(), "one"), SessionEnded(uuid4(), "two")
    first.add([one])
    second.add([two])
    assert (first.read(9), second.read(9)) == ([one], [two])
    second.close()
    first.close()
    third = Spill(tmp_path / "spill")
    assert third.open() == 2
    assert third.read(9) == [one, two]
    third.close()
    assert Spill(tmp_path / "spill").open() == 2


def test_a_journal_does_not_grow_without_end(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill", limit_bytes=300)
    spill.open()
    record = SessionEnded(uuid4(), "x" * 20)
    spill.add([record])
    with pytest.raises(SpillFullError, match="300 bytes"):
        spill.add([record] * 2)
    assert spill.read(9) == [record]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'["Nobody", {}]', b'["SessionEnded", {"x": 1}]', b"1"]
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="is no record"):
        decode(data)
