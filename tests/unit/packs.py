"""A small avatar to be packed, and archives taken apart."""

import numpy as np

from capsules.avatar import Avatar, Basis, Part, Provenance, Skeleton

__all__ = ["assert_same", "pack_part", "sketch"]


def pack_part(name: str = "face", *, residual: bool = True) -> Part:
    rng = np.random.default_rng(5)
    delta = rng.normal(size=(4, 2)).astype(np.float16)
    change = rng.integers(-127, 128, size=(3, 2, 3)).astype(np.int8) if residual else None
    return Part(
        name=name,
        vertices=np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32),
        uv=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
        triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        texture=rng.integers(0, 256, size=(9, 7, 4)).astype(np.uint8),
        normals=rng.integers(-90, 91, size=(5, 3, 2)).astype(np.int8),
        residual_rect=(1, 2, 5, 6),
        pivot=(3.5, -2.0),
        bases={"jawOpen": Basis(delta, change), "headYaw": Basis(-delta)},
    )


def sketch(*parts: Part) -> Avatar:
    skeleton = Skeleton(
        "face", np.ones((21, 2), np.float32), {"jawOpen": np.full((21, 2), 0.5, np.float32)}
    )
    return Avatar(
        name="sketch",
        canvas_px=1024,
        parts=parts or (pack_part(), pack_part("hand", residual=False)),
        provenance=Provenance("drawn by code", "test 1", "00", "not a real person", synthetic=True),
        skeletons={"face": skeleton},
    )


def assert_same(one: Avatar, other: Avatar) -> None:
    assert (one.name, one.canvas_px, one.provenance) == (
        other.name,
        other.canvas_px,
        other.provenance,
    )
    assert [part.name for part in one.parts] == [part.name for part in other.parts]
    for mine, theirs in zip(one.parts, other.parts, strict=True):
        for key in ("vertices", "uv", "triangles", "texture", "normals"):
            np.testing.assert_array_equal(getattr(mine, key), getattr(theirs, key))
        assert (mine.residual_rect, mine.pivot) == (theirs.residual_rect, theirs.pivot)
        assert sorted(mine.bases) == sorted(theirs.bases)
        for name, basis in mine.bases.items():
            np.testing.assert_array_equal(basis.delta, theirs.bases[name].delta)
            if basis.residual is None:
                assert theirs.bases[name].residual is None
            else:
                np.testing.assert_array_equal(basis.residual, theirs.bases[name].residual)
    assert sorted(one.skeletons) == sorted(other.skeletons)
    for name, skeleton in one.skeletons.items():
        np.testing.assert_array_equal(skeleton.keypoints, other.skeletons[name].keypoints)
        for basis_name, delta in skeleton.keypoint_deltas.items():
            np.testing.assert_array_equal(delta, other.skeletons[name].keypoint_deltas[basis_name])
