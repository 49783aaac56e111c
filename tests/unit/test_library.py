"""Looking things up in a library."""

from typing import Any

import pytest

from capsules.errors import LibraryError, UnknownCapsuleError
from capsules.library import Library
from capsules.model import Capsule, Expression, Layer
from tests.unit.capsule_records import record

DELIGHT = {
    "id": "E_0001",
    "name": "delight",
    "description": "A test",
    "items": [{"cid": "VF_A"}],
}


def combined(cid: str, **weights: float) -> dict[str, Any]:
    return record(cid, components=[{"cid": part, "weight": w} for part, w in weights.items()])


def library(*records: dict[str, Any], expressions: tuple[Expression, ...] = ()) -> Library:
    return Library([Capsule.model_validate(item) for item in records], expressions)


def test_a_capsule_is_found_by_its_cid() -> None:
    assert library(record("VF_A"), record("VF_B")).capsule("VF_B").cid == "VF_B"


@pytest.mark.parametrize("cid", ["VF_UNKNOWN", "VF_GONE", ""])
def test_an_unknown_or_revoked_capsule_raises(cid: str) -> None:
    lib = library(record("VF_GONE", revoked=True))
    with pytest.raises(UnknownCapsuleError, match=repr(cid)):
        lib.capsule(cid)


def test_an_expression_is_found_by_id_and_by_name() -> None:
    lib = library(expressions=(Expression.model_validate(DELIGHT),))
    assert lib.expression("E_0001") is lib.expression("delight")
    with pytest.raises(UnknownCapsuleError, match="'joy'"):
        lib.expression("joy")


def test_a_layer_is_sorted_and_leaves_out_the_revoked() -> None:
    lib = library(record("VF_C"), record("VF_A"), record("VF_B", revoked=True))
    assert [item.cid for item in lib.layer(Layer.FACE)] == ["VF_A", "VF_C"]
    assert lib.layer(Layer.HAND) == ()


def test_resolve_prefers_the_capsule_then_the_given_then_its_own_fallback() -> None:
    lib = library(
        record("VF_A", fallback_cid="VF_OWN"),
        record("VF_GIVEN"),
        record("VF_OWN"),
    )

    def found(lib: Library, cid: str, fallback: str = "") -> str:
        capsule = lib.resolve(cid, fallback)
        assert capsule is not None
        return capsule.cid

    assert found(lib, "VF_A", "VF_GIVEN") == "VF_A"
    assert found(lib.revoke("VF_A"), "VF_A", "VF_GIVEN") == "VF_GIVEN"
    assert found(lib.revoke("VF_A"), "VF_A") == "VF_OWN"
    assert found(lib, "VF_UNKNOWN", "VF_GIVEN") == "VF_GIVEN"
    assert lib.resolve("VF_UNKNOWN") is None
    assert lib.revoke("VF_A", "VF_OWN").resolve("VF_A", "VF_UNKNOWN") is None


def test_resolve_follows_the_fallback_of_a_revoked_fallback() -> None:
    lib = library(
        record("VF_A", fallback_cid="VF_B"),
        record("VF_B", fallback_cid="VF_C"),
        record("VF_C"),
    ).revoke("VF_B")
    found = lib.resolve("VF_UNKNOWN", "VF_B")
    assert found is not None
    assert found.cid == "VF_C"


def test_fallbacks_in_a_circle_end() -> None:
    lib = library(record("VF_A", fallback_cid="VF_B"), record("VF_B", fallback_cid="VF_A"))
    assert lib.revoke("VF_A", "VF_B").resolve("VF_A") is None


def test_revoking_leaves_the_library_it_started_from_as_it_was() -> None:
    lib = library(record("VF_A"))
    assert lib.revoke("VF_A").capsules["VF_A"].revoked
    assert lib.capsule("VF_A").cid == "VF_A"
    with pytest.raises(UnknownCapsuleError):
        lib.revoke("VF_UNKNOWN")


def test_a_plain_capsule_flattens_to_itself() -> None:
    lib = library(record("VF_A"))
    assert lib.flatten("VF_A") == ((lib.capsule("VF_A"), 1.0),)


def test_nested_components_multiply_their_weights_and_add_up() -> None:
    lib = library(
        combined("VF_ALL", VF_PAIR=0.5, VF_A=0.25),
        combined("VF_PAIR", VF_A=0.5, VF_B=1.0),
        record("VF_A"),
        record("VF_B"),
    )
    assert {item.cid: weight for item, weight in lib.flatten("VF_ALL")} == {
        "VF_A": 0.5,
        "VF_B": 0.5,
    }


def test_components_in_a_circle_missing_or_revoked_are_left_out() -> None:
    lib = library(
        combined("VF_ALL", VF_ALL=1.0, VF_BACK=1.0, VF_MISSING=1.0, VF_GONE=1.0, VF_A=1.0),
        combined("VF_BACK", VF_ALL=1.0),
        record("VF_A"),
        record("VF_GONE", revoked=True),
    )
    assert [item.cid for item, _ in lib.flatten("VF_ALL")] == ["VF_A"]
    with pytest.raises(UnknownCapsuleError):
        lib.flatten("VF_GONE")


def test_an_id_given_twice_is_refused() -> None:
    with pytest.raises(LibraryError, match="VF_A: defined twice"):
        library(record("VF_A"), record("VF_A"))
