import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from compositor.mapped import give_back, joined

MEGABYTE = 1 << 20


def mapped(file: Path, size_bytes: int) -> NDArray[np.int8]:
    file.write_bytes((np.arange(size_bytes, dtype=np.int64) % 127).astype(np.int8).tobytes())
    return np.memmap(file, np.int8, "r").view(np.ndarray)


def test_arrays_in_a_row_are_joined_without_a_copy(tmp_path: Path) -> None:
    data = mapped(tmp_path / "a", 60)
    rows = [data[k : k + 12].reshape(3, 4) for k in (8, 20, 32)]
    whole = joined(rows)
    assert whole is not None
    assert np.shares_memory(whole, data)
    assert not whole.flags.writeable
    np.testing.assert_array_equal(whole, np.stack(rows))


def test_others_are_not_joined(tmp_path: Path) -> None:
    data, other = mapped(tmp_path / "a", 60), mapped(tmp_path / "b", 60)
    rows = [data[k : k + 12] for k in (0, 12, 24)]
    assert joined(rows) is not None
    assert joined([rows[0], rows[2]]) is None
    assert joined([rows[1], rows[0]]) is None
    assert joined([rows[0], data[12:23]]) is None
    assert joined([rows[0], other[12:24]]) is None
    assert joined([data[0:24:2], data[12:36:2]]) is None
    assert joined([row.copy() for row in rows]) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's resident set")
def test_mapped_memory_that_was_read_is_given_back_and_stays_readable(tmp_path: Path) -> None:
    data = mapped(tmp_path / "a", 64 * MEGABYTE)
    whole = joined([data[: 32 * MEGABYTE], data[32 * MEGABYTE :]])
    assert whole is not None
    total = int(whole.sum(dtype=np.int64))
    before = psutil.Process().memory_info().rss
    give_back(whole)
    assert before - psutil.Process().memory_info().rss > 48 * MEGABYTE
    assert int(whole.sum(dtype=np.int64)) == total


def test_arrays_that_are_not_mapped_are_left_alone() -> None:
    plain = np.arange(100_000)
    give_back(plain)
    give_back(plain[5:7])
    assert plain.sum() == 99_999 * 50_000
