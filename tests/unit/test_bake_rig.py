from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.avatar import Avatar
from capsules.bake.canvas import BODY_SHEET, CANVAS_PX, Floats, Sheet, place, vector
from capsules.bake.hands import recoloured_hands
from capsules.bake.mesh import signed_areas
from capsules.bake.rig import RigOptions, build_rig
from capsules.bake.topology import OVAL, anatomy
from capsules.pack import builtin_avatar, load_pack, save_pack
from compositor.drawlist import DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from tests.drawn_face import drawn_face, drawn_mask, drawn_photo, with_open_lips

_OPTIONS = RigOptions("drawn", "not a real person")
_ORDER = [
    "background", "body", "mouth", "tongue", "teethLower", "teethUpper", "eyes", "irisRight",
    "irisLeft", "face", "tongueTip",
]  # fmt: skip


def _built(apart_px: float) -> Avatar:
    face = with_open_lips(drawn_face(), apart_px) if apart_px else drawn_face()
    photo = drawn_photo(face)
    return build_rig(photo, face, drawn_mask(photo), _OPTIONS)


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    return _built(8.0)


Luma = Callable[..., Floats]


@pytest.fixture(scope="module")
def luma(avatar: Avatar) -> Luma:
    """Draws the avatar with weights; gives the luma (1024, 1024) as floats."""
    backend = NumbaCompositor()
    backend.load(avatar)

    def draw(**weights: float) -> Floats:
        chosen = tuple(sorted(weights.items()))
        (frame,) = backend.render([DrawList("drawn", FrameSize(CANVAS_PX, CANVAS_PX), chosen)])
        return frame[:CANVAS_PX].astype(np.float32)

    return draw


def test_parts_stand_in_z_order_and_have_every_basis(avatar: Avatar) -> None:
    assert [part.name for part in avatar.parts] == _ORDER
    pose = {"headYaw", "headPitch", "headRoll", "bodyLean", "bodySway", "shoulderShrug", "breath"}
    assert avatar.basis_names >= set(ARKIT_BLENDSHAPES) | pose | {"blush"}
    assert not avatar.part("background").bases
    assert avatar.provenance.source == "photo"


def test_avatar_can_be_written_and_read_as_a_pack(avatar: Avatar, tmp_path: Path) -> None:
    save_pack(avatar, tmp_path)

    assert load_pack(tmp_path).basis_names == avatar.basis_names


def test_same_photo_gives_the_same_bytes(avatar: Avatar, tmp_path: Path) -> None:
    save_pack(avatar, tmp_path / "one")
    save_pack(_built(8.0), tmp_path / "other")

    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes(), file.name


def test_at_rest_the_picture_is_the_photo(luma: Luma) -> None:
    face = with_open_lips(drawn_face(), 8.0)
    photo = drawn_photo(face)
    rgb = Sheet(0.0, 0.0, CANVAS_PX, CANVAS_PX).photo(photo, place(face))
    # BT.601, limited range
    wanted = 16.0 + 219.0 * (rgb @ np.array([0.299, 0.587, 0.114]))

    off = np.abs(luma() - wanted)

    inner = off[150:900, 250:780]
    assert np.median(inner) < 2.0
    assert (inner > 24.0).mean() < 0.02


def test_blink_hides_both_irises(avatar: Avatar, luma: Luma) -> None:
    shut = luma(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    opened = luma()
    for word in ("Left", "Right"):
        x, y = avatar.part(f"iris{word}").vertices.mean(axis=0).astype(int)
        box = slice(y - 4, y + 5), slice(x - 4, x + 5)
        assert shut[box].mean() > opened[box].mean() + 40.0


def test_open_jaw_shows_the_dark_behind_the_lips(avatar: Avatar, luma: Luma) -> None:
    low, high = avatar.part("mouth").vertices.min(axis=0), avatar.part("mouth").vertices.max(axis=0)
    box = slice(int(low[1]), int(high[1]) + 20), slice(int(low[0]), int(high[0]))

    assert (luma(jawOpen=1.0)[box] < 50.0).sum() > 5 * (luma()[box] < 50.0).sum() + 200


def test_no_jaw_line_stays_behind_on_the_neck() -> None:
    face = drawn_face()
    photo = drawn_photo(face)
    oval = face.landmarks[list(OVAL), :2]
    inside = np.zeros(photo.rgb.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(oval).astype(np.int32)], 1)
    skin = np.abs(photo.rgb.astype(np.int16) - (214, 168, 140)).max(axis=2) < 30
    rgb = photo.rgb.copy()
    neck, bright = np.array((150, 105, 85), np.uint8), np.array((214, 168, 140), np.uint8)
    rgb[skin & (inside == 0)] = neck
    rgb[(inside == 0) & (np.indices(inside.shape)[0] > oval[:, 1].max() - 40)] = neck
    placement = place(face)
    avatar = build_rig(replace(photo, rgb=rgb), face, drawn_mask(photo), _OPTIONS)
    body = avatar.part("body")
    found = anatomy(face, placement)
    # Where the jaw was: in the lower half, and a little within the outline.
    height = found.local(found.oval)[:, 1]
    chin = height > height.max() - 0.12
    centre = found.oval.mean(axis=0)
    at = found.oval[chin] + 0.008 * (centre - found.oval[chin])
    texels = np.round(BODY_SHEET.texels(at)).astype(int)
    shown = body.texture[texels[:, 1], texels[:, 0], :3].astype(np.float32)

    assert np.abs(shown - neck).max() < 0.4 * np.abs(bright.astype(np.float32) - neck).max()


