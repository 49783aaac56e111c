"""Mira, and what two backends make of her side by side, for looking at."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import av
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.pack import builtin_avatar
from compositor.backend import I420, Compositor
from compositor.drawlist import DrawList

__all__ = ["mira", "write_contact_sheet"]

CELL_PX = 256
COLUMNS = 4


@cache
def mira() -> Avatar:
    return builtin_avatar("mira", Path(mkdtemp()))


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


def rgb(frame: I420) -> NDArray[np.uint8]:
    picture = av.VideoFrame.from_ndarray(frame, format="yuv420p")
    width = min(CELL_PX, CELL_PX * picture.width // picture.height)
    cell = np.zeros((CELL_PX, CELL_PX, 3), np.uint8)
    height = min(CELL_PX, CELL_PX * picture.height // picture.width)
    cell[:height, :width] = picture.reformat(width, height, "rgb24").to_ndarray()
    return cell
