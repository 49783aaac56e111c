"""Triangle meshes: the face's, whose edges follow its features, and grids over what is painted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, spatial

from capsules.bake.canvas import Floats, Sheet, bump
from capsules.bake.constrained import with_edges
from capsules.bake.topology import SIDES, Anatomy, Eye, resampled

__all__ = ["FRINGE_PX", "FaceMesh", "Ints", "Mesh", "face_domain", "face_mesh", "grid_mesh",
           "signed_areas"]  # fmt: skip

Ints = NDArray[np.int32]

FRINGE_PX = 1.3
"""How far lids and lips reach, transparent, over what they bound, so that their edges are soft."""
_LIP_ROWS = (0.055, 0.13, 0.23)


@dataclass(frozen=True, slots=True)
class Mesh:
    """One part's geometry.

    Attributes:
        vertices: At rest (V, 2), canvas pixels.
        uv: (V, 2) in [0, 1].
        triangles: (T, 3) int32, clockwise in the picture.
    """

    vertices: Floats
    uv: Floats
    triangles: Ints


@dataclass(frozen=True, slots=True)
class FaceMesh:
    """The face's geometry, cut open at the lips and at the lids.

    Attributes:
        vertices: At rest (V, 2), canvas pixels; also where the texture is taken from, but for
            the lids' hidden skin.
        triangles: (T, 3), clockwise in the picture; without the hidden skin.
        hidden: (H, 3) triangles of the skin that lies folded under the creases of the upper lids;
            they have no area at rest.
        curves: Vertex numbers along named curves, from the picture's left to its right.
        marks: (468,) the vertex nearest to each landmark.
        lower: (V,) whether a vertex lies below the line where the lips meet.
        twins: (S, 2) pairs of vertices at the same place: the lash rim's and the skin's above it.
    """

    vertices: Floats
    triangles: Ints
    hidden: Ints
    curves: dict[str, Ints]
    marks: Ints
    lower: NDArray[np.bool_]
    twins: Ints


def signed_areas(points: Floats, triangles: Ints) -> Floats:
    """Twice the area (T,) of each triangle; positive where it is clockwise in the picture."""
    a, b, c = (np.asarray(points, np.float64)[triangles[:, i]] for i in range(3))
    first, second = b - a, c - a
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0], np.float32)


def grid_mesh(sheet: Sheet, alpha: Floats, cell_px: float) -> Mesh:
    """A grid over every cell in which something is painted."""
    columns = max(1, round(sheet.width / cell_px))
    rows = max(1, round(sheet.height / cell_px))
    xs = np.linspace(sheet.left, sheet.left + sheet.width, columns + 1)
    ys = np.linspace(sheet.top, sheet.top + sheet.height, rows + 1)
    gx, gy = np.meshgrid(xs, ys)
    points = np.stack([gx, gy], axis=-1).reshape(-1, 2).astype(np.float32)
    h, w = alpha.shape
    reach = ndimage.maximum_filter(alpha, 3)
    painted = np.array(
        [
            [
                reach[r * h // rows : -(-(r + 1) * h // rows),
                      c * w // columns : -(-(c + 1) * w // columns)].max() > 0.003
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )  # fmt: skip
    r, c = np.nonzero(painted)
    a = r * (columns + 1) + c
    b = a + columns + 1
    faces = np.stack([a, a + 1, b, a + 1, b + 1, b], axis=1).reshape(-1, 3)
    used, index = np.unique(faces, return_inverse=True)
    points = points[used]
    uv = np.clip(sheet.uv(points), 0.0, 1.0)
    return Mesh(points, uv, index.reshape(-1, 3).astype(np.int32))


def face_domain(face: Anatomy) -> Floats:
    """The outline (M, 2) of the face's part: the jaw, and beyond the hairline above."""
    centre = face.oval.mean(axis=0)
    away = face.oval - centre
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    height = face.local(face.oval)[:, 1]
    margin = np.interp(height, [-1.0, -0.4, 0.2, 0.7], face.margins)
    out = face.oval + (face.unit * margin)[:, None] * away
    return np.asarray(out, np.float32)


