"""Mira in forty poses: the CPU and software Vulkan draw the same pictures.

`python -m tests.golden.test_backends FOLDER` writes a contact sheet of both and of what differs,
sixteen times as bright, for looking at.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsules.arkit import VISEMES
from compositor.backend import Compositor
from compositor.numba_backend import NumbaCompositor
from tests.golden.agreement import assert_the_same_picture, open_gpu
from tests.golden.contact_sheet import mira, write_contact_sheet
from tests.golden.poses import POSES

pytestmark = pytest.mark.vulkan


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[Compositor, Compositor]]:
    both = (open_gpu(), NumbaCompositor())
    for one in both:
        one.load(mira())
    yield both
    for one in both:
        one.close()


@pytest.mark.parametrize("name", POSES)
def test_cpu_and_software_vulkan_agree(backends: tuple[Compositor, Compositor], name: str) -> None:
    on_gpu, on_cpu = (one.render([POSES[name]])[0] for one in backends)
    assert_the_same_picture(on_gpu, on_cpu)


def test_all_poses_in_one_call_agree_too(backends: tuple[Compositor, Compositor]) -> None:
    poses = list(POSES.values())
    for on_gpu, on_cpu in zip(*(one.render(poses) for one in backends), strict=True):
        assert_the_same_picture(on_gpu, on_cpu)


def test_poses_are_forty_pictures_that_differ_from_each_other() -> None:
    compositor = NumbaCompositor()
    compositor.load(mira())
    assert len(POSES) == 40
    shown = {compositor.render([pose])[0].tobytes() for pose in POSES.values()}
    assert len(shown) == len(POSES)
    assert {f"viseme {name}" for name in VISEMES} <= set(POSES)
    known = {name for pose in POSES.values() for name, _ in pose.weights}
    assert known <= mira().basis_names


if __name__ == "__main__":
    both = NumbaCompositor(), open_gpu()
    for compositor in both:
        compositor.load(mira())
    write_contact_sheet(Path(sys.argv[1]), "backends", both, POSES)
