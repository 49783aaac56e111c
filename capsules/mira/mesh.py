"""Meshes: regular grids over what is painted, and the face's mesh that follows its features."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from capsules.mira.features import (
    CENTRE_X,
    brow,
    eye_lids,
    gap_height,
    gap_shift,
    inner_lip,
    jaw_outline,
    lip_curves,
    lip_line_y,
)
from capsules.mira.raster import Floats, Sheet, floats

__all__ = ["LID_MARGIN_PX", "Mesh", "face_mesh", "grid_mesh", "strip_mesh", "wound"]

# Lid vertices stand this far outside the painted edge, so that a closed lid is opaque.
LID_MARGIN_PX = 1.6
_LIP_COLUMNS = 35


@dataclass(frozen=True, slots=True)
class Mesh:
    """One part's geometry.

    Attributes:
        vertices: At rest (V, 2), canvas pixels.
        uv: (V, 2) in [0, 1].
        triangles: (T, 3) int32.
        lower: (V,) whether a vertex moves with the lower jaw's side of the lips.
        tuck: (V,) how far inside the lips a vertex lies in the texture, canvas pixels, + for the
            upper lip and - for the lower; at rest it is folded onto the lip line.
    """

    vertices: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    lower: NDArray[np.bool_]
    tuck: Floats


def grid_mesh(sheet: Sheet, alpha: Floats, cell_px: float) -> Mesh:
    """A grid over every cell in which something is painted."""
    columns = max(1, round(sheet.width / cell_px))
    rows = max(1, round(sheet.height / cell_px))
    xs = np.linspace(sheet.left, sheet.left + sheet.width, columns + 1)
    ys = np.linspace(sheet.top, sheet.top + sheet.height, rows + 1)
    gx, gy = np.meshgrid(xs, ys)
    points = np.stack([gx, gy], axis=-1).reshape(-1, 2).astype(np.float32)
    h, w = alpha.shape
    triangles = []
    for r in range(rows):
        for c in range(columns):
            y0, y1 = r * h // rows, -(-(r + 1) * h // rows)
            x0, x1 = c * w // columns, -(-(c + 1) * w // columns)
            if alpha[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1].max() > 0.003:
                a = r * (columns + 1) + c
                b = a + columns + 1
                triangles += [(a, a + 1, b), (a + 1, b + 1, b)]
    none = np.zeros(len(points), np.float32)
    faces = np.array(triangles, np.int32)
    return _compact(Mesh(points, sheet.uv(points), faces, points[:, 1] > 480, none))


def strip_mesh(sheet: Sheet, rows: list[Floats]) -> Mesh:
    """A mesh between neighbouring rows of the same number of points."""
    count = len(rows[0])
    points = np.vstack(rows).astype(np.float32)
    triangles = []
    for r in range(len(rows) - 1):
        for i in range(count - 1):
            a, b = r * count + i, (r + 1) * count + i
            triangles += [(a, a + 1, b), (a + 1, b + 1, b)]
    lower = np.zeros(len(points), np.bool_)
    none = np.zeros(len(points), np.float32)
    return Mesh(points, sheet.uv(points), np.array(triangles, np.int32), lower, none)


def _compact(mesh: Mesh) -> Mesh:
    """Without the vertices that no triangle uses."""
    used, index = np.unique(mesh.triangles, return_inverse=True)
    faces = index.reshape(-1, 3).astype(np.int32)
    return Mesh(mesh.vertices[used], mesh.uv[used], faces, mesh.lower[used], mesh.tuck[used])


def _offset(line: Floats, distance: float, *, down: bool) -> Floats:
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal[normal[:, 1] < 0] *= -1
    return (line + normal * distance * (1 if down else -1)).astype(np.float32)


def _eye_rows(side: int) -> list[Floats]:
    upper, lower = eye_lids(side, 21)
    upper, lower = lid_edges(upper, lower)
    rows = [upper, lower[1:-1]]
    above, below = (5.5, 9.5, 14.0, 19.5, 27.0), (4.5, 11.0, 19.0)
    rows += [_offset(upper, d, down=False)[1 : -1 : 1 if d < 15 else 2] for d in above]
    rows += [_offset(lower, d, down=True)[1 : -1 : 1 if d < 10 else 2] for d in below]
    return rows


def lid_edges(upper: Floats, lower: Floats) -> tuple[Floats, Floats]:
    """The lids' vertex rows: the painted edges moved into the skin; the corners stay joined."""
    lift = LID_MARGIN_PX * np.sin(np.linspace(0.0, np.pi, len(upper))) ** 0.4
    up, down = upper.copy(), lower.copy()
    up[:, 1] -= lift
    down[:, 1] += lift
    return up, down


