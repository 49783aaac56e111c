"""Corrective bases: how they are weighted, kept in packs, drawn by both backends, and authored."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part
from capsules.bake.portrait import portrait_of
from capsules.bake.rig import rigged
from capsules.bake.subject import Subject
from capsules.errors import PackError
from capsules.pack import FORMAT_VERSION, load_pack, save_pack
from capsules.weights import WeightResolver, correctives
from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from compositor.prepared import plan, prepare, resolver
from compositor.wgpu_plan import Planner
from tests.drawn_face import drawn_face, drawn_mask, drawn_photo, with_open_lips
from tests.unit.avatars import PROVENANCE, grid, plain_part, solid
from tests.unit.test_compositor_plan import Resident

DRIVERS = {"a_b": ("a", "b"), "a_b_c": ("a", "b", "c")}
SIZE = FrameSize(128, 128)
LIDS = ("eyeSquint", "cheekSquint", "eyeLookDown", "eyeLookUp", "eyeWide", "browDown")


def resolved(weights: Mapping[str, float]) -> dict[str, float]:
    return dict(WeightResolver(DRIVERS)(tuple(weights.items())))


def test_a_corrective_weighs_the_product_of_its_drivers() -> None:
    assert resolved({"a": 0.5, "b": 0.4}) == {"a": 0.5, "b": 0.4, "a_b": pytest.approx(0.2)}
    found = resolved({"a": 0.5, "b": 0.4, "c": 0.5, "d": 1.0})
    assert found["a_b_c"] == pytest.approx(0.1)
    assert found["a_b"] == pytest.approx(0.2)


@pytest.mark.parametrize("weights", [{}, {"a": 1.0}, {"b": 1.0, "c": 1.0}, {"a": -0.5, "b": 1.0}])
def test_a_corrective_without_all_of_its_drivers_is_not_drawn(weights: dict[str, float]) -> None:
    assert resolved(weights) == weights


def test_nothing_but_its_drivers_weights_a_corrective() -> None:
    assert resolved({"a": 1.0, "a_b": 0.7}) == {"a": 1.0}


def test_other_weights_stay_as_they_are_and_in_their_order() -> None:
    given_weights = (("z", 0.1), ("a", 0.2), ("headYaw", -1.0))
    assert tuple(WeightResolver(DRIVERS)(given_weights)) == given_weights


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_lips_never_close_farther_than_the_jaw_has_parted_them(jaw: float, closed: float) -> None:
    found = resolved({"jawOpen": jaw, "mouthClose": closed})
    assert found.get("mouthClose", 0.0) <= max(jaw, 0.0)
    if closed <= jaw:
        assert found["mouthClose"] == closed


def test_closing_lips_without_the_jaw_does_nothing() -> None:
    assert resolved({"mouthClose": 1.0}) == {}


def square(*, sign: float = 1.0) -> Avatar:
    """A square whose bases a and b move it right and down, and whose corrective undoes both."""
    vertices, uv, triangles = grid((300.0, 300.0, 400.0, 400.0), 2, 2)
    right, down = np.zeros((2, *vertices.shape), np.float16)
    right[:, 0], down[:, 1] = 200.0, 200.0
    undone = (sign * -(right + down)).astype(np.float16)
    residual = np.full((4, 4, 3), 90, np.int8)
    bases = {"a": Basis(right), "b": Basis(down), "a_b": Basis(undone, residual, ("a", "b"))}
    part = Part(
        "face", vertices, uv, triangles, solid((40, 90, 160, 255)),
        residual_rect=(0, 0, 16, 16), bases=bases,
    )  # fmt: skip
    behind = plain_part("background", (0.0, 0.0, 1024.0, 1024.0), solid((9, 9, 9, 255)))
    return Avatar("square", 1024, (behind, part), PROVENANCE)


def frame(avatar: Avatar, weights: Mapping[str, float]) -> I420:
    compositor = NumbaCompositor()
    compositor.load(avatar)
    (made,) = compositor.render([DrawList("square", SIZE, tuple(sorted(weights.items())))])
    return made


def test_a_corrective_is_drawn_with_its_residual_where_its_drivers_meet() -> None:
    avatar = square()
    plain = replace(avatar.parts[1], residual_rect=(0, 0, 0, 0))
    bases = {name: Basis(one.delta) for name, one in plain.bases.items() if not one.drivers}
    without = replace(avatar, parts=(avatar.parts[0], replace(plain, bases=bases)))
    np.testing.assert_array_equal(frame(avatar, {"a": 1.0}), frame(without, {"a": 1.0}))
    both, rest = frame(avatar, {"a": 1.0, "b": 1.0}), frame(without, {})
    seen = both[:128].astype(np.int16) - rest[:128]
    # Where it was, but brighter by the residual.
    assert (seen != 0).sum() == pytest.approx((50 - 1) ** 2, rel=0.1)
    assert seen.max() > 60


def test_both_backends_plan_the_same_correctives() -> None:
    parts = prepare(square())
    draw_list = DrawList("square", SIZE, (("a", 0.5), ("b", 0.5)))
    planned = Planner(parts, 1024).plan([draw_list], Resident())
    asked = plan(parts, 1024, draw_list, resolver(parts))[1]
    assert dict(asked.deltas) == {0: 0.5, 1: 0.5, 2: 0.25}
    assert dict(asked.residuals) == {0: 0.25}
    job = planned.jobs[0, 1]
    for kind, expected in (("delta", asked.deltas), ("residual", asked.residuals)):
        start, count = int(job[f"{kind}_start"]), int(job[f"{kind}_count"])
        weights = planned.actives[start : start + count]["weight"]
        assert sorted(weights.tolist()) == sorted(weight for _, weight in expected)


def test_correctives_are_no_bases_that_can_be_asked_for() -> None:
    assert square().basis_names == {"a", "b"}
    assert correctives(square().parts) == {"a_b": ("a", "b")}


def test_packs_keep_drivers(tmp_path: Path) -> None:
    save_pack(square(), tmp_path)
    found = load_pack(tmp_path).part("face").bases
    assert found["a_b"].drivers == ("a", "b")
    assert found["a_b"].residual is not None
    assert found["a"].drivers == ()
    assert json.loads((tmp_path / "avatar.json").read_bytes())["version"] == FORMAT_VERSION == 2


def test_packs_without_correctives_are_written_as_before_and_still_load(tmp_path: Path) -> None:
    part = square().parts[1]
    bases = {name: one for name, one in part.bases.items() if not one.drivers}
    save_pack(replace(square(), parts=(replace(part, bases=bases),)), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_bytes())
    assert manifest["version"] == 1
    assert "correctives" not in manifest["parts"][0]
    assert load_pack(tmp_path).basis_names == {"a", "b"}


def test_packs_of_a_later_version_are_refused(tmp_path: Path) -> None:
    save_pack(square(), tmp_path)
    file = tmp_path / "avatar.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"version": 3}))
    with pytest.raises(PackError, match="1 to 2"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    ("drivers", "message"),
    [
        (["a"], "two or more different plain bases"),
        (["a", "a"], "two or more different plain bases"),
        (["a", "missing"], "two or more different plain bases"),
        (["a", "a_b"], "two or more different plain bases"),
        ([["a"], "b"], "is not a name"),
        (3, "does not describe an avatar"),
    ],
)
def test_drivers_that_cannot_drive_are_refused(
    tmp_path: Path, drivers: object, message: str
) -> None:
    save_pack(square(), tmp_path)
    file = tmp_path / "avatar.json"
    manifest = json.loads(file.read_bytes())
    manifest["parts"][1]["correctives"] = {"a_b": drivers}
    file.write_text(json.dumps(manifest))
    with pytest.raises(PackError, match=message):
        load_pack(tmp_path)


def test_a_corrective_without_a_delta_is_refused(tmp_path: Path) -> None:
    save_pack(square(), tmp_path)
    file = tmp_path / "avatar.json"
    manifest = json.loads(file.read_bytes())
    manifest["parts"][1]["correctives"] = {"b_c": ["a", "b"]}
    file.write_text(json.dumps(manifest))
    with pytest.raises(PackError, match="b_c"):
        load_pack(tmp_path)


def test_parts_that_disagree_on_drivers_are_refused(tmp_path: Path) -> None:
    avatar = square()
    other = replace(avatar.parts[1], name="neck")
    bases = dict(other.bases) | {"a_b": replace(other.bases["a_b"], drivers=("b", "a"))}
    with pytest.raises(PackError, match="other drivers"):
        save_pack(replace(avatar, parts=(*avatar.parts, replace(other, bases=bases))), tmp_path)


@pytest.fixture(scope="module", params=[0.0, 8.0], ids=["closed", "smiling"])
def subject(request: pytest.FixtureRequest) -> Subject:
    face = with_open_lips(drawn_face(), request.param) if request.param else drawn_face()
    photo = drawn_photo(face)
    return portrait_of(photo, face, drawn_mask(photo))[0]


@pytest.fixture(scope="module")
def avatar(subject: Subject) -> Avatar:
    return Avatar("drawn", 1024, rigged(subject), PROVENANCE)


def moved(avatar: Avatar, weights: Mapping[str, float]) -> NDArray[np.float64]:
    part = avatar.part("face")
    out = part.vertices.astype(np.float64)
    for name, weight in resolver(prepare(avatar))(tuple(weights.items())):
        if name in part.bases:
            out = out + weight * part.bases[name].delta.astype(np.float64)
    return out


@pytest.mark.parametrize("word", ["Left", "Right"])
def test_closed_lids_stay_where_they_meet_whatever_else_moves_them(
    avatar: Avatar, subject: Subject, word: str
) -> None:
    # The part's first vertices are the mesh's.
    curves = subject.mesh.curves
    lids = np.concatenate([curves[f"lidUpper{word}"], curves[f"lidLower{word}"]])
    blink = {f"eyeBlink{word}": 1.0}
    closed, rest = moved(avatar, blink), avatar.part("face").vertices
    for other in LIDS:
        alone = moved(avatar, {f"{other}{word}": 1.0})
        assert np.abs(alone - rest)[lids].max() > 0.5, other
        both = moved(avatar, blink | {f"{other}{word}": 1.0})
        assert np.abs(both - closed)[lids].max() < 0.03, other
    everything = moved(avatar, blink | {f"{name}{word}": 1.0 for name in LIDS})
    assert np.abs(everything - closed)[lids].max() < 0.1


def test_an_open_smile_is_narrower_than_its_sum_and_wider_than_the_open_mouth(
    avatar: Avatar,
) -> None:
    part = avatar.part("face")
    smile = part.bases["mouthSmileLeft"].delta.astype(np.float64)
    corner = int(np.argmax(smile[:, 0]))
    both = moved(avatar, {"jawOpen": 1.0, "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0})
    jaw = moved(avatar, {"jawOpen": 1.0})
    plain = jaw + smile + part.bases["mouthSmileRight"].delta.astype(np.float64)
    assert jaw[corner, 0] < both[corner, 0] < plain[corner, 0]
    assert jaw[corner, 1] > both[corner, 1] > plain[corner, 1]


def test_lips_puckered_and_funnelled_are_rounded_once(avatar: Avatar) -> None:
    part = avatar.part("face")
    pucker = part.bases["mouthPucker"].delta.astype(np.float64)
    corners = [int(np.argmin(pucker[:, 0])), int(np.argmax(pucker[:, 0]))]

    def width(weights: Mapping[str, float]) -> float:
        return float(abs(np.diff(moved(avatar, weights)[corners, 0])[0]))

    alone = min(width({"mouthPucker": 1.0}), width({"mouthFunnel": 1.0}))
    both = width({"mouthPucker": 1.0, "mouthFunnel": 1.0})
    assert 0.6 * alone < both < alone


def test_shading_that_both_roundings_draw_is_drawn_once(avatar: Avatar) -> None:
    part = avatar.part("face")

    def drawn(*names: str) -> NDArray[np.int64]:
        found = [part.bases[name].residual for name in names]
        whole = [one.astype(np.int64) for one in found if one is not None]
        return np.asarray(np.sum(whole, axis=0), np.int64)

    alone = np.abs(drawn("mouthPucker")), np.abs(drawn("mouthFunnel"))
    both = np.abs(drawn("mouthPucker", "mouthFunnel", "mouthFunnel_mouthPucker"))
    assert alone[0].max() > 5
    assert (both <= np.maximum(*alone) * 1.15 + 2).all()


def test_correctives_are_named_for_their_drivers(avatar: Avatar) -> None:
    found = correctives(avatar.parts)
    assert found["mouthFunnel_mouthPucker"] == ("mouthFunnel", "mouthPucker")
    assert all(name == "_".join(drivers) for name, drivers in found.items())
    assert {d for drivers in found.values() for d in drivers} <= avatar.basis_names
