"""The points of a capsule's curve, kept compactly: a library holds a million of them."""

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

__all__ = ["Curve"]

Point = tuple[int, float]


class Curve(Sequence[Point]):
    """A sequence of (time in ms, value) that cannot be changed: 16 bytes a point.

    A list of tuples takes 120. It equals any sequence of the same points.

    Raises:
        ValueError: A number is too large for a float.
    """

    __slots__ = ("_numbers",)

    def __init__(self, points: Iterable[Point]) -> None:
        try:
            self._numbers = array("d", [number for point in points for number in point])
        except OverflowError as error:
            raise ValueError(f"a curve's numbers must fit a 64-bit float: {error}") from error

    def __len__(self) -> int:
        return len(self._numbers) // 2

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> "Curve": ...
    def __getitem__(self, index: int | slice) -> "Point | Curve":
        if isinstance(index, slice):
            return Curve([self[at] for at in range(*index.indices(len(self)))])
        at = range(len(self))[index]
        return int(self._numbers[2 * at]), self._numbers[2 * at + 1]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Curve):
            return self._numbers == other._numbers
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(self._numbers.tobytes())

    def __repr__(self) -> str:
        return repr(list(self))