def _mouth_rows() -> tuple[list[Floats], list[Floats], Floats, Floats]:
    """Texture-space rows above the lip line, below it, the corners, and the inner rows' tuck."""
    upper, line, lower = lip_curves(_LIP_COLUMNS)
    inner = slice(1, -1)
    gap = gap_height(line[:, 0])
    step = np.minimum(inner_lip(gap) + 1.3, 0.45 * gap)

    def moved(row: Floats, shift: Floats) -> Floats:
        return np.stack([row[:, 0], row[:, 1] + shift], axis=1).astype(np.float32)

    def middle(row: Floats) -> Floats:
        """Between the lip line and a border, where the lip is thick enough for one more row."""
        half = 0.5 * (line + row)
        below = np.where(row[:, 1] > line[:, 1], 1.0, 0.0)
        out = moved(half, below * gap_shift(half[:, 0], half[:, 1]))
        return floats(out[np.abs(row[:, 1] - line[:, 1]) > 7.0])

    def clear(row: Floats, distance: Floats, least: float) -> Floats:
        """Without points so near the lip line that triangles would reach across it."""
        keep = np.abs(distance) > least
        keep[[0, -1]] = False
        return floats(row[keep])

    deep = step > 1.3
    deep[[0, -1]] = False
    above = [
        line[inner],
        moved(line, step)[deep],
        clear(upper, upper[:, 1] - line[:, 1], 2.8),
        middle(upper),
        moved(upper, np.full(_LIP_COLUMNS, -6.0))[inner],
        moved(upper, np.full(_LIP_COLUMNS, -13.0))[1:-1:2],
    ]
    below = [
        moved(line, gap)[inner],
        moved(line, gap - step)[deep],
        middle(lower),
        clear(moved(lower, gap_shift(*lower.T)), lower[:, 1] - line[:, 1], 1.7),
    ]
    for drop in (5.0, 12.0):
        row = lower + floats([0, drop])
        below.append(moved(row, gap_shift(*row.T))[1 : -1 : 1 if drop < 8 else 2])
    return above, below, moved(line, 0.5 * gap)[[0, -1]], step[deep]