def _offset(line: Floats, distance: Floats | float, up: Floats) -> Floats:
    """A line moved along its normals, to the side that `up` points to."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    normal *= np.where(normal @ up < 0.0, -1.0, 1.0)[:, None]
    # Normals lean towards the common direction, so that rows about a corner do not cross.
    normal = 0.6 * normal + 0.4 * up
    return np.asarray(line + np.reshape(distance, (-1, 1)) * normal, np.float32)


def _inset(upper: Floats, lower: Floats) -> tuple[Floats, Floats]:
    """Both edges of an opening, moved into it by the fringe; corners stay."""
    between = lower - upper
    height = np.linalg.norm(between, axis=1, keepdims=True)
    step = np.minimum(FRINGE_PX, 0.22 * height) * between / np.maximum(height, 1e-6)
    return np.asarray(upper + step, np.float32), np.asarray(lower - step, np.float32)


class _Points:
    """Points of a mesh in the making; the first ones have names, later ones keep their distance."""

    def __init__(self, face: Anatomy) -> None:
        self.face = face
        self.rows: list[Floats] = []
        self.count = 0
        self.curves: dict[str, Ints] = {}

    def curve(self, name: str, line: Floats, ends: Ints | None = None) -> None:
        """Adds a named curve; `ends` are the vertices that its first and last point already are."""
        inner = line if ends is None else line[1:-1]
        index = np.arange(self.count, self.count + len(inner), dtype=np.int32)
        if ends is not None:
            index = np.concatenate([ends[:1], index, ends[-1:]]).astype(np.int32)
        self.curves[name] = index
        self.rows.append(np.asarray(inner, np.float32))
        self.count += len(inner)

    def loose(self, points: Floats, distance: float) -> None:
        """Adds those points that keep a distance (units) to all others."""
        kept = np.vstack(self.rows)
        least = distance * self.face.unit
        near = spatial.cKDTree(kept).query(points)[0]
        fresh: list[Floats] = []
        for point, away in zip(points, near, strict=True):
            if away < least:
                continue
            if fresh and np.linalg.norm(np.array(fresh) - point, axis=1).min() < least:
                continue
            fresh.append(point)
        if fresh:
            self.rows.append(np.array(fresh, np.float32))
            self.count += len(fresh)

    def all(self) -> Floats:
        """(V, 2)."""
        return np.vstack(self.rows)


def _mouth_points(points: _Points) -> None:
    face = points.face
    upper, lower = _inset(face.inner_upper, face.inner_lower)
    points.curve("innerUpper", upper)
    points.curve("innerLower", lower, points.curves["innerUpper"])
    points.curve("outerUpper", face.outer_upper)
    points.curve("outerLower", face.outer_lower, points.curves["outerUpper"])


def _eye_points(points: _Points) -> None:
    face, up = points.face, -points.face.axes[:2, 1]
    for side, word in SIDES:
        eye = face.eyes[side]
        upper, lower = _inset(eye.upper, eye.lower)
        points.curve(f"lidUpper{word}", upper)
        corners = points.curves[f"lidUpper{word}"]
        points.curve(f"lidLower{word}", lower, corners)
        taper = bump(np.linspace(0.0, 1.0, len(upper)), 0.5)
        points.curve(f"lash{word}", _rim(face, eye), corners)
        low = _offset(eye.lower, 0.035 * face.unit * (0.3 + 0.7 * taper), -up)
        points.curve(f"rim{word}", low, corners)


def _loose_points(points: _Points) -> None:
    face, up = points.face, -points.face.axes[:2, 1]
    for upper, lower in (
        (face.inner_upper, face.outer_upper),
        (face.inner_lower, face.outer_lower),
    ):
        points.loose((0.5 * (upper + lower))[1:-1:2], 0.028)
    for distance in _LIP_ROWS:
        points.loose(_offset(face.outer_upper, distance * face.unit, up)[::2], 0.03)
        points.loose(_offset(face.outer_lower, distance * face.unit, -up)[::2], 0.03)
    for side, _ in SIDES:
        eye = face.eyes[side]
        for distance in (0.035, 0.08, 0.14):
            lift = (eye.rim + distance) * face.unit
            points.loose(_offset(eye.upper, lift, up)[1:-1], 0.03)
        for distance in (0.09, 0.16, 0.25):
            points.loose(_offset(eye.lower, distance * face.unit, -up)[1:-1], 0.035)
        above, below = face.brows[side]
        for line in (above, 0.5 * (above + below), below):
            points.loose(resampled(line, 13), 0.035)
    points.loose(face.marks[:, :2], 0.04)


def _holes(face: Anatomy) -> list[Floats]:
    """Where no loose point may lie: within the lips' and the lids' edges."""
    rings = [(face.inner_upper, face.inner_lower)]
    rings += [(_rim(face, eye), eye.lower) for eye in face.eyes.values()]
    return [np.vstack([upper, lower[::-1]]) for upper, lower in rings]


def _rim(face: Anatomy, eye: Eye) -> Floats:
    """The upper end of the upper lid's rim, corners included."""
    taper = bump(np.linspace(0.0, 1.0, len(eye.upper)), 0.5)
    height = eye.rim * face.unit * (0.3 + 0.7 * taper)
    return _offset(eye.upper, height, -face.axes[:2, 1])


