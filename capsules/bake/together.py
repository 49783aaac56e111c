"""Movements that people make together, kept from folding the face where each alone does not.

What is too much of a sum is taken from its movements, from each by how much it moves there.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats
from capsules.bake.folds import flipped, unfolded
from capsules.bake.mesh import FaceMesh, Ints
from capsules.weights import WeightResolver

__all__ = ["TOGETHER", "unfolded_alone", "unfolded_sums", "unfolded_together"]

_LEAST_AREA = 0.03  # of the area at rest that a triangle keeps when several movements meet
_ROUNDS = 12
_MEETING_AREA = 0.1  # of the area at rest that a triangle keeps where lids or lips have to meet
# Undoes jawOpen, and is never drawn without as much of it; see `capsules.weights`.
_NEVER_ALONE = "mouthClose"
_EVEN_PX = 0.03  # where nothing moves, what has to be changed is shared evenly

_SIDED = {name: (f"{name}Left", f"{name}Right") for name in (
    "mouthSmile", "mouthFrown", "mouthPress", "mouthStretch", "mouthUpperUp", "mouthLowerDown",
    "mouthDimple", "cheekSquint", "eyeBlink", "eyeSquint", "eyeWide", "browDown", "browOuterUp",
    "noseSneer",
)}  # fmt: skip


def _both(*names: str) -> tuple[str, ...]:
    return tuple(n for name in names for n in _SIDED.get(name, (name,)))


TOGETHER: tuple[tuple[str, ...], ...] = (
    _both("jawOpen", "mouthClose"),
    _both("jawOpen", "mouthClose", "mouthSmile"),
    _both("jawOpen", "mouthSmile"),
    _both("jawOpen", "mouthSmile", "cheekSquint"),
    _both("jawOpen", "mouthFrown"),
    _both("jawOpen", "mouthStretch"),
    _both("jawOpen", "mouthFunnel"),
    _both("jawOpen", "mouthPucker"),
    _both("jawOpen", "tongueOut"),
    _both("jawOpen", "mouthUpperUp", "mouthLowerDown"),
    _both("mouthPucker", "mouthFunnel"),
    _both("mouthRollLower", "mouthRollUpper"),
    _both("mouthPress", "mouthRollLower", "mouthRollUpper"),
    _both("mouthPress", "mouthSmile"),
    _both("mouthPress", "mouthFrown"),
    _both("mouthFrown", "mouthShrugLower"),
    _both("mouthFrown", "mouthShrugLower", "mouthShrugUpper"),
    _both("mouthSmile", "mouthDimple"),
    _both("mouthSmile", "cheekSquint", "mouthUpperUp"),
    _both("mouthUpperUp", "mouthLowerDown"),
    _both("mouthUpperUp", "noseSneer"),
    _both("eyeBlink", "cheekSquint"),
    _both("eyeBlink", "cheekSquint", "eyeSquint"),
    _both("eyeBlink", "browDown"),
    _both("eyeSquint", "browDown", "noseSneer"),
    _both("eyeWide", "browOuterUp", "browInnerUp"),
    _both("browDown", "browInnerUp"),
)
"""Movements that have to go together at full weight, both sides at once."""


def unfolded_alone(mesh: FaceMesh, moves: Mapping[str, Floats]) -> dict[str, Floats]:
    """The movements of a face, none of which folds it alone.

    Args:
        mesh: The face's mesh.
        moves: (V, 2) by name, canvas pixels.
    """
    lids, lips = _edges(mesh)
    out = {
        name: unfolded(mesh.vertices, mesh.triangles, move, least=_MEETING_AREA, held=lids)
        if name.startswith("eyeBlink")
        else unfolded(mesh.vertices, mesh.triangles, move)
        for name, move in moves.items()
    }
    # mouthClose is never drawn without as much of jawOpen: the two are unfolded together.
    opened = out["jawOpen"]
    closing = opened + moves["mouthClose"]
    out["mouthClose"] = (
        unfolded(mesh.vertices, mesh.triangles, closing, least=_MEETING_AREA, held=lips) - opened
    )
    return out


def unfolded_sums(
    mesh: FaceMesh,
    moves: Mapping[str, Floats],
    drivers: Mapping[str, tuple[str, ...]],
    at_rest: Mapping[str, float],
) -> dict[str, Floats]:
    """The movements of a face, and its correctives, none of whose usual sums folds it.

    Args:
        mesh: The face's mesh.
        moves: (V, 2) by name, canvas pixels; none folds it alone, but for correctives.
        drivers: Of each corrective.
        at_rest: Weights of what is set into the rest, and so is in every sum.
    """
    lids, lips = _edges(mesh)
    resolve = WeightResolver(drivers)
    sums = []
    for one in _sums():
        whole = dict(resolve(tuple(one.items())))
        sums.append(whole | {name: w + whole.get(name, 0.0) for name, w in at_rest.items()})
    never_alone = {*drivers, _NEVER_ALONE}
    return unfolded_together(
        mesh.vertices, mesh.triangles, moves, sums,
        edges={"eyeBlink": lids, "mouthClose": lips}, never_alone=never_alone,
    )  # fmt: skip


def _edges(mesh: FaceMesh) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What has to meet where lids and lips close."""
    return _on(mesh, "lidUpper", "lidLower"), _on(mesh, "innerUpper", "innerLower")


