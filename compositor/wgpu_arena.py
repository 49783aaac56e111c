"""Places for words in one buffer: taken and given back in any order."""

from bisect import bisect_left

from compositor.pages import NoRoomError

__all__ = ["Arena"]


class Arena:
    """Runs of words in a buffer that can grow; each is put where it first fits."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # first and count; none touch

    def grow(self, size: int) -> None:
        """Makes the buffer that many words long, which are not fewer than before."""
        if size > self.size:
            first, self.size = self.size, size
            self.free(first, size - first)

    def take(self, count: int) -> int:
        """The first of `count` words, at least one, that nothing else has.

        Raises:
            NoRoomError: There are not as many in one run.
        """
        for number, (first, free) in enumerate(self._free):
            if free >= count:
                rest = [(first + count, free - count)] if free > count else []
                self._free[number : number + 1] = rest
                return first
        raise NoRoomError(f"no {count} words are free in one run")

    def free(self, first: int, count: int) -> None:
        """Gives words back, and joins them with their neighbours."""
        after = bisect_left(self._free, (first, 0))
        low, high, end = after, after, first + count
        if after < len(self._free) and self._free[after][0] == end:
            end += self._free[after][1]
            high += 1
        if after and sum(self._free[after - 1]) == first:
            first = self._free[after - 1][0]
            low -= 1
        self._free[low:high] = [(first, end - first)]
