"""Drawn things that hang on the edges of lids and lips: lashes, and the shadows that edges cast."""

from dataclasses import replace

import numpy as np

from capsules.avatar import Part
from capsules.bake.canvas import Floats, bump
from capsules.bake.eyes import Painted
from capsules.bake.mesh import Ints, Mesh
from capsules.bake.parts import Build
from capsules.bake.topology import SIDES

__all__ = ["lash_parts", "lid_shades", "lip_shade"]

# Rows of a strip, units of the face above the edge that it hangs on.
_LASH_ROWS = (-0.033, 0.0, 0.053, 0.126)
_LASH_LEAN = 0.13  # how far outwards the outermost lashes' tips stand, units
# Closed lashes point down: by how much of its height each row turns, and how far all rise. On the
# way they stand towards the viewer: a little curved, so that they are nowhere seen edge-on, and
# over the lid's dark edge.
_LASH_TURNS = (2.1, 2.1, 1.8, 2.1)
_LASH_RISE = 0.045
_LOOK_DOWN = 0.32  # how far a lid that follows a downward look turns its lashes
_SHADE_ROWS = (0.035, -0.095)
_UNDOES = "mouthClose"  # closes what jawOpen parts: no lips cross
_LIP_ROWS = (0.040, -0.075)
_LIT, _MOST_LIT = 0.4, 0.052  # the shadow rises as lips part: what opens wide is lit further up


def _strip(paint: Painted, rows: list[Floats]) -> Mesh:
    """A mesh between neighbouring rows of the same number of points, from above to below."""
    count, points = len(rows[0]), np.vstack(rows).astype(np.float32)
    r, i = np.meshgrid(np.arange(len(rows) - 1), np.arange(count - 1), indexing="ij")
    a = (r * count + i).ravel()
    b = a + count
    faces = np.stack([a, a + 1, b, a + 1, b + 1, b], axis=1).reshape(-1, 3)
    return Mesh(points, np.clip(paint.sheet.uv(points), 0.0, 1.0), faces.astype(np.int32))


def _riding(build: Build, edge: Ints, rows: int) -> dict[str, Floats]:
    """The movements of an edge's vertices for each of so many rows that ride on it."""
    return {name: np.tile(move[edge], (rows, 1)) for name, move in build.moves.items()}


def _lashes(build: Build, side: int, word: str, paint: Painted) -> Part:
    """The lashes ride on the lid's edge and turn over as it closes."""
    face, edge = build.subject.face, build.subject.mesh.curves[f"lidUpper{word}"]
    root, down = build.subject.mesh.vertices[edge], face.axes[:2, 1]
    outward = np.linspace(0.0, 1.0, len(edge), dtype=np.float32)[::side]
    heights = _LASH_ROWS[::-1]
    rows = []
    for height in heights:
        aside = side * (_LASH_LEAN * outward - 0.02) * height / _LASH_ROWS[-1]
        row = root + face.unit * (aside[:, None] * face.axes[:2, 0] - height * down)
        rows.append(np.asarray(row, np.float32))
    mesh = _strip(paint, rows)
    moves = _riding(build, edge, len(rows))
    rest = build.at_rest(moves)
    arch = np.tile(bump(np.clip(outward, 0.06, 0.84), 0.5), len(rows))
    way = np.array(heights, np.float32) * np.array(_LASH_TURNS[::-1], np.float32) - _LASH_RISE
    turn = (face.unit * np.repeat(way, len(edge)) * arch)[:, None] * down
    for name, share in ((f"eyeBlink{word}", 1.0), (f"eyeLookDown{word}", _LOOK_DOWN)):
        moves[name] = np.asarray(moves[name] + share * turn, np.float32)
    moved = replace(mesh, vertices=mesh.vertices + rest)
    return build.simple(f"lashes{word}", paint, moves, -0.02 * face.unit, moved)


def lash_parts(build: Build) -> list[Part]:
    """The upper lashes, where they are drawn apart."""
    drawn = build.subject.drawn.lashes
    return [_lashes(build, side, word, drawn[side]) for side, word in SIDES if side in drawn]


def lid_shades(build: Build) -> list[Part]:
    """The upper lids' shadows on the eyes, where they are drawn apart: they go with the lids."""
    subject, parts = build.subject, []
    for side, word in SIDES:
        if side not in subject.drawn.lid_shade:
            continue
        paint = subject.drawn.lid_shade[side]
        edge = subject.mesh.curves[f"lidUpper{word}"]
        root, down = subject.mesh.vertices[edge], subject.face.axes[:2, 1]
        mesh = _strip(paint, [root - height * subject.face.unit * down for height in _SHADE_ROWS])
        moves = _riding(build, edge, len(_SHADE_ROWS))
        moved = replace(mesh, vertices=mesh.vertices + build.at_rest(moves))
        parts.append(build.simple(f"lidShade{word}", paint, moves, 0.01 * subject.face.unit, moved))
    return parts


def lip_shade(build: Build) -> list[Part]:
    """The upper lip's shadow on the teeth, where it is drawn apart.

    It hangs on the lip, so that a thin opening is dark; where lips would cross they meet halfway.
    """
    subject = build.subject
    paint = subject.drawn.lip_shade
    if paint is None:
        return []
    curves, down = subject.mesh.curves, subject.face.axes[:2, 1]
    edge = curves["innerUpper"]
    root = subject.mesh.vertices[edge]
    mesh = _strip(paint, [root - height * subject.face.unit * down for height in _LIP_ROWS])
    moves = _riding(build, edge, len(_LIP_ROWS))
    hanging = np.repeat(np.array([0.0, 1.0], np.float32), len(edge))
    for name, (both, lower) in _lifts(build, edge, curves["innerLower"]).items():
        moves[name] = np.asarray(moves[name] + (both + hanging * lower)[:, None] * down, np.float32)
    moved = replace(mesh, vertices=mesh.vertices + build.at_rest(moves))
    return [build.simple("lipShade", paint, moves, 0.01 * subject.face.unit, moved)]


def _lifts(build: Build, upper: Ints, lower: Ints) -> dict[str, tuple[Floats, Floats]]:
    """For each plain movement how far down both rows go besides, and the lower one alone."""
    face, out = build.subject.face, {}
    for name, move in build.moves.items():
        if name == _UNDOES or name in build.drivers:
            continue
        opening = np.tile((move[lower] - move[upper]) @ face.axes[:2, 1], len(_LIP_ROWS))
        both = np.asarray(0.5 * np.minimum(opening, 0.0), np.float32)
        lit = -np.clip(_LIT * opening, 0.0, _MOST_LIT * face.unit)
        out[name] = both, np.asarray(lit, np.float32)
    return out
