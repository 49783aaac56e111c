"""Triangulations that keep given edges: those along lips and lids, where the mesh is cut open.

Edges that cross a wanted one are turned within the two triangles that share them until it is there
(Sloan, "A fast algorithm for generating constrained Delaunay triangulations", 1993).
"""

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats

__all__ = ["with_edges"]

_MOST_TURNS = 400  # for one edge; what cannot be had by then stays as it is

Edge = tuple[int, int]


class _Triangles:
    """Triangles with the two that share each edge."""

    def __init__(self, points: NDArray[np.float64], faces: NDArray[np.int32]) -> None:
        self.points = points
        self.faces = [tuple(int(i) for i in face) for face in faces]
        self.owners: dict[Edge, list[int]] = {}
        for number in range(len(self.faces)):
            self._own(number)

    def _own(self, number: int) -> None:
        for edge in _edges(self.faces[number]):
            self.owners.setdefault(edge, []).append(number)

    def _disown(self, number: int) -> None:
        for edge in _edges(self.faces[number]):
            self.owners[edge].remove(number)

    def side(self, start: int, end: int, which: int) -> float:
        """On which side of a line through two points a third one lies."""
        (ax, ay), (bx, by), (cx, cy) = (self.points[i].tolist() for i in (start, end, which))
        return float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))

    def cross(self, one: Edge, other: Edge) -> bool:
        """Whether two edges cross between their ends."""
        (a, b), (c, d) = one, other
        if {a, b} & {c, d}:
            return False
        return (
            self.side(a, b, c) * self.side(a, b, d) < 0.0
            and self.side(c, d, a) * self.side(c, d, b) < 0.0
        )

    def turn(self, edge: Edge) -> Edge | None:
        """Turns an edge within its two triangles; None where they form no convex shape."""
        sharing = self.owners[edge]
        if len(sharing) != 2:
            return None
        one, other = sharing
        a, b = edge
        (c,) = set(self.faces[one]) - {a, b}
        (d,) = set(self.faces[other]) - {a, b}
        if not self.cross((a, b), (c, d)):
            return None
        for number, face in ((one, (a, c, d)), (other, (b, c, d))):
            self._disown(number)
            self.faces[number] = face
            self._own(number)
        return _ordered(c, d)

    def crossing(self, wanted: Edge) -> deque[Edge]:
        """All edges that cross one, in a fixed order."""
        low, high = (f(self.points[list(wanted)], axis=0) for f in (np.min, np.max))
        ends = np.array([edge for edge, owners in self.owners.items() if owners], np.int64)
        at = self.points[ends]
        near = ((at.min(axis=1) <= high) & (at.max(axis=1) >= low)).all(axis=1)
        found = {_ordered(int(a), int(b)) for a, b in ends[near]}
        return deque(sorted(edge for edge in found if self.cross(edge, wanted)))


def _ordered(a: int, b: int) -> Edge:
    return (a, b) if a < b else (b, a)


def _edges(face: tuple[int, ...]) -> Iterable[Edge]:
    return (_ordered(face[i], face[(i + 1) % 3]) for i in range(3))


def with_edges(
    points: Floats, faces: NDArray[np.int32], lines: Iterable[NDArray[np.int32]]
) -> NDArray[np.int32]:
    """The triangles (T, 3) with edges turned so that lines are among them.

    Args:
        points: (V, 2).
        faces: (T, 3) of a triangulation; the triangles may be wound either way, and come out so.
        lines: Vertices of each line in order.
    """
    triangles = _Triangles(np.asarray(points, np.float64), faces)
    for line in lines:
        for a, b in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
            wanted = _ordered(a, b)
            if triangles.owners.get(wanted):
                continue
            waiting = triangles.crossing(wanted)
            for _ in range(_MOST_TURNS):
                if not waiting:
                    break
                edge = waiting.popleft()
                turned = triangles.turn(edge)
                if turned is None:
                    waiting.append(edge)
                elif triangles.cross(turned, wanted):
                    waiting.append(turned)
    return np.array(triangles.faces, np.int32)
