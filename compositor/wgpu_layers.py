"""Places for rectangles in square layers: taken and given back in any order."""

from collections.abc import Iterator
from dataclasses import dataclass

from compositor.pages import NoRoomError

__all__ = ["Layers", "Rect"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A place.

    Attributes:
        layer: Number of its layer.
        left: Column of its first texel.
        top: Row of its first texel.
        width: Columns.
        height: Rows.
    """

    layer: int
    left: int
    top: int
    width: int
    height: int


class _Area:
    """Part of a layer: free, taken, or cut into areas that lie in a row or in a column.

    Attributes:
        parent: What it was cut from, which was cut the other way from its own.
        parts: What it is cut into, from left to right or from above; none of one that is whole.
        in_a_row: Whether they lie in a row.
        is_free: Whether it is whole and nothing is in it.
    """

    __slots__ = ("height", "in_a_row", "is_free", "left", "parent", "parts", "top", "width")

    def __init__(
        self, place: tuple[int, int], size: tuple[int, int], parent: "_Area | None" = None
    ) -> None:
        self.left, self.top = place
        self.width, self.height = size
        self.parent = parent
        self.parts: list[_Area] = []
        self.in_a_row = False
        self.is_free = True

    def cut(self, length: int, *, in_a_row: bool) -> "_Area":
        """Cuts a free area after so many columns, or rows; what is before the cut."""
        if length == (self.width if in_a_row else self.height):
            return self
        if self.parent is not None and self.parent.in_a_row == in_a_row:
            siblings = self.parent.parts
            siblings.insert(siblings.index(self) + 1, self._after(length, self.parent, in_a_row))
            self._shorten(length, in_a_row=in_a_row)
            return self
        first = _Area((self.left, self.top), (self.width, self.height), self)
        self.parts = [first, self._after(length, self, in_a_row)]
        first._shorten(length, in_a_row=in_a_row)
        self.in_a_row, self.is_free = in_a_row, False
        return first

    def give_back(self) -> None:
        """Makes it free, and one with what is free beside it."""
        self.is_free = True
        parent = self.parent
        if parent is None:
            return
        number = parent.parts.index(self)
        low = number - 1 if number and parent.parts[number - 1].is_free else number
        high = number + 1
        if high < len(parent.parts) and parent.parts[high].is_free:
            high += 1
        joined = parent.parts[low:high]
        first, last = joined[0], joined[-1]
        first.width = last.left + last.width - first.left
        first.height = last.top + last.height - first.top
        parent.parts[low:high] = [first]
        if len(parent.parts) == 1:
            parent.parts = []
            parent.give_back()

    def free_areas(self) -> Iterator["_Area"]:
        """All in it that are free."""
        if self.is_free:
            yield self
        for part in self.parts:
            yield from part.free_areas()

    def _after(self, length: int, parent: "_Area", in_a_row: bool) -> "_Area":
        if in_a_row:
            place, size = (self.left + length, self.top), (self.width - length, self.height)
        else:
            place, size = (self.left, self.top + length), (self.width, self.height - length)
        return _Area(place, size, parent)

    def _shorten(self, length: int, *, in_a_row: bool) -> None:
        if in_a_row:
            self.width = length
        else:
            self.height = length


class Layers:
    """Layers cut into rectangles by straight cuts from side to side.

    Areas that were cut apart become one again as soon as nothing is in them, so that a layer all of
    whose rectangles were given back is as good as new.

    Args:
        side: Width and height of a layer.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self._layers: list[_Area] = []
        self._taken: dict[Rect, _Area] = {}

    @property
    def count(self) -> int:
        """Layers there are."""
        return len(self._layers)

    def add(self) -> None:
        """One layer more."""
        self._layers.append(_Area((0, 0), (self.side, self.side)))

    def take(self, width: int, height: int) -> Rect:
        """A place that nothing else has.

        Raises:
            NoRoomError: No layer has one.
        """
        best: tuple[tuple[int, int], int, _Area] | None = None
        for number, layer in enumerate(self._layers):
            for area in layer.free_areas():
                right, below = area.width - width, area.height - height
                if right < 0 or below < 0:
                    continue
                rank = (min(right, below), max(right, below))
                if best is None or rank < best[0]:
                    best = rank, number, area
        if best is None:
            raise NoRoomError(f"no layer has {width} x {height} texels free in one place")
        _, number, area = best
        # The first cut leaves the larger rest whole.
        if area.width - width > area.height - height:
            area = area.cut(width, in_a_row=True).cut(height, in_a_row=False)
        else:
            area = area.cut(height, in_a_row=False).cut(width, in_a_row=True)
        area.is_free = False
        rect = Rect(number, area.left, area.top, width, height)
        self._taken[rect] = area
        return rect

    def free(self, rect: Rect) -> None:
        """Gives a place back."""
        self._taken.pop(rect).give_back()
