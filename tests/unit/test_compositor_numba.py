from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part
from compositor import kernels
from compositor.backend import I420
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.errors import InvalidAvatarError, UnknownAvatarError
from compositor.light import directional
from compositor.numba_backend import NumbaCompositor
from compositor.numba_part import NumbaPart, Picture
from compositor.prepared import PartPlan
from tests.unit.avatars import PROVENANCE, plain_part, solid, synthetic_avatar

SIZE = FrameSize(256, 256)
REST = DrawList("synthetic", SIZE)
SIXTEEN = tuple((f"b{k:02d}", 0.6) for k in range(16))
BUSY = DrawList(
    "synthetic",
    SIZE,
    SIXTEEN,
    (PartTransform("handLeft", -20.0, -60.0, 15.0, 1.1),),
    Camera(10.0, -8.0, 1.2, 4.0),
    Light(directional(1.0, 0.5, 0.8), 0.3, -0.4, 1.1),
    9,
)


@pytest.fixture(scope="module")
def compositor() -> Iterator[NumbaCompositor]:
    made = NumbaCompositor()
    made.load(synthetic_avatar(0.5))
    yield made
    made.close()


def luma(frame: I420) -> NDArray[np.int64]:
    return frame[: len(frame) * 2 // 3].astype(np.int64)


def marked(part: Part, *, behind: tuple[int, int, int, int] = (0, 0, 0, 255)) -> Avatar:
    """An avatar of one part before a plain background."""
    background = plain_part("background", (-512, -512, 2048, 2048), solid(behind))
    return Avatar("marked", 1024, (background, part), PROVENANCE)


def dot(left: float, top: float, pivot: tuple[float, float] = (0.0, 0.0)) -> Part:
    """A white square of 64 canvas pixels."""
    return plain_part("dot", (left, top, 64, 64), solid((255,) * 4), cells=4, pivot=pivot)


def centre_of_light(avatar: Avatar, draw_list: DrawList) -> tuple[float, float]:
    """Where the white of a frame is, x and y in frame pixels."""
    compositor = NumbaCompositor()
    compositor.load(avatar)
    bright = luma(compositor.render([draw_list])[0]) - 16
    total = bright.sum()
    assert total > 0
    rows, columns = bright.shape
    return (
        float((bright.sum(axis=0) * (np.arange(columns) + 0.5)).sum() / total),
        float((bright.sum(axis=1) * (np.arange(rows) + 0.5)).sum() / total),
    )


DOT = DrawList("marked", FrameSize(512, 512))


def test_same_draw_list_gives_the_same_frame_whatever_came_before(
    compositor: NumbaCompositor,
) -> None:
    first = compositor.render([REST, BUSY])
    again = compositor.render([BUSY, REST, replace(BUSY, weights=SIXTEEN[:3]), BUSY, REST])
    np.testing.assert_array_equal(first[0], again[1])
    np.testing.assert_array_equal(first[0], again[4])
    np.testing.assert_array_equal(first[1], again[0])
    np.testing.assert_array_equal(first[1], again[3])
    assert (first[0] != first[1]).any()


def test_two_compositors_agree(compositor: NumbaCompositor) -> None:
    other = NumbaCompositor()
    other.load(synthetic_avatar(0.5))
    np.testing.assert_array_equal(other.render([BUSY])[0], compositor.render([BUSY])[0])


def test_what_is_kept_between_frames_changes_no_picture() -> None:
    moved = replace(REST, camera=Camera(12.0, 5.0, 1.1))
    lit = replace(REST, light=Light(directional(1.0, 0.0, 1.0)))
    lit_and_moved = replace(lit, weights=SIXTEEN, transforms=BUSY.transforms)
    otherwise_lit = replace(lit, light=Light(directional(-1.0, 0.0, 1.0)))
    scenes = (REST, moved, lit, lit_and_moved, otherwise_lit)
    expected = {}
    for draw_list in scenes:
        fresh = NumbaCompositor()
        fresh.load(synthetic_avatar(0.5))
        expected[draw_list] = fresh.render([draw_list])[0]
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.5))
    for draw_list in (scene for first in scenes for second in scenes for scene in (first, second)):
        np.testing.assert_array_equal(compositor.render([draw_list])[0], expected[draw_list])


