"""That docs/storage.md names what there is: tables, columns, indexes, modules and tests."""

import re
from pathlib import Path

import pytest

from storage.models import Base

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "storage.md").read_text()
TABLES = Base.metadata.tables
NAMED = re.compile(r"`([^`]+)`")


def ours() -> list[str]:
    """The last column of the tables that lead from the notes to our schema."""
    begin = TEXT.index("## Every entity and field of the notes")
    part = TEXT[begin : TEXT.index("## The live path")]
    return [line.split("|")[-2] for line in part.splitlines() if line.startswith("| ")]


def columns_named(cell: str) -> list[tuple[str, str]]:
    """Of a cell such as "`a.b`, `c`": what follows a table's column is of the same table."""
    found, table = [], ""
    for name in NAMED.findall(cell):
        before, dot, column = name.partition(".")
        if dot and before in TABLES:
            table = before
            found.append((table, column))
        elif table and re.fullmatch(r"[a-z_0-9]+", name) and name not in TABLES:
            found.append((table, name))
    return found


def test_every_column_that_is_named_is_there() -> None:
    named = [one for cell in ours() for one in columns_named(cell)]
    assert len(named) > 150
    assert [one for one in named if one[1] not in TABLES[one[0]].c] == []


def test_every_table_is_named() -> None:
    missing = [
        name
        for name in TABLES
        if f"`{name}" not in TEXT and not name.startswith(("judgement_of_", "study_"))
    ]
    assert missing == []


def test_every_index_that_is_named_is_there() -> None:
    indexes = {str(index.name) for table in TABLES.values() for index in table.indexes}
    assert set(re.findall(r"`(ix_[a-z_]+)`", TEXT)) <= indexes


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_/]+\.py)`", TEXT))))
def test_every_module_and_test_that_is_named_is_there(name: str) -> None:
    folder, _, file = name.rpartition("/")
    places = (
        [ROOT / folder] if folder else [ROOT / "tests", ROOT / "storage", ROOT / "control_plane"]
    )
    assert any(list(place.rglob(file)) for place in places)
