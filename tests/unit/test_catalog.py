"""The library page by page."""

import pytest

from capsules.library import load_library
from capsules.model import Layer
from control_plane.catalog import Catalog
from control_plane.errors import InvalidArgumentError

LIBRARY = load_library().with_micro(120)


def test_pages_go_through_all_once_and_generated_ones_come_last() -> None:
    catalog, found, token = Catalog(LIBRARY), list[str](), ""
    while True:
        page, token = catalog.capsules(50, token)
        found += [item.cid for item in page]
        if not token:
            break
    assert len(found) == len(set(found)) == len(LIBRARY.capsules)
    assert found[-120:] == list(LIBRARY.generated)
    assert found[:-120] == sorted(load_library().capsules)


def test_pages_of_a_layer_hold_that_layer_alone() -> None:
    page, token = Catalog(LIBRARY).capsules(1000, layer=Layer.BODY)
    assert page
    assert not token
    assert {item.layer for item in page} == {Layer.BODY}
    faces, _ = Catalog(LIBRARY).capsules(1000, layer=Layer.FACE)
    assert sum(item.cid in LIBRARY.generated for item in faces) == 120


def test_another_library_is_read_once_it_is_taken() -> None:
    catalog = Catalog(load_library())
    catalog.take(LIBRARY)
    assert catalog.capsule("VF_10005").cid == "VF_10005"


def test_a_token_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="page_token"):
        Catalog(LIBRARY).capsules(10, "x")
