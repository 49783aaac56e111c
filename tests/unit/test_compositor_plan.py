"""The batched plan of the GPU backend against the plan that the CPU backend draws by."""

import numpy as np
import pytest
from numpy.typing import NDArray

from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.levels import choose_level, choose_levels
from compositor.light import directional, irradiance_polynomial
from compositor.prepared import plan, prepare, resolver
from compositor.wgpu_plan import Planner
from compositor.wgpu_records import LEVEL_DTYPE
from tests.unit.avatars import synthetic_avatar

AVATAR = synthetic_avatar(0.5)
PARTS = prepare(AVATAR)
LIGHT = Light(directional(0.8, -0.4, 0.9))
DRAW_LISTS = [
    DrawList("synthetic", FrameSize(256, 256)),
    DrawList(
        "synthetic",
        FrameSize(320, 600),
        (("b03", 0.25), ("b07", -0.5), ("unknown", 1.0)),
        (PartTransform("handLeft", 10.0, -80.0, 20.0, 1.1), PartTransform("nothing", 1.0)),
        Camera(30.0, -20.0, 1.3, 5.0),
        LIGHT,
    ),
    DrawList("synthetic", FrameSize(1920, 1080), tuple((f"b{k:02d}", 0.1) for k in range(16))),
]


class Resident:
    """Pages of which residuals lie a thousand words apart and levels each in a layer of its own.

    Args:
        missing: Residuals that are not resident.
    """

    def __init__(self, *missing: int) -> None:
        self._missing = missing
        self.asked: list[list[int]] = []

    def levels(self, wanted: NDArray[np.int64]) -> NDArray[np.void]:
        found = np.zeros(wanted.shape, LEVEL_DTYPE)
        found["page"] = wanted
        return found

    def residuals(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        self.asked.append(wanted.tolist())
        return np.where(np.isin(wanted, self._missing), -1, 1000 * wanted)


def residual_number(part: int, row: int) -> int:
    return row + sum(len(one.residual_rows) for one in PARTS[:part])


def test_batch_asks_for_what_each_draw_list_asks_for() -> None:
    planned = Planner(PARTS, AVATAR.canvas_px).plan(DRAW_LISTS, Resident())
    first_levels = np.cumsum([0, *(len(part.level_sizes) for part in PARTS)])
    for number, draw_list in enumerate(DRAW_LISTS):
        plans = plan(PARTS, AVATAR.canvas_px, draw_list, resolver(PARTS))
        for part, asked in enumerate(plans):
            job, m = planned.jobs[number, part], asked.matrix
            np.testing.assert_allclose(job["row_x"][:3], (m.a, m.b, m.c), rtol=1e-5, atol=1e-4)
            np.testing.assert_allclose(job["row_y"][:3], (m.d, m.e, m.f), rtol=1e-5, atol=1e-4)
            turn = np.radians(asked.turn_degrees)
            np.testing.assert_allclose(job["row_x"][3], np.cos(turn), atol=1e-6)
            np.testing.assert_allclose(job["row_y"][3], np.sin(turn), atol=1e-6)
            assert job["level"]["page"] == first_levels[part] + asked.level
            assert job["lit"] == (asked.lit and bool(draw_list.light.sh))
            words = {1000 * residual_number(part, row): one for row, one in asked.residuals}
            for kind, expected in (("delta", dict(asked.deltas)), ("residual", words)):
                start, count = job[f"{kind}_start"], job[f"{kind}_count"]
                found = planned.actives[start : start + count]
                rows = {int(one["row"]): pytest.approx(float(one["weight"])) for one in found}
                assert rows == expected
                assert count == len(expected)
    assert planned.has_residuals


def test_residuals_are_asked_for_once_a_batch_and_left_out_where_they_are_missing() -> None:
    pages = Resident(4, 7)
    planned = Planner(PARTS, AVATAR.canvas_px).plan([*DRAW_LISTS, *DRAW_LISTS], pages)
    (asked,) = pages.asked
    assert asked == sorted(set(asked))
    assert {4, 7} < set(asked)
    starts, counts = planned.jobs["residual_start"].ravel(), planned.jobs["residual_count"].ravel()
    listed = [
        planned.actives["row"][start : start + count].tolist()
        for start, count in zip(starts, counts, strict=True)
    ]
    found = {row // 1000 for rows in listed for row in rows}
    assert found == set(asked) - {4, 7}
    whole = Planner(PARTS, AVATAR.canvas_px).plan([*DRAW_LISTS, *DRAW_LISTS], Resident())
    assert (planned.jobs["delta_count"] == whole.jobs["delta_count"]).all()


def test_batch_of_missing_residuals_has_none() -> None:
    planned = Planner(PARTS, AVATAR.canvas_px).plan(DRAW_LISTS, Resident(*range(1000)))
    assert not planned.has_residuals
    assert not planned.jobs["residual_count"].any()
    assert planned.jobs["delta_count"].any()


def test_batch_without_weights_asks_for_no_basis() -> None:
    planned = Planner(PARTS, AVATAR.canvas_px).plan(DRAW_LISTS[:1], Resident())
    assert planned.actives.size == 0
    assert not planned.has_residuals


def test_light_of_a_turned_part_is_the_light_of_its_turned_normals() -> None:
    planned = Planner(PARTS, AVATAR.canvas_px).plan(DRAW_LISTS[1:2], Resident())
    light, sh = planned.lists[0]["light"][:, :3], LIGHT.sh
    np.testing.assert_allclose(light, irradiance_polynomial(sh, 0.0).T, atol=1e-5)
    part = next(k for k, one in enumerate(PARTS) if one.part.name == "handLeft")
    cosine, sine = planned.jobs[0, part]["row_x"][3], planned.jobs[0, part]["row_y"][3]
    x, y = 0.3, -0.5
    turned = terms(cosine * x - sine * y, sine * x + cosine * y)
    np.testing.assert_allclose(
        turned @ light, irradiance_polynomial(sh, 20.0) @ terms(x, y), atol=1e-5
    )


def terms(x: float, y: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    z = np.sqrt(1 - x * x - y * y)
    return np.array([1, x, y, z, x * y, x * z, y * z, x * x, y * y])


def test_light_of_another_length_is_refused() -> None:
    draw_list = DrawList("synthetic", FrameSize(256, 256), light=Light((1.0, 2.0)))
    with pytest.raises(ValueError, match="27 spherical-harmonics numbers or none, not 2"):
        Planner(PARTS, AVATAR.canvas_px).plan([draw_list], Resident())


def test_levels_of_arrays_are_those_of_numbers() -> None:
    texels = np.concatenate([np.geomspace(0.1, 40.0, 500), 1.3 * 2.0 ** np.arange(-2, 5)])
    levels = choose_levels(texels, np.full(texels.shape, 6))
    assert levels.tolist() == [choose_level(float(one), 6) for one in texels]