def face_mesh(sheet: Sheet) -> Mesh:
    """The face's mesh, made in texture space, where the lips are apart."""
    above, below, corners, step = _mouth_rows()
    rows = [corners, *above, *below]
    labels = [np.zeros(2, np.bool_)]
    labels += [np.zeros(len(r), np.bool_) for r in above] + [
        np.ones(len(r), np.bool_) for r in below
    ]
    extra: list[Floats] = []
    for side in (-1, 1):
        extra += _eye_rows(side)
        line, _ = brow(side, 14)
        extra += [line, _offset(line, 9.0, down=False), _offset(line, 8.0, down=True)]
    outline = jaw_outline(76)
    centre = floats([CENTRE_X, 350.0])
    away = (outline - centre) / np.linalg.norm(outline - centre, axis=1, keepdims=True)
    extra += [outline + 2.5 * away, outline - 6.0 * away, (outline - 18.0 * away)[::2]]
    nose = [
        (512, 430),
        (498, 432),
        (526, 432),
        (488, 437),
        (536, 437),
        (485, 428),
        (539, 428),
        (512, 446),
        (500, 443),
        (524, 443),
        (512, 416),
        (500, 420),
        (524, 420),
    ]
    extra.append(floats(nose))
    rows += extra
    points = np.vstack(rows)
    first = np.concatenate(labels)
    points, first = _without_near(points, first, 2.2)
    points = _fill_up(points, outline, above, below)
    lower = _is_lower(points)
    lower[: len(first)] |= first
    lower[: len(first)][np.arange(len(first)) < 2] = False
    fixed_upper = ~first & (np.arange(len(first)) < sum(map(len, rows[: 1 + len(above)])))
    lower[: len(first)][fixed_upper] = False
    rest = points.copy()
    rest[:, 1] = _rest_y(points, lower)
    rest[:2] = lip_curves(_LIP_COLUMNS)[1][[0, -1]]
    hull = spatial.Delaunay(points.astype(np.float64)).simplices
    keep = _inside(points[hull].mean(axis=1), outline + 3.0 * away)
    layer = np.where(lower, 3, -3)
    start = 2 + sum(map(len, above))
    for first_of, sign in ((2, -1), (start, 1)):
        layer[first_of : first_of + len(above[0])] = 2 * sign
        layer[first_of + len(above[0]) : first_of + len(above[0]) + len(step)] = sign
    triangles = wound(points, _sorted(points, _along_lips(points, hull[keep], layer)))
    tuck = np.zeros(len(points), np.float32)
    first_row = len(above[0])
    start = 2 + sum(map(len, above))
    tuck[2 + first_row : 2 + first_row + len(step)] = step
    tuck[start + first_row : start + first_row + len(step)] = -step
    return _compact(Mesh(rest.astype(np.float32), sheet.uv(points), triangles, lower, tuck))


