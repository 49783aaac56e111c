from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capsules.avatar import Avatar
from capsules.pack import load_pack, save_pack
from compositor.errors import InvalidAvatarError
from compositor.levels import level_sizes, resample
from compositor.prepared import PreparedPart, prepare
from tests.unit.avatars import synthetic_avatar


def test_parts_that_are_ready_are_not_made_ready_again() -> None:
    avatar = synthetic_avatar(0.25)
    first = prepare(avatar)
    again = prepare(replace(avatar, name="other", parts=avatar.parts[1:]))
    assert all(one is other for one, other in zip(first[1:], again, strict=True))


def test_parts_that_look_alike_are_not_taken_for_each_other() -> None:
    one, other = synthetic_avatar(0.25), synthetic_avatar(0.25)
    for first, second in zip(prepare(one), prepare(other), strict=True):
        assert first.part is not second.part


def test_avatar_without_parts_is_refused() -> None:
    with pytest.raises(InvalidAvatarError, match="no parts"):
        prepare(replace(synthetic_avatar(0.25), parts=()))


def test_two_parts_of_one_name_are_refused() -> None:
    avatar = synthetic_avatar(0.25)
    twin = replace(avatar.parts[1], name="face")
    with pytest.raises(InvalidAvatarError, match="2 parts are named 'face'"):
        prepare(replace(avatar, parts=(*avatar.parts, twin)))


def face(avatar: Avatar) -> PreparedPart:
    return next(one for one in prepare(avatar) if one.part.name == "face")


def test_levels_are_made_from_the_texture_when_they_are_asked_for() -> None:
    one = face(synthetic_avatar(0.5))
    height, width = one.part.texture.shape[:2]
    assert one.level_sizes == level_sizes(height, width)
    assert len(one.textures) == len(one.normals) == len(one.level_sizes)
    for level, size in enumerate(one.level_sizes):
        np.testing.assert_array_equal(one.textures[level], resample(one.part.texture, size))
        assert one.part.normals is not None
        np.testing.assert_array_equal(one.normals[level], resample(one.part.normals, size))


def test_finest_level_is_the_texture_itself() -> None:
    one = face(synthetic_avatar(0.5))
    assert np.shares_memory(one.textures[0], one.part.texture)


def test_colours_brighter_than_their_alpha_are_cut_down() -> None:
    avatar = synthetic_avatar(0.25)
    bright = avatar.parts[2].texture.copy()
    bright[:, :, 0] = 255
    part = replace(avatar.parts[2], texture=bright)
    (one,) = prepare(replace(avatar, parts=(part,)))
    for texture in one.textures:
        assert (texture[:, :, :3] <= texture[:, :, 3:]).all()
    assert (one.textures[0][:, :, 0] == bright[:, :, 3]).all()


def test_bases_of_a_mapped_pack_are_not_copied(tmp_path: Path) -> None:
    plain = synthetic_avatar(0.5)
    save_pack(plain, tmp_path)
    mapped = load_pack(tmp_path)
    one, other = face(mapped), face(plain)
    for name, row in one.delta_rows.items():
        basis = one.part.bases[name]
        assert np.shares_memory(one.deltas[row], basis.delta)
        np.testing.assert_array_equal(one.deltas[row], plain.part("face").bases[name].delta)
        if basis.residual is not None:
            assert np.shares_memory(one.residuals[one.residual_rows[name]], basis.residual)
    assert one.delta_rows.keys() == other.delta_rows.keys()
    for name, row in other.residual_rows.items():
        np.testing.assert_array_equal(one.residuals[one.residual_rows[name]], other.residuals[row])
    for level in range(len(one.level_sizes)):
        np.testing.assert_array_equal(one.textures[level], other.textures[level])


def test_residuals_lie_in_their_boxes_and_fill_them() -> None:
    one = face(synthetic_avatar(0.5))
    assert len(one.residual_boxes) == len(one.residuals) > 0
    for residual, (top, bottom, left, right) in zip(one.residuals, one.residual_boxes, strict=True):
        outside = residual.copy()
        outside[top:bottom, left:right] = 0
        assert not outside.any()
        inside = residual[top:bottom, left:right].any(axis=2)
        assert inside[0].any()
        assert inside[-1].any()
        assert inside[:, 0].any()
        assert inside[:, -1].any()


def test_residual_of_nothing_has_an_empty_box() -> None:
    avatar = synthetic_avatar(0.25)
    part = avatar.part("face")
    basis = part.bases["b00"]
    assert basis.residual is not None
    empty = replace(basis, residual=np.zeros_like(basis.residual))
    (one,) = prepare(replace(avatar, parts=(replace(part, bases={"b00": empty}),)))
    assert one.residual_boxes == ((0, 0, 0, 0),)


def test_part_without_bases_or_normals_has_none() -> None:
    one = prepare(synthetic_avatar(0.25))[0]
    assert (len(one.deltas), len(one.residuals), len(one.normals)) == (0, 0, 0)