def _on(mesh: FaceMesh, *curves: str) -> NDArray[np.bool_]:
    """Which vertices (V,) lie on curves, whatever their side."""
    out = np.zeros(len(mesh.vertices), np.bool_)
    for name, index in mesh.curves.items():
        out[index] |= name.startswith(curves)
    return out


def _sums() -> list[Mapping[str, float]]:
    """Weights that the face has to bear at once: what goes together, and the visemes."""
    text = (resources.files("capsules") / "data" / "visemes.json").read_text()
    return [*(dict.fromkeys(names, 1.0) for names in TOGETHER), *json.loads(text).values()]


def unfolded_together(
    vertices: Floats,
    triangles: Ints,
    moves: Mapping[str, Floats],
    sums: Iterable[Mapping[str, float]],
    edges: Mapping[str, NDArray[np.bool_]],
    never_alone: Collection[str] = (),
) -> dict[str, Floats]:
    """The movements, changed where their sums would turn triangles over.

    Args:
        vertices: (V, 2) at rest.
        triangles: (T, 3).
        moves: (V, 2) by name, none of which turns a triangle over by itself.
        sums: Weights by name; names without a movement are passed over.
        edges: (V,) by the beginning of a movement's name, what stays where that takes it: lids
            and lips that have to meet.
        never_alone: What is drawn only with others, and may fold by itself.
    """
    out = {name: np.asarray(move, np.float32) for name, move in moves.items()}
    known = [{n: w for n, w in one.items() if n in out and w > 0.0} for one in sums]
    wanted = [one for one in known if one]
    for _ in range(_ROUNDS):
        changed: set[str] = set()
        for weights in wanted:
            total = np.sum([w * out[n] for n, w in weights.items()], axis=0)
            if not len(flipped(vertices, triangles, total, least=_LEAST_AREA)):
                continue
            held = _held(edges, *weights)
            mended = unfolded(vertices, triangles, total, least=2.0 * _LEAST_AREA, held=held)
            _share_out(out, weights, mended - total)
            changed.update(weights)
        alone = sorted(changed.difference(never_alone))
        if not _mend_alone(vertices, triangles, out, alone, edges) and not changed:
            break
    return out


def _share_out(moves: dict[str, Floats], weights: Mapping[str, float], change: Floats) -> None:
    """Changes movements so that their weighted sum changes by as much."""
    sizes = {n: np.linalg.norm(moves[n], axis=1, keepdims=True) + _EVEN_PX for n in weights}
    whole = np.sum([w * sizes[n] for n, w in weights.items()], axis=0)
    for name in weights:
        moves[name] = np.asarray(moves[name] + change * sizes[name] / whole, np.float32)


def _mend_alone(
    vertices: Floats,
    triangles: Ints,
    moves: dict[str, Floats],
    names: Sequence[str],
    edges: Mapping[str, NDArray[np.bool_]],
) -> bool:
    """Unfolds movements that sharing out has folded; whether there were any."""
    mended = False
    for name in names:
        if len(flipped(vertices, triangles, moves[name], least=_LEAST_AREA)):
            moves[name] = unfolded(
                vertices, triangles, moves[name],
                least=2.0 * _LEAST_AREA, held=_held(edges, name),
            )  # fmt: skip
            mended = True
    return mended


def _held(edges: Mapping[str, NDArray[np.bool_]], *names: str) -> NDArray[np.bool_] | None:
    """What some of the movements hold (V,), if any does."""
    held = [edge for start, edge in edges.items() if any(n.startswith(start) for n in names)]
    return np.any(held, axis=0) if held else None