def _along_lips(
    points: Floats, triangles: NDArray[np.int32], layer: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Turns edges that reach from one lip's edge past the other's, so that lips part cleanly.

    Args:
        points: (V, 2) in texture space.
        triangles: (T, 3).
        layer: (V,) -3 for skin above, -2 for the upper lip's edge, -1 for its inside, then 1, 2
            and 3 likewise for the lower lip and the skin below.
    """
    faces = [tuple(int(i) for i in face) for face in triangles]
    for _ in range(200):
        owners: dict[tuple[int, int], list[int]] = {}
        for k, face in enumerate(faces):
            for i in range(3):
                a, b = sorted((face[i], face[(i + 1) % 3]))
                owners.setdefault((a, b), []).append(k)
        turned = next((t for t in _crossings(points, faces, owners, layer)), None)
        if turned is None:
            break
        (one, other), new = turned
        faces[one], faces[other] = new
    return np.array(faces, np.int32)


def _crossings(
    points: Floats,
    faces: list[tuple[int, ...]],
    owners: dict[tuple[int, int], list[int]],
    layer: NDArray[np.int64],
) -> Iterator[tuple[tuple[int, int], tuple[tuple[int, ...], tuple[int, ...]]]]:
    """Pairs of triangles whose shared edge crosses a lip's edge, and the pair to have instead."""
    for (a, b), sharing in sorted(owners.items()):
        skin, inner = sorted((int(layer[a]), int(layer[b])), key=abs, reverse=True)
        past_edge = abs(skin) == 3 and inner not in (skin, skin // 3 * 2, -skin)
        if not past_edge or min(a, b) < 2 or len(sharing) != 2:
            continue
        one, other = sharing
        (c,) = set(faces[one]) - {a, b}
        (d,) = set(faces[other]) - {a, b}
        # The four points must be convex, or turning the edge would fold the mesh.
        if _side(points, c, d, a) * _side(points, c, d, b) < 0.0:
            yield (one, other), ((a, c, d), (b, c, d))


def _side(points: Floats, start: int, end: int, which: int) -> float:
    way, to = points[end] - points[start], points[which] - points[start]
    return float(way[0] * to[1] - way[1] * to[0])


def _is_lower(points: Floats) -> NDArray[np.bool_]:
    x, y = points.T
    return np.asarray(y > lip_line_y(x) + 0.5 * gap_height(x), np.bool_)


def _rest_y(points: Floats, lower: NDArray[np.bool_]) -> Floats:
    """Takes texture-space heights back to rest, where the lips are closed."""
    x, y = points.T
    line = lip_line_y(x)
    within = np.abs(x - CENTRE_X) < 53.5
    upper_y = np.where(within, np.minimum(y, line), y)
    below = y.copy()
    for _ in range(40):
        below = y - gap_shift(x, below)
    lower_y = np.where(within, np.maximum(below, line), below)
    return floats(np.where(lower, lower_y, upper_y))


def _without_near(
    points: Floats, labels: NDArray[np.bool_], distance: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Drops later points that lie too near earlier ones; mouth rows come first and stay."""
    tree = spatial.cKDTree(points)
    drop = np.zeros(len(points), np.bool_)
    for a, b in sorted(tree.query_pairs(distance)):
        if b >= len(labels) and not drop[a]:
            drop[b] = True
    return points[~drop].astype(np.float32), labels


def _fill_up(points: Floats, outline: Floats, above: list[Floats], below: list[Floats]) -> Floats:
    """Adds points on a triangular lattice wherever there is room."""
    tree = spatial.cKDTree(points)
    lattice: list[tuple[float, float]] = []
    for spacing, box in (
        (11.0, (424.0, 380.0, 600.0, 560.0)),
        (13.5, (400.0, 290.0, 624.0, 400.0)),
        (21.0, (340.0, 130.0, 684.0, 600.0)),
    ):
        row, y = 0, box[1]
        while y < box[3]:
            x = box[0] + (row % 2) * spacing / 2
            while x < box[2]:
                near = tree.query((x, y))[0]
                if near > 0.72 * spacing and not (
                    lattice
                    and min(np.hypot(x - p[0], y - p[1]) for p in lattice[-400:]) < 0.72 * spacing
                ):
                    lattice.append((x, y))
                x += spacing
            y += spacing * 0.87
            row += 1
    extra = floats(lattice)
    extra = extra[_inside(extra, outline)]
    hole = [np.vstack([eye_lids(s, 40)[0], eye_lids(s, 40)[1][::-1]]) for s in (-1, 1)]
    hole.append(np.vstack([above[0], below[0][::-1]]))
    for polygon in hole:
        extra = extra[~_inside(extra, polygon)]
    return np.vstack([points, extra]).astype(np.float32)


def _inside(points: Floats, polygon: Floats) -> NDArray[np.bool_]:
    x, y = points[:, 0:1], points[:, 1:2]
    x0, y0 = polygon[:, 0], polygon[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    spans = (y0 > y) != (y1 > y)
    slope = np.where(y1 == y0, 1.0, y1 - y0)
    crossing = x < (x1 - x0) * (y - y0) / slope + x0
    return np.asarray(np.count_nonzero(spans & crossing, axis=1) % 2 == 1, np.bool_)


def _sorted(points: Floats, triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """Triangles in a fixed order, slivers dropped."""
    a, b, c = (points[triangles[:, i]].astype(np.float64) for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    kept = triangles[np.abs(area) > 0.05]
    middle = points[kept].mean(axis=1)
    return np.asarray(kept[np.lexsort((middle[:, 0], middle[:, 1]))], np.int32)


def wound(points: Floats, triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same triangles, all clockwise in the picture."""
    a, b, c = (points[triangles[:, i]].astype(np.float64) for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where((area < 0)[:, None], triangles[:, [0, 2, 1]], triangles).astype(np.int32)
