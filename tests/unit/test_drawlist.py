from dataclasses import replace

import pytest

from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform

BASE = DrawList(
    "mira",
    FrameSize(512, 512),
    (("browInnerUp", 0.5), ("jawOpen", 0.25)),
    (PartTransform("handLeft", x=4.0),),
)


def test_equal_draw_lists_give_equal_bytes() -> None:
    assert replace(BASE).to_bytes() == BASE.to_bytes()


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, avatar="mirb"),
        replace(BASE, size=FrameSize(512, 510)),
        replace(BASE, weights=(("browInnerUp", 0.5), ("jawOpen", 0.2500001))),
        replace(BASE, weights=(("browInnerUp", 0.5),)),
        replace(BASE, weights=()),
        replace(BASE, transforms=()),
        replace(BASE, transforms=(PartTransform("handLeft", y=4.0),)),
        replace(BASE, transforms=(PartTransform("handLeft", x=4.0, rotate=1.0),)),
        replace(BASE, camera=Camera(zoom=1.1)),
        replace(BASE, light=Light(exposure=0.1)),
        replace(BASE, light=Light(sh=(1.0,) * 27)),
        replace(BASE, probe=0),
    ],
)
def test_any_difference_changes_the_bytes(other: DrawList) -> None:
    assert other.to_bytes() != BASE.to_bytes()


def test_a_probe_of_0_is_not_no_probe() -> None:
    assert replace(BASE, probe=0).to_bytes() != replace(BASE, probe=None).to_bytes()


def test_names_cannot_run_into_each_other() -> None:
    one = replace(BASE, weights=(("ab", 1.0), ("c", 1.0)))
    other = replace(BASE, weights=(("a", 1.0), ("bc", 1.0)))
    assert one.to_bytes() != other.to_bytes()
