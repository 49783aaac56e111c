"""What weights of bases come to before anything is moved: the one place where they are resolved.

Two rules:

- A corrective basis is weighted by the product of its drivers' weights, so that at full weight of
  all of them it turns the plain sum into the pose that was intended (combination shapes; Lewis,
  Anjyo, Rhee, Zhang, Pighin and Deng, "Practice and Theory of Blendshape Facial Models",
  Eurographics 2014 state-of-the-art reports, section on combination blendshapes). A driver below 0
  counts as 0.
- `mouthClose` is never more than `jawOpen`: ARKit defines it as the lips closed independently of
  the jaw, so it only takes back how far the jaw has parted them. More of it would take the lips
  past each other.
"""

from collections.abc import Iterable, Mapping, Sequence

from capsules.avatar import Part

__all__ = ["WeightResolver", "correctives"]

_CLOSED, _OPENED = "mouthClose", "jawOpen"

Weights = Sequence[tuple[str, float]]


def correctives(parts: Iterable[Part]) -> dict[str, tuple[str, ...]]:
    """The drivers of each corrective basis that some part has, by its name; sorted."""
    found = {n: basis.drivers for part in parts for n, basis in part.bases.items() if basis.drivers}
    return dict(sorted(found.items()))


class WeightResolver:
    """Resolves weights for one avatar; any thread may call it.

    Args:
        drivers: The drivers of each corrective, as `correctives` gives them.
    """

    def __init__(self, drivers: Mapping[str, tuple[str, ...]]) -> None:
        # By the first driver: most of them have no weight, and the rest need not be looked at.
        first: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for name, (one, *others) in drivers.items():
            first.setdefault(one, []).append((name, tuple(others)))
        self._by_first = tuple(first.items())
        self._names = frozenset(drivers)

    def __call__(self, weights: Weights) -> Weights:
        """The weights as they are drawn.

        Args:
            weights: (basis name, weight), each name once. Correctives among them are left out:
                nothing but their drivers weights them.

        Returns:
            The same in the same order, then correctives with a weight above 0.
        """
        if not weights:
            return weights
        given = dict(weights)
        if not self._names.isdisjoint(given):
            weights = [pair for pair in weights if pair[0] not in self._names]
            given = dict(weights)
        closed = given.get(_CLOSED, 0.0)
        if closed > 0.0 and closed > given.get(_OPENED, 0.0):
            weights = _less_closed(given)
        found = []
        for driver, correctives_of_it in self._by_first:
            weight = given.get(driver, 0.0)
            if weight <= 0.0:
                continue
            for name, others in correctives_of_it:
                product = weight
                for other in others:
                    product *= max(given.get(other, 0.0), 0.0)
                if product > 0.0:
                    found.append((name, product))
        return (*weights, *found) if found else weights


def _less_closed(given: dict[str, float]) -> Weights:
    """Lips closed as far as the jaw has parted them."""
    opened = max(given.get(_OPENED, 0.0), 0.0)
    if opened:
        given[_CLOSED] = opened
    else:
        del given[_CLOSED]
    return tuple(given.items())