def test_the_tongue_comes_out_below_the_upper_teeth(luma: Luma) -> None:
    face = with_open_lips(drawn_face(), 8.0)
    found = anatomy(face, place(face))
    x, top = found.inner_upper[len(found.inner_upper) // 2]
    bottom = float(found.outer_lower[len(found.outer_lower) // 2, 1])
    teeth = slice(round(float(top)) + 3, round(float(top)) + 7), slice(int(x) - 8, int(x) + 8)
    lip = slice(round(bottom) - 2, round(bottom) + 8), slice(int(x) - 8, int(x) + 8)

    shown, rest = luma(tongueOut=1.0), luma()

    assert shown[teeth].mean() > 0.85 * rest[teeth].mean()
    assert np.abs(shown[lip] - rest[lip]).mean() > 15.0


def test_background_stays_while_the_head_turns(luma: Luma) -> None:
    rest, turned = luma(), luma(headYaw=1.0, headPitch=0.5)

    np.testing.assert_array_equal(rest[:60], turned[:60])
    np.testing.assert_array_equal(rest[:, :60], turned[:, :60])
    assert np.abs(rest - turned)[200:600, 380:640].mean() > 2.0


def test_a_turning_head_takes_the_nose_farther_than_the_ears(avatar: Avatar) -> None:
    part = avatar.part("face")
    across = part.bases["headYaw"].delta[:, 0].astype(np.float32)
    x = part.vertices[:, 0]
    middle = np.abs(x - np.median(x)) < 12.0

    assert across[middle].max() > 2.5 * across[x < x.min() + 15.0].mean()
    assert across.min() > 0.0


@pytest.mark.parametrize("weight", [-1.0, 1.0])
def test_no_triangle_of_any_part_turns_over_in_a_pose(avatar: Avatar, weight: float) -> None:
    for part in avatar.parts:
        rest = signed_areas(part.vertices, part.triangles)
        for name in ("headYaw", "headPitch", "headRoll", "bodyLean", "bodySway"):
            if name in part.bases:
                moved = part.vertices + weight * part.bases[name].delta.astype(np.float32)
                areas = signed_areas(moved, part.triangles)
                assert not ((rest > 0.5) & (areas <= 0.0)).any(), (part.name, name)


def test_teeth_are_the_photos_where_it_shows_them(avatar: Avatar) -> None:
    closed = _built(0.0)

    def usual(part_of: Avatar) -> Floats:
        texture = part_of.part("teethUpper").texture
        solid = texture[texture[..., 3] > 250][:, :3].astype(np.float32)
        bright = solid[solid.mean(axis=1) >= np.percentile(solid.mean(axis=1), 70)]
        return np.asarray(np.median(bright, axis=0))

    assert np.abs(usual(avatar) - (236, 228, 215)).max() < 14.0
    # Closed lips show nothing; drawn teeth lie behind them, and the cut at the lips is closed.
    assert usual(closed).min() > 90.0


def test_residuals_stay_on_the_face(avatar: Avatar) -> None:
    part = avatar.part("face")
    left, top, width, height = part.residual_rect
    assert left == top == 0
    assert width <= part.texture.shape[1]
    assert height < part.texture.shape[0]
    changed = {n for n, b in part.bases.items() if b.residual is not None and b.residual.any()}
    assert {"mouthSmileLeft", "browDownRight", "jawOpen", "blush"} <= changed


def test_hands_take_on_the_persons_colours(tmp_path: Path) -> None:
    drawn = builtin_avatar("mira", tmp_path)
    skin, cloth = vector(0.36, 0.24, 0.18), vector(0.75, 0.10, 0.12)

    hands, bones = recoloured_hands(drawn, skin, cloth)

    assert [hand.name for hand in hands] == ["handRight", "handLeft"]
    assert set(bones) == {"handLeft", "handRight"}
    texture = hands[0].texture.astype(np.float32) / 255.0
    solid = texture[texture[..., 3] > 0.98][:, :3]
    for colour in (skin, cloth):
        near = np.abs(solid - colour).max(axis=1) < 0.08
        assert near.mean() > 0.05
    teal = (solid[:, 2] > solid[:, 0] + 0.05).mean()
    assert teal < 0.02


def test_hands_of_a_photo_in_grey_are_grey(tmp_path: Path) -> None:
    grey = vector(0.55, 0.55, 0.55)
    hands, _ = recoloured_hands(builtin_avatar("mira", tmp_path), grey, vector(0.2, 0.2, 0.2))
    texture = hands[0].texture.astype(np.float32)
    solid = texture[texture[..., 3] > 250.0][:, :3]
    assert np.ptp(solid, axis=1).mean() < 4.0


def test_options_with_hands_add_them_in_front(avatar: Avatar, tmp_path: Path) -> None:
    face = drawn_face()
    photo = drawn_photo(face)
    options = replace(_OPTIONS, hands_from=builtin_avatar("mira", tmp_path))

    built = build_rig(photo, face, drawn_mask(photo), options)

    assert [part.name for part in built.parts[-2:]] == ["handRight", "handLeft"]
    assert set(built.skeletons) == {"handLeft", "handRight"}
