"""What moving each basis does to a picture: a Jacobian that is measured, not derived.

Every basis is moved a little both ways and the head is drawn again. That is the dear part of a fit,
so rows are kept until the weights have moved on, and corrected by what steps have shown meanwhile.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Slope"]

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]

# How much more than rounding a basis is to show while it is measured, and how far it may be moved
# for that: less, and rows are as much noise as slope, which looks like a basis that does more than
# it does; more, and they tell of somewhere else.
_SHOWS = 7.0
_STEPS = (0.02, 0.25)
_TELLS = 8.0  # times rounding is what a step has to show before rows are corrected by it
_EVERY = 7  # pixels apart are those by which it is seen which bases overlap


class Slope:
    """The Jacobian of a picture about some weights.

    Args:
        draw: Gives the picture (P,) of weights (K,).
        low: (K,) smallest weights.
        high: (K,) largest weights.
        scale: (K,) about how much each basis shows at 1.
        rounding: By how much pictures are off because they have whole levels only.

    Attributes:
        rows: (K, P), by how much the picture changes for each basis, at weight 1.
        gram: (K, K), their products.
    """

    def __init__(
        self,
        draw: Callable[[Floats], Vector],
        low: Floats,
        high: Floats,
        scale: Floats,
        rounding: float,
    ) -> None:
        self._draw = draw
        self._low, self._high = low, high
        self._steps = np.clip(_SHOWS * rounding / np.maximum(scale, 1e-6), *_STEPS)
        self._tells = _TELLS * rounding
        self._at = np.full((len(low), len(low)), np.inf)
        self._overlap = np.eye(len(low))
        self.rows: Vector = np.zeros((len(low), 0), np.float32)
        self.gram: Floats = np.zeros((len(low), len(low)))

    def ages(self, weights: Floats, free: NDArray[np.intp]) -> Floats:
        """How far weights (K,) are from where the rows of `free` were measured.

        Bases that show elsewhere in the picture do not age a row.
        """
        moved = np.abs(self._at[free] - weights)
        # Rows never measured lie at infinity, also where nothing overlaps.
        known = np.isfinite(moved).all(axis=1)
        moved[~known] = 0.0
        return np.where(known, (self._overlap[free] * moved).sum(axis=1), np.inf)

    def measure(self, weights: Floats, reach: float, free: NDArray[np.intp]) -> int:
        """Measures what of `free` was measured farther than `reach` from weights (K,) again.

        Returns:
            How many rows those were.
        """
        stale = free[self.ages(weights, free) > reach]
        for number in stale:
            ahead, behind = self._beside(int(number), weights)
            row = self._moved(int(number), ahead, weights)
            row = (row - self._moved(int(number), behind, weights)) / (ahead - behind)
            if self.rows.shape[1] != len(row):
                self.rows = np.zeros((len(weights), len(row)), np.float32)
            self.rows[number] = row
            self._at[number] = weights
        if len(stale):
            self.gram[stale] = self.rows[stale] @ self.rows.T
            self.gram[:, stale] = self.gram[stale].T
            shown = np.abs(self.rows[:, ::_EVERY])
            size = np.sqrt(np.maximum((shown * shown).sum(axis=1), 1e-18))
            shares = (shown[stale] @ shown.T) / np.outer(size[stale], size)
            self._overlap[stale] = shares
            self._overlap[:, stale] = shares.T
        return len(stale)

    def correct(self, step: Floats, shown: Vector) -> None:
        """Makes the rows say what a step (K,) has shown (P,).

        The least change that does (Broyden, "A Class of Methods for Solving Nonlinear Simultaneous
        Equations", 1965). Of steps that show little most is rounding; they are left out.
        """
        if float(np.linalg.norm(shown)) < self._tells:
            return
        missed = shown - step.astype(np.float32) @ self.rows
        along = step / float(step @ step)
        common = np.outer(along, (self.rows @ missed).astype(np.float64))
        self.rows += along[:, None].astype(np.float32) * missed[None]
        self.gram += common + common.T + float(missed @ missed) * np.outer(along, along)

    def _beside(self, number: int, weights: Floats) -> tuple[float, float]:
        """Two weights of a basis, about its own, to see what it does in between.

        Neither is its own: a picture of whole levels is off by some fraction of one, and what is
        off in the picture that is compared must not be in the Jacobian too, or every gradient leans
        towards more of everything.
        """
        own, step = float(weights[number]), float(self._steps[number])
        if own - step < self._low[number]:
            return own + 1.5 * step, own + 0.5 * step
        if own + step > self._high[number]:
            return own - 0.5 * step, own - 1.5 * step
        return own + step, own - step

    def _moved(self, number: int, weight: float, weights: Floats) -> Vector:
        moved = weights.copy()
        moved[number] = weight
        return self._draw(moved)
