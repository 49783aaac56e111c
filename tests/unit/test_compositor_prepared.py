from dataclasses import replace

import pytest

from compositor.errors import InvalidAvatarError
from compositor.prepared import prepare
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
