"""The textures of everything that is loaded: pictures of all sizes in a few large layers."""

import logging
import math
from dataclasses import dataclass

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.pages import NoRoomError
from compositor.wgpu_layers import Layers, Rect
from compositor.wgpu_records import LevelRecord

__all__ = ["Atlas", "Picture", "Place", "bordered"]

_BORDER = 1  # texels around each picture, so that linear filtering meets its own edge
_LARGEST_SIDE = 2048
_SIDE_STEP = 16
_TEXEL_BYTES = 6  # RGBA of a colour, and the x and y of a normal

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is put into the atlas, with its border.

    Attributes:
        colours: Premultiplied RGBA (h, w, 4) uint8.
        normals: Their x and y (h, w, 2) int8, or None.
    """

    colours: NDArray[np.uint8]
    normals: NDArray[np.int8] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies.

    Attributes:
        rect: With its border.
        level: Its place without the border.
    """

    rect: Rect
    level: LevelRecord


def bordered(colours: NDArray[np.uint8], normals: NDArray[np.int8] | None) -> Picture:
    """Colours (h, w, 4) and normals (h, w, 2), ready to be put into the atlas."""
    edges = ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0))
    return Picture(
        np.pad(colours, edges, mode="edge"),
        None if normals is None else np.pad(normals, edges, mode="edge"),
    )


class Atlas:
    """Colours and normals, which share their places; layers are made when there is need of them.

    Layers are 2048 texels wide and high, or what the device has or the budget comes to.

    Args:
        device: Where they lie.
        budget_bytes: Layers take no more than this.

    Attributes:
        colours: View of the colours, RGBA; another one after it has grown.
        normals: View of the normals' x and y, likewise.
    """

    def __init__(self, device: wgpu.GPUDevice, budget_bytes: int) -> None:
        limits = device.limits
        affordable = math.isqrt(budget_bytes // _TEXEL_BYTES) // _SIDE_STEP * _SIDE_STEP
        most = min(int(limits["max-texture-dimension-2d"]), _LARGEST_SIDE)
        self._side = max(min(most, affordable), _SIDE_STEP)
        self._most_layers = min(
            max(budget_bytes // (self._side**2 * _TEXEL_BYTES), 1),
            int(limits["max-texture-array-layers"]),
        )
        self._device = device
        self._layers = Layers(self._side)
        self._textures = self._made(0)
        self._view()

    @property
    def layer_bytes(self) -> int:
        """What the layers take that there are."""
        return self._layers.count * self._side**2 * _TEXEL_BYTES

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether a picture (height, width) without its border fits a layer."""
        return max(size) + 2 * _BORDER <= self._side

    def size_bytes(self, size: tuple[int, int]) -> int:
        """What a picture (height, width) takes: its place among colours and among normals."""
        height, width = size
        return (height + 2 * _BORDER) * (width + 2 * _BORDER) * _TEXEL_BYTES

    def put(self, picture: Picture) -> Place:
        """Puts a picture where there is room.

        Raises:
            NoRoomError: There is none.
        """
        rect = self._taken(picture.colours)
        colours, normals = self._textures
        self._write(colours, rect, picture.colours)
        if picture.normals is not None:
            self._write(normals, rect, picture.normals)
        inner = (rect.width - 2 * _BORDER, rect.height - 2 * _BORDER)
        return Place(rect, ((rect.left + _BORDER, rect.top + _BORDER), inner, rect.layer, 0))

    def free(self, place: Place) -> None:
        """Gives a picture's place back."""
        self._layers.free(place.rect)

    def _taken(self, colours: NDArray[np.uint8]) -> Rect:
        height, width = colours.shape[:2]
        try:
            return self._layers.take(width, height)
        except NoRoomError:
            self._grow()
            return self._layers.take(width, height)

    def _grow(self) -> None:
        """Adds layers, half as many as there are.

        Raises:
            NoRoomError: There are as many as there may be, or the device has no memory for more.
        """
        have = self._layers.count
        if have >= self._most_layers:
            raise NoRoomError(f"{have} layers of textures, and no more may be made")
        count = min(have + max(have // 2, 1), self._most_layers)
        before = self._textures
        try:
            self._textures = self._made(count)
        except (wgpu.GPUError, RuntimeError) as error:
            self._most_layers = have
            _log.warning("the GPU has no memory for %d layers of textures: %s", count, error)
            raise NoRoomError(f"the GPU has no memory for {count} layers of textures") from error
        if have:
            encoder = self._device.create_command_encoder()
            for one, other in zip(before, self._textures, strict=True):
                extent = (self._side, self._side, have)
                encoder.copy_texture_to_texture({"texture": one}, {"texture": other}, extent)
            self._device.queue.submit([encoder.finish()])
        for texture in before:
            texture.destroy()  # else what was bound would keep it until it is bound anew
        for _ in range(have, count):
            self._layers.add()
        self._view()

    def _made(self, layers: int) -> tuple[wgpu.GPUTexture, wgpu.GPUTexture]:
        """Textures of that many layers; of none, what can be bound in their place."""
        usage = wgpu.TextureUsage
        size = (self._side, self._side, layers) if layers else (1, 1, 1)
        formats = (wgpu.TextureFormat.rgba8unorm, wgpu.TextureFormat.rg8snorm)
        colours, normals = (
            self._device.create_texture(
                size=size,
                format=one,
                usage=usage.TEXTURE_BINDING | usage.COPY_DST | usage.COPY_SRC,
            )
            for one in formats
        )
        return colours, normals

    def _view(self) -> None:
        self.colours, self.normals = (
            texture.create_view(dimension="2d-array") for texture in self._textures
        )

    def _write(
        self, texture: wgpu.GPUTexture, rect: Rect, picture: NDArray[np.uint8] | NDArray[np.int8]
    ) -> None:
        self._device.queue.write_texture(
            {"texture": texture, "origin": (rect.left, rect.top, rect.layer)},
            picture,
            {"bytes_per_row": rect.width * picture.shape[2], "rows_per_image": rect.height},
            (rect.width, rect.height, 1),
        )
