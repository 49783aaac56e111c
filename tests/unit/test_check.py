"""What the check of a library finds, and that the packaged one gives it nothing to find."""

from typing import Any

import pytest

from capsules.check import Finding, Severity, check_library
from capsules.library import Library, load_library
from capsules.model import Capsule, Emotion, Expression, Layer


def capsule(cid: str, **changes: object) -> Capsule:
    layer = {"VF": "face", "HF": "hand", "VC": "voice", "CS": "camera"}[cid[:2]]
    data: dict[str, Any] = {
        "cid": cid,
        "layer": layer,
        "description": "A test",
        "duration_ms": 300,
    }
    if "components" not in changes:
        data["tracks"] = [curve("jawOpen", (0, 0.0), (200, 0.5))]
    return Capsule.model_validate(data | changes)


def curve(target: str, *points: tuple[int, float]) -> dict[str, Any]:
    return {"target": target, "curve": points}


def parts(*cids: str, weight: float = 1.0) -> list[dict[str, Any]]:
    return [{"cid": cid, "weight": weight} for cid in cids]


def check(*capsules: Capsule, expressions: tuple[Expression, ...] = ()) -> list[Finding]:
    return check_library(Library(capsules, expressions))


def only(findings: list[Finding], code: str) -> Finding:
    assert [item.code for item in findings] == [code]
    return findings[0]


def test_the_packaged_library_gives_no_finding_at_all() -> None:
    assert check_library(load_library()) == []


def test_a_sound_capsule_gives_no_finding() -> None:
    assert check(capsule("VF_A")) == []


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"components": parts("VF_LOST")}, "component"),
        ({"fallback_cid": "VF_LOST"}, "fallback"),
        ({"voice_sync": {"voice_cid": "VC_LOST"}}, "voice_sync"),
    ],
)
def test_a_reference_into_nothing_is_an_error(changes: dict[str, Any], role: str) -> None:
    found = only(check(capsule("VF_A", **changes)), "dangling-reference")
    assert found.severity is Severity.ERROR
    assert found.where == "VF_A"
    assert found.message.startswith(f"{role} '")
    assert "_LOST' is in no library file" in found.message


def test_an_expression_item_into_nothing_is_an_error() -> None:
    lost = Expression.model_validate(
        {"id": "E_1", "name": "lost", "description": "A test", "items": [{"cid": "VF_LOST"}]}
    )
    found = only(check(expressions=(lost,)), "dangling-reference")
    assert found.where == "E_1"
    assert found.message == "item 'VF_LOST' is in no library file"


def test_a_revoked_capsule_that_is_referenced_is_an_error() -> None:
    found = only(
        check(capsule("VF_A", fallback_cid="VF_B"), capsule("VF_B", revoked=True, duration_ms=400)),
        "revoked-reference",
    )
    assert found.where == "VF_A"


def test_a_revoked_capsule_may_refer_to_anything() -> None:
    assert check(capsule("VF_A", revoked=True, fallback_cid="VF_LOST")) == []


def test_a_fallback_of_another_layer_is_an_error() -> None:
    hand = capsule("HF_1", tracks=[curve("handLeft.y", (0, 0.0), (200, -90.0))])
    found = only(check(capsule("VF_A", fallback_cid="HF_1"), hand), "wrong-layer")
    assert found.message == "fallback 'HF_1' is of layer hand, expected face"


def test_a_component_of_itself_is_an_error() -> None:
    findings = check(
        capsule("VF_A", components=parts("VF_B")),
        capsule("VF_B", components=parts("VF_A", weight=0.5)),
    )
    assert [(item.code, item.where) for item in findings] == [
        ("component-cycle", "VF_A"),
        ("component-cycle", "VF_B"),
    ]


@pytest.mark.parametrize(
    ("mode", "target", "value", "expected"),
    [
        ("additive", "jawOpen", 1.2, "jawOpen is 1.2 at 300 ms, expected 0 to 1 (additive)"),
        ("additive", "jawOpen", -0.1, "jawOpen is -0.1"),
        ("additive", "headYaw", -1.1, "expected -1 to 1"),
        ("additive", "camera.zoom", 1.05, "expected -0.5 to 1 (additive)"),
        ("override", "camera.zoom", 2.1, "expected 0.5 to 2 (override)"),
        ("override", "handLeft.y", -421, "expected -420 to 200"),
        ("multiply", "jawOpen", -0.5, "expected 0 to 4 (multiply)"),
    ],
)
def test_a_value_out_of_its_targets_range_is_an_error(
    mode: str, target: str, value: float, expected: str
) -> None:
    made = capsule("VF_A", blend_mode=mode, tracks=[curve(target, (300, value))])
    found = only(check(made), "out-of-range")
    assert expected in found.message


