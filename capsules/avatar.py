"""An avatar in memory: parts, meshes, textures and bases, as plain arrays.

The canvas is the avatar's own coordinate system: x to the right, y down, in pixels of a square of
`canvas_px`. Parts are drawn in the order in which they are listed, and the triangles of a part in
the order in which they stand, each over what is there (premultiplied source-over).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Avatar", "Basis", "Part", "Provenance", "Skeleton"]


@dataclass(frozen=True, slots=True)
class Basis:
    """One unit of deformation of one part.

    Attributes:
        delta: Vertex delta (V, 2) float16, canvas pixels at weight 1.
        residual: Signed change of colour (h, w, 3) int8 over `Part.residual_rect`, or None. At
            weight 1 a residual of r adds r / 127 to the straight (not premultiplied) colour in
            [0, 1].
        drivers: Of a corrective basis, the names of the two or more plain bases whose weights'
            product is its weight; it has none of its own. Empty for a plain basis. See
            `capsules.weights`.
    """

    delta: NDArray[np.float16]
    residual: NDArray[np.int8] | None = None
    drivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One textured triangle mesh.

    Attributes:
        name: Unique name: "background", "body", "mouth", "eyes", "face", "handLeft" and so on.
        vertices: Rest positions (V, 2) float32, canvas pixels.
        uv: Texture coordinates (V, 2) float32 in [0, 1]; (0, 0) is the texture's top left corner.
        triangles: Vertex indices (T, 3) int32, in painter's order.
        texture: Premultiplied RGBA (h, w, 4) uint8, sRGB-encoded.
        normals: Normals (nh, nw, 2) int8 over the whole texture, or None for an unlit part; x to
            the right and y down, times 127; z = sqrt(1 - x² - y²) looks at the viewer.
        residual_rect: Where residuals lie, (left, top, width, height) in texture pixels; they may
            be of lower resolution than the texture and are stretched over it.
        pivot: Point (x, y) of the canvas about which the part's transform turns and scales.
        bases: Bases by name.
    """

    name: str
    vertices: NDArray[np.float32]
    uv: NDArray[np.float32]
    triangles: NDArray[np.int32]
    texture: NDArray[np.uint8]
    normals: NDArray[np.int8] | None = None
    residual_rect: tuple[int, int, int, int] = (0, 0, 0, 0)
    pivot: tuple[float, float] = (0.0, 0.0)
    bases: Mapping[str, Basis] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A hand's 21 keypoints in MediaPipe's order (wrist, thumb 1-4, index 5-8 ... pinky 17-20).

    Attributes:
        part: The hand's part.
        keypoints: Rest positions (21, 2) float32, canvas pixels.
        keypoint_deltas: For each basis of the part, the movement (21, 2) float32 at weight 1.
    """

    part: str
    keypoints: NDArray[np.float32]
    keypoint_deltas: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an avatar comes from.

    Attributes:
        source: What it was made of, such as "drawn by code".
        generator: Tool and version.
        sha256: Of the source.
        consent: Who agreed and when; "not a real person" for a drawn one.
        synthetic: Whether output must be labelled as generated.
        models: SHA-256 of the model files that took part in making it, by file name.
    """

    source: str
    generator: str
    sha256: str
    consent: str
    synthetic: bool = True
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Avatar:
    """A baked character.

    Attributes:
        name: Unique name.
        canvas_px: Side of the square canvas.
        parts: In z-order, the rearmost first.
        provenance: Where it comes from.
        skeletons: Hand skeletons by part.
    """

    name: str
    canvas_px: int
    parts: tuple[Part, ...]
    provenance: Provenance
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)

    def part(self, name: str) -> Part:
        """The part of that name.

        Raises:
            KeyError: There is none.
        """
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)

    @property
    def basis_names(self) -> frozenset[str]:
        """Every basis that can be given a weight: those of all parts, without correctives."""
        return frozenset(
            name for part in self.parts for name, basis in part.bases.items() if not basis.drivers
        )