def test_backdrop_of_a_replaced_avatar_is_not_shown() -> None:
    compositor = NumbaCompositor()
    for grey in (0, 200, 90):
        compositor.load(marked(dot(480, 480), behind=(grey, grey, grey, 255)))
        seen = {int(luma(frame)[0, 0]) for frame in compositor.render([DOT] * 3)}
        assert seen == {16 + round(grey * 220 / 256)}


def rearmost_draws(monkeypatch: pytest.MonkeyPatch) -> list[Camera | None]:
    """Grows with every drawing of the rearmost part."""
    seen: list[Camera | None] = []
    draw = NumbaPart.draw

    def counted(part: NumbaPart, picture: Picture, asked: PartPlan, sh: tuple[float, ...]) -> None:
        if part.shown[0].part == 0:  # type: ignore[union-attr] # a level of a texture
            seen.append(None)
        draw(part, picture, asked, sh)

    monkeypatch.setattr(NumbaPart, "draw", counted)
    return seen


def test_sessions_that_take_turns_draw_what_stands_still_twice_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = rearmost_draws(monkeypatch)
    compositor = NumbaCompositor()
    compositor.load(marked(dot(480, 480)))
    turns = [replace(DOT, camera=Camera(zoom=1.0 + k / 4)) for k in range(4)]
    first = compositor.render(turns)
    for _ in range(10):
        for frame, expected in zip(compositor.render(turns), first, strict=True):
            np.testing.assert_array_equal(frame, expected)
    assert len(seen) == 2 * len(turns)


def test_moving_camera_keeps_no_picture_and_pushes_out_none_that_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = rearmost_draws(monkeypatch)
    compositor = NumbaCompositor()
    compositor.load(marked(dot(480, 480)))
    for k in range(200):
        compositor.render([DOT, replace(DOT, camera=Camera(x=k / 4))])
    assert len(seen) == 200 + 1  # the first of the others is as the one that stands still
    assert compositor._rearmost.kept_bytes == 512 * 512 * 4


def test_pictures_of_what_stands_still_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = rearmost_draws(monkeypatch)
    compositor = NumbaCompositor()
    compositor.load(marked(dot(480, 480)))
    turns = [
        replace(DOT, size=FrameSize(1024, 1024), camera=Camera(zoom=1.0 + k / 64))
        for k in range(12)
    ]
    for _ in range(2):
        for one in turns:
            compositor.render([one, one, one])
    assert 4 * 4 * 1024**2 <= compositor._rearmost.kept_bytes <= 4 * 4 * 1920 * 1080
    assert len(seen) == 2 * 2 * len(turns)
    for _ in range(3):
        compositor.render(turns)
    assert compositor._rearmost.kept_bytes == 0  # else they were copied in vain


def test_many_frame_sizes_do_not_pile_up() -> None:
    compositor = NumbaCompositor()
    compositor.load(marked(dot(480, 480)))
    for side in range(128, 168, 2):
        compositor.render([replace(DOT, size=FrameSize(side, 128))])
    assert len(compositor._pictures) <= 8


def test_drawing_compiles_nothing_after_warming() -> None:
    avatar = synthetic_avatar(0.25)
    for part in avatar.parts:
        arrays: list[NDArray[Any] | None] = [part.vertices, part.uv, part.triangles, part.texture]
        arrays.append(part.normals)
        for basis in part.bases.values():
            arrays += [basis.delta, basis.residual]
        for array in arrays:
            if array is not None:
                array.flags.writeable = False  # as those of a mapped pack are
    compositor = NumbaCompositor()
    compositor.warm()
    compiled = {name: getattr(kernels, name) for name in kernels.__all__}
    compiled = {name: each for name, each in compiled.items() if hasattr(each, "signatures")}
    assert len(compiled) == 13
    before = {name: len(each.signatures) for name, each in compiled.items()}
    compositor.load(avatar)
    compositor.render([REST, REST, BUSY, replace(BUSY, coverage=True)])
    assert {name: len(each.signatures) for name, each in compiled.items()} == before


def test_frames_belong_to_the_caller(compositor: NumbaCompositor) -> None:
    first = compositor.render([REST])[0]
    kept = first.copy()
    second = compositor.render([BUSY])[0]
    np.testing.assert_array_equal(first, kept)
    second[:] = 0
    np.testing.assert_array_equal(compositor.render([REST])[0], kept)