@pytest.mark.parametrize(
    ("mode", "target", "value"),
    [
        ("additive", "camera.zoom", 0.1),
        ("override", "camera.zoom", 1.1),
        ("multiply", "jawOpen", 1.5),
        ("additive", "headYaw", -1.0),
    ],
)
def test_a_value_within_its_targets_range_is_fine(mode: str, target: str, value: float) -> None:
    made = capsule("VF_A", blend_mode=mode, tracks=[curve(target, (300, value))])
    assert check(made) == []


def test_a_curve_or_phase_beyond_the_duration_is_an_error() -> None:
    names = ("ready", "stroke_start", "stroke", "stroke_end", "relax", "end")
    late = capsule("VF_A", tracks=[curve("jawOpen", (0, 0.0), (301, 0.5))])
    long = capsule("VF_B", phases=dict(zip(names, (1, 2, 3, 4, 5, 301), strict=True)))
    findings = check(late, long)
    assert [(item.code, item.where) for item in findings] == [
        ("beyond-duration", "VF_A"),
        ("beyond-duration", "VF_B"),
    ]
    assert "runs to 301 ms, expected at most the capsule's 300 ms" in findings[0].message


def test_a_curve_its_target_cannot_follow_is_a_warning() -> None:
    fast = capsule("VF_A", tracks=[curve("jawOpen", (0, 0.0), (50, 1.0))])
    found = only(check(fast), "too-fast")
    assert found.severity is Severity.WARNING
    assert found.message.startswith("jawOpen moves 20.0 a second at 0 ms, expected at most 12")


def test_a_loop_that_does_not_join_up_is_a_warning() -> None:
    found = only(check(capsule("VF_A", loop=True)), "loop-seam")
    assert found.message == "jawOpen starts at 0 and ends at 0.5: the loop jumps"


@pytest.mark.parametrize(
    "changes",
    [
        {"tracks": [curve("jawOpen", (0, 0.0), (100, 0.0))]},
        {"tracks": [curve("jawOpen", (0, 1.0))], "blend_mode": "multiply"},
        {"components": parts("VF_B", weight=0.0)},
    ],
)
def test_a_capsule_that_moves_nothing_is_an_error(changes: dict[str, Any]) -> None:
    found = only(check(capsule("VF_A", **changes), capsule("VF_B")), "empty")
    assert found.where == "VF_A"


def test_an_override_to_rest_is_not_empty() -> None:
    still = capsule("VF_A", blend_mode="override", tracks=[curve("jawOpen", (0, 0.0))])
    assert check(still) == []


def test_a_neutral_may_be_empty() -> None:
    assert check(capsule("VF_NEUTRAL", tracks=[])) == []


def test_the_same_movement_under_two_ids_is_a_warning() -> None:
    findings = check(capsule("VF_A"), capsule("VF_B", description="Another"), capsule("VC_C"))
    found = only(findings, "duplicate")
    assert found.where == "VF_B"
    assert "as VF_A does" in found.message


def corners(reach: float) -> list[Capsule]:
    signs = [(v, a, d) for v in (1, -1) for a in (1, -1) for d in (1, -1)]
    return [
        capsule(f"VC_{twin}{number}", duration_ms=300 + 2 * number + twin).model_copy(
            update={"emotion": Emotion(valence=v * reach, arousal=a * reach, dominance=d * reach)}
        )
        for number, (v, a, d) in enumerate(signs)
        for twin in (0, 1)
    ]


def test_a_cube_with_a_capsule_in_every_corner_is_covered() -> None:
    assert check(*corners(0.5)) == []


def test_a_cube_left_empty_far_from_its_capsules_is_a_warning() -> None:
    found = only(check(*corners(0.3)), "coverage")
    assert found.where == "voice"
    assert "is 1.04 away, expected at most 0.9" in found.message


def test_an_empty_octant_is_a_warning() -> None:
    found = [item.message for item in check(*corners(0.5)[2:])]
    assert any(message.startswith("octant +++ of the VAD cube holds 0") for message in found)


def test_the_packaged_library_must_have_its_hundred_hands_and_its_emotions() -> None:
    assert check(capsule("VF_A")) == []
    findings = check_library(Library([capsule("VF_A")], packaged=True))
    assert ("hand-count", "hand") in {(item.code, item.where) for item in findings}
    assert {item.where for item in findings if item.code == "coverage"} == {
        layer.value for layer in (Layer.FACE, Layer.HAND, Layer.VOICE)
    }


def test_errors_come_before_warnings() -> None:
    findings = check(
        capsule("VF_A", loop=True),
        capsule("VF_Z", fallback_cid="VF_LOST", duration_ms=400),
    )
    assert [item.severity for item in findings] == [Severity.ERROR, Severity.WARNING]