def _inside(points: Floats, polygon: Floats) -> NDArray[np.bool_]:
    x, y = points[:, 0:1], points[:, 1:2]
    x0, y0 = polygon[:, 0], polygon[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    spans = (y0 > y) != (y1 > y)
    slope = np.where(y1 == y0, 1.0, y1 - y0)
    crossing = x < (x1 - x0) * (y - y0) / slope + x0
    return np.asarray(np.count_nonzero(spans & crossing, axis=1) % 2 == 1, np.bool_)


def _lattice(points: _Points, domain: Floats) -> None:
    """Fills the rest with a triangular lattice that grows coarser away from the features."""
    unit = points.face.unit
    features = spatial.cKDTree(points.all())
    low, high = domain.min(axis=0), domain.max(axis=0)
    for spacing, least, most in ((0.062, 0.0, 0.10), (0.085, 0.0, 0.25), (0.12, 0.0, 9.0)):
        step = spacing * unit
        ys = np.arange(low[1], high[1], 0.87 * step)
        xs = np.arange(low[0], high[0], step)
        gx, gy = np.meshgrid(xs, ys)
        gx = gx + (np.arange(len(ys)) % 2)[:, None] * step / 2
        candidates = np.stack([gx, gy], axis=-1).reshape(-1, 2).astype(np.float32)
        away = features.query(candidates)[0] / unit
        candidates = candidates[(away >= least) & (away < most) & _inside(candidates, domain)]
        near = spatial.cKDTree(points.all()).query(candidates)[0]
        fresh = candidates[near > 0.72 * step]
        if len(fresh):
            points.rows.append(fresh)
            points.count += len(fresh)


def _apart(face: Anatomy, points: Floats, lower: NDArray[np.bool_]) -> Floats:
    """Points with the lips far enough apart to be told from each other by a triangulation."""
    place = face.local(points)
    top, bottom = face.local(face.inner_upper), face.local(face.inner_lower)
    line, x = 0.5 * (top + bottom), place[:, 0]
    gap = float((bottom - top)[:, 1].max())
    # From corner to corner of the borders: they and the edges within must keep their order.
    left, right = face.local(face.outer_upper[[0, -1]])[:, 0]
    across = np.clip((2.0 * x - left - right) / (right - left), -1.0, 1.0)
    wanted = max(0.0, 0.12 - gap) * np.sqrt(1.0 - across**2)
    below = np.maximum(place[:, 1] - np.interp(x, line[:, 0], line[:, 1]), 0.0)
    fade = np.exp(-((below / 0.5) ** 2))
    down = face.axes[:2, 1]
    return np.asarray(points + (face.unit * wanted * fade * lower)[:, None] * down, np.float32)


def _is_lower(face: Anatomy, points: Floats) -> NDArray[np.bool_]:
    place = face.local(points)
    line = 0.5 * (face.local(face.inner_upper) + face.local(face.inner_lower))
    return np.asarray(place[:, 1] > np.interp(place[:, 0], line[:, 0], line[:, 1]), np.bool_)


def _triangulate(
    points: Floats, apart: Floats, curves: dict[str, Ints], holes: list[Ints], domain: Floats
) -> Ints:
    """Delaunay triangles that keep to the curves, without those in a hole, outside, or flat."""
    faces = spatial.Delaunay(apart.astype(np.float64)).simplices.astype(np.int32)
    faces = with_edges(apart, faces, (line for name, line in curves.items() if name != "border"))
    middles = apart[faces].mean(axis=1)
    keep = _inside(middles, domain)
    for ring in holes:
        # Three vertices of one ring span a hole or a notch of it; middles tell which.
        keep &= ~_inside(middles, apart[ring])
    faces = faces[keep]
    areas = signed_areas(apart, faces)
    faces = np.where((areas < 0)[:, None], faces[:, [0, 2, 1]], faces)
    faces = faces[signed_areas(points, faces) > 0.02]
    middles = points[faces].mean(axis=1)
    return np.asarray(faces[np.lexsort((middles[:, 0], middles[:, 1]))], np.int32)


def _unfold(
    faces: Ints, curves: dict[str, Ints], count: int
) -> tuple[Ints, list[Ints], list[tuple[int, int]]]:
    """Cuts the mesh above each lash rim, so that hidden skin can come out there."""
    faces = faces.copy()
    hidden: list[Ints] = []
    twins: list[tuple[int, int]] = []
    for _, word in SIDES:
        rim, lid = curves[f"lash{word}"], curves[f"lidUpper{word}"]
        inner = rim[1:-1]
        copies = np.arange(count, count + len(inner), dtype=np.int32)
        count += len(inner)
        on_rim, on_band = np.isin(faces, inner), np.isin(faces, np.concatenate([rim, lid]))
        above = on_rim.any(axis=1) & ~on_band.all(axis=1)
        renamed = dict(zip(inner.tolist(), copies.tolist(), strict=True))
        for row in np.flatnonzero(above):
            faces[row] = [renamed.get(int(i), int(i)) for i in faces[row]]
        upper = np.concatenate([rim[:1], copies, rim[-1:]])
        strip = [(rim[0], upper[1], rim[1]), (rim[-1], rim[-2], upper[-2])]
        for i in range(1, len(rim) - 2):
            strip += [(upper[i], upper[i + 1], rim[i]), (upper[i + 1], rim[i + 1], rim[i])]
        hidden.append(np.array(strip, np.int32))
        twins += list(zip(inner.tolist(), copies.tolist(), strict=True))
        curves[f"fold{word}"] = upper.astype(np.int32)
    return faces, hidden, twins


def face_mesh(face: Anatomy) -> FaceMesh:
    """Makes the face's mesh: some 1,500 to 2,500 vertices, finest about lids and lips."""
    domain = face_domain(face)
    points = _Points(face)
    _mouth_points(points)
    _eye_points(points)
    points.curve("border", resampled(domain, 96, closed=True))
    named = points.count
    centre = domain.mean(axis=0)
    for inward in (0.94, 0.87):
        points.loose((centre + inward * (domain - centre)).astype(np.float32), 0.05)
    _loose_points(points)
    _lattice(points, domain)
    everything = points.all()
    bounds = _holes(face)
    loose = np.arange(len(everything)) >= named
    bad = ~_inside(everything, (centre + 1.0005 * (domain - centre)).astype(np.float32))
    for ring in bounds:
        bad |= _inside(everything, ring)
    keep = ~(bad & loose)
    vertices = everything[keep]
    lower = _is_lower(face, vertices)
    for name, is_low in (("innerUpper", False), ("outerUpper", False)):
        lower[points.curves[name]] = is_low
    for name in ("innerLower", "outerLower"):
        lower[points.curves[name][1:-1]] = True
    curves = points.curves
    rings = [np.concatenate([curves["innerUpper"], curves["innerLower"][-2:0:-1]])]
    for _, word in SIDES:
        lids = curves[f"lidUpper{word}"], curves[f"lidLower{word}"][-2:0:-1]
        rings.append(np.concatenate(lids))
    apart = _apart(face, vertices, lower)
    faces = _triangulate(vertices, apart, curves, rings, apart[curves["border"]])
    faces, hidden, twins = _unfold(faces, curves, len(vertices))
    pairs = np.array(twins, np.int32)
    vertices = np.vstack([vertices, vertices[pairs[:, 0]]])
    lower = np.concatenate([lower, lower[pairs[:, 0]]])
    return _compact(
        FaceMesh(
            vertices=vertices,
            triangles=faces,
            hidden=np.vstack(hidden),
            curves=curves,
            marks=np.zeros(0, np.int32),
            lower=lower,
            twins=pairs,
        ),
        face,
    )


def _compact(mesh: FaceMesh, face: Anatomy) -> FaceMesh:
    """Without vertices that no triangle uses; knows which vertex is nearest to each landmark."""
    used = np.unique(np.concatenate([mesh.triangles.ravel(), mesh.hidden.ravel()]))
    new = np.full(len(mesh.vertices), -1, np.int32)
    new[used] = np.arange(len(used))
    curves = {name: new[line][new[line] >= 0] for name, line in mesh.curves.items()}
    vertices = mesh.vertices[used]
    marks = spatial.cKDTree(vertices).query(face.marks[:, :2])[1].astype(np.int32)
    return FaceMesh(
        vertices, new[mesh.triangles], new[mesh.hidden], curves, marks,
        mesh.lower[used], new[mesh.twins],
    )  # fmt: skip