@pytest.mark.parametrize("size", [(128, 128), (512, 512), (360, 640), (1920, 1080), (130, 1024)])
def test_background_covers_frames_of_every_shape(
    compositor: NumbaCompositor, size: tuple[int, int]
) -> None:
    frame = compositor.render([DrawList("synthetic", FrameSize(*size))])[0]
    assert frame.shape == (size[1] * 3 // 2, size[0])
    assert frame.dtype == np.uint8
    assert luma(frame).min() > 30


def test_canvas_covers_the_frame_centred_on_its_longer_side() -> None:
    avatar = marked(dot(480, 480))
    assert centre_of_light(avatar, DOT) == pytest.approx((256, 256), abs=0.01)
    tall = replace(DOT, size=FrameSize(256, 512))
    assert centre_of_light(avatar, tall) == pytest.approx((128, 256), abs=0.01)
    upper_left = marked(dot(256, 256))
    assert centre_of_light(upper_left, tall) == pytest.approx((128 - 112, 256 - 112), abs=0.01)


def test_camera_moves_against_the_picture() -> None:
    avatar = marked(dot(580, 480))
    at = (256 + 50, 256)
    assert centre_of_light(avatar, DOT) == pytest.approx(at, abs=0.01)
    moved = replace(DOT, camera=Camera(x=20.0, y=-40.0))
    assert centre_of_light(avatar, moved) == pytest.approx((at[0] - 10, at[1] + 20), abs=0.01)
    closer = replace(DOT, camera=Camera(zoom=2.0))
    assert centre_of_light(avatar, closer) == pytest.approx((256 + 100, 256), abs=0.01)
    rolled = replace(DOT, camera=Camera(roll=90.0))
    assert centre_of_light(avatar, rolled) == pytest.approx((256, 256 - 50), abs=0.05)


def test_part_turns_and_scales_about_its_pivot_then_moves() -> None:
    avatar = marked(dot(580, 480, pivot=(512.0, 512.0)))
    turned = replace(DOT, transforms=(PartTransform("dot", rotate=90.0),))
    assert centre_of_light(avatar, turned) == pytest.approx((256, 256 + 50), abs=0.05)
    grown = replace(DOT, transforms=(PartTransform("dot", scale=1.5),))
    assert centre_of_light(avatar, grown) == pytest.approx((256 + 75, 256), abs=0.01)
    moved = replace(DOT, transforms=(PartTransform("dot", x=-40.0, y=10.0, rotate=90.0),))
    assert centre_of_light(avatar, moved) == pytest.approx((256 - 20, 256 + 55), abs=0.05)


def test_bases_move_vertices_by_their_weights_and_add_up() -> None:
    plain = dot(480, 480)
    right = np.zeros((len(plain.vertices), 2), np.float16)
    right[:, 0] = 40.0
    bases = {"right": Basis(right), "down": Basis(right[:, ::-1].copy())}
    avatar = marked(replace(plain, bases=bases))
    both = replace(DOT, weights=(("down", -0.5), ("right", 1.0)))
    assert centre_of_light(avatar, both) == pytest.approx((256 + 20, 256 - 10), abs=0.01)


def test_what_a_part_does_not_know_is_ignored(compositor: NumbaCompositor) -> None:
    odd = replace(
        REST, weights=(("jawNowhere", 1.0),), transforms=(PartTransform("tail", rotate=40.0),)
    )
    np.testing.assert_array_equal(compositor.render([odd])[0], compositor.render([REST])[0])


def test_residual_changes_only_its_rect_and_only_what_is_opaque() -> None:
    texture = solid((100, 100, 100, 255), side_px=64)
    texture[:, :32] = 0
    plain = plain_part("patch", (0, 0, 1024, 1024), texture)
    lighter = Basis(np.zeros((4, 2), np.float16), np.full((2, 2, 3), 50, np.int8))
    avatar = marked(replace(plain, residual_rect=(16, 16, 32, 32), bases={"glow": lighter}))
    compositor = NumbaCompositor()
    compositor.load(avatar)
    before, after = (
        luma(frame)
        for frame in compositor.render(
            [replace(DOT, size=SIZE), replace(DOT, size=SIZE, weights=(("glow", 0.5),))]
        )
    )
    changed = after - before
    inside = changed[68:188, 132:188]
    # 0.5 * 50 / 127 * 255 = 50 steps of full range are 43 of limited range
    assert inside.min() == inside.max() == 43
    changed[62:194, 126:194] = 0
    assert not changed.any()


def test_residual_over_a_whole_texture_leaves_no_seam_at_its_edge() -> None:
    plain = plain_part("patch", (256, 256, 512, 512), solid((100, 100, 100, 255), side_px=32))
    lighter = Basis(np.zeros((4, 2), np.float16), np.full((2, 2, 3), 50, np.int8))
    avatar = marked(replace(plain, residual_rect=(0, 0, 32, 32), bases={"glow": lighter}))
    compositor = NumbaCompositor()
    compositor.load(avatar)
    shown = luma(compositor.render([replace(DOT, weights=(("glow", 1.0),))])[0])
    assert len(np.unique(shown[128:384, 128:384])) == 1
    assert shown[128, 128] - 16 == round(200 * 220 / 256)


def test_light_brightens_the_side_it_comes_from(compositor: NumbaCompositor) -> None:
    def sides(light: Light) -> NDArray[np.int64]:
        frame = luma(compositor.render([replace(REST, light=light)])[0])
        return np.array([frame[80:120, 75:95].mean(), frame[80:120, 161:181].mean()])

    rest = sides(Light())
    from_right = sides(Light(directional(1.0, 0.0, 1.0)))
    assert from_right[1] > rest[1] + 5
    assert from_right[0] < rest[0] - 5
    from_left = sides(Light(directional(-1.0, 0.0, 1.0)))
    assert from_left[0] > rest[0] + 5
    assert from_left[1] < rest[1] - 5


def test_light_leaves_parts_without_normals_alone(compositor: NumbaCompositor) -> None:
    lit = compositor.render([replace(REST, light=Light(directional(1.0, 0.0, 1.0)))])[0]
    rest = compositor.render([REST])[0]
    np.testing.assert_array_equal(lit[:30, :256], rest[:30, :256])


def test_exposure_brightens_the_whole_picture(compositor: NumbaCompositor) -> None:
    rest, bright = (
        luma(frame) for frame in compositor.render([REST, replace(REST, light=Light(exposure=0.5))])
    )
    assert (bright > rest).mean() > 0.99


def test_avatar_that_is_not_loaded_is_named(compositor: NumbaCompositor) -> None:
    with pytest.raises(UnknownAvatarError, match="'nobody'"):
        compositor.render([REST, replace(REST, avatar="nobody")])


def test_loading_again_replaces() -> None:
    compositor = NumbaCompositor()
    compositor.load(marked(dot(480, 480), behind=(0, 0, 0, 255)))
    compositor.load(marked(dot(480, 480), behind=(200, 200, 200, 255)))
    assert luma(compositor.render([DOT])[0])[0, 0] > 150


def test_closing_twice_is_no_error() -> None:
    compositor = NumbaCompositor()
    compositor.close()
    compositor.close()


@pytest.mark.parametrize("size", [(511, 512), (512, 511), (64, 512), (512, 100_000)])
def test_size_that_cannot_be_drawn_is_named(
    compositor: NumbaCompositor, size: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match=f"{size[0]} x {size[1]}"):
        compositor.render([replace(REST, size=FrameSize(*size))])


def test_part_that_does_not_hold_together_is_refused() -> None:
    part = dot(0, 0)
    count = len(part.vertices)
    with pytest.raises(InvalidAvatarError, match="no parts"):
        NumbaCompositor().load(replace(marked(part), parts=()))
    broken = {
        "triangle": replace(part, triangles=np.array([[0, 1, count]], np.int32)),
        "uv": replace(part, uv=part.uv[:-1]),
        "texture": replace(part, texture=part.texture[:, :, :3]),
        "delta": replace(part, bases={"b": Basis(np.zeros((count - 1, 2), np.float16))}),
        "rect": replace(
            part,
            bases={"b": Basis(np.zeros((count, 2), np.float16), np.zeros((2, 2, 3), np.int8))},
        ),
    }
    for what, bad in broken.items():
        with pytest.raises(InvalidAvatarError, match=f"(?s)'dot'.*{what}"):
            NumbaCompositor().load(marked(bad))
