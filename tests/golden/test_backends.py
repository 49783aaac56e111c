"""Mira in forty poses: the CPU and software Vulkan draw the same pictures.

`python -m tests.golden.test_backends FOLDER` writes a contact sheet of both and of what differs,
sixteen times as bright, for looking at.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.arkit import VISEMES
from capsules.avatar import Avatar
from capsules.pack import builtin_avatar
from compositor.backend import I420, Compositor
from compositor.drawlist import DrawList
from compositor.numba_backend import NumbaCompositor
from tests.golden.agreement import assert_the_same_picture, open_gpu
from tests.golden.poses import POSES

pytestmark = pytest.mark.vulkan

CELL_PX = 256
COLUMNS = 4


@cache
def mira() -> Avatar:
    return builtin_avatar("mira", Path(mkdtemp()))


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


def rgb(frame: I420) -> NDArray[np.uint8]:
    picture = av.VideoFrame.from_ndarray(frame, format="yuv420p")
    width = min(CELL_PX, CELL_PX * picture.width // picture.height)
    cell = np.zeros((CELL_PX, CELL_PX, 3), np.uint8)
    height = min(CELL_PX, CELL_PX * picture.height // picture.width)
    cell[:height, :width] = picture.reformat(width, height, "rgb24").to_ndarray()
    return cell


def write_contact_sheet(
    folder: Path, name: str, backends: tuple[Compositor, Compositor], poses: Mapping[str, DrawList]
) -> None:
    """Writes a PNG: CPU, software Vulkan and their difference, side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = []
    for pose in poses.values():
        on_cpu, on_gpu = (rgb(one.render([pose])[0]) for one in backends)
        apart = np.abs(on_cpu.astype(np.int16) - on_gpu) * 16
        cells.append(np.hstack([on_cpu, on_gpu, np.minimum(apart, 255).astype(np.uint8)]))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[k : k + COLUMNS]) for k in range(0, len(cells), COLUMNS)]
    sheet = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.vstack(rows)), format="rgb24")
    with av.open(str(folder / f"{name}.png"), "w", format="image2") as file:
        stream = file.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = sheet.width, sheet.height, "rgb24"
        file.mux(stream.encode(sheet))
        file.mux(stream.encode(None))


if __name__ == "__main__":
    both = NumbaCompositor(), open_gpu()
    for compositor in both:
        compositor.load(mira())
    write_contact_sheet(Path(sys.argv[1]), "backends", both, POSES)
