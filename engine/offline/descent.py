"""From some weights down to those with which a picture looks most like another.

Levenberg and Marquardt's steps (Marquardt, "An Algorithm for Least-Squares Estimation of Nonlinear
Parameters", 1963) with bounds on every weight.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.offline.bounded import bounded_least_squares
from engine.offline.slope import Slope

__all__ = ["Problem", "Reached", "descend"]

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]

_STEPS = 40  # at most
_STILL = 0.002  # nothing moves farther: there
_LITTLE = 2e-4  # of the cost gained by a step is little,
_LITTLES = 4  # and enough of such steps
_REACH = 0.2  # as far from where it was measured a slope is used, until it misleads
_RIDGE = 1e-9
_LEAST_SCALE = 1e-6
_DAMPING = (1e-7, 1e-3, 10.0)  # least, first and largest share of a basis' own slope
_GOOD, _POOR, _USELESS = 0.6, 0.4, 0.1  # of what a step promised


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be reached, and by what.

    Attributes:
        draw: Gives the picture (P,) of weights (K,).
        goal: (P,) what it shall look like.
        low: (K,) smallest weights.
        high: (K,) largest weights.
        free: The weights that move; the others stay.
        sparsity: (K,) what a weight of 1 costs, for each unit of what is left of the picture
            squared: where little is left unexplained, little is taken off what explains it.
        near: In the end, slopes measured no farther away than this are used.
    """

    draw: Callable[[Floats], Vector]
    goal: Vector
    low: Floats
    high: Floats
    free: NDArray[np.intp]
    sparsity: Floats
    near: float = 0.04


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a descent has ended.

    Attributes:
        weights: (K,).
        left: (P,) what is left of the goal.
    """

    weights: Floats
    left: Vector

    @property
    def residual(self) -> float:
        """Size of what is left."""
        return float(np.linalg.norm(self.left))


def descend(problem: Problem, slope: Slope, weights: Floats) -> Reached:
    """Goes down from weights (K,) as far as it goes; the slope is kept for what comes next."""
    damping, littles, free = _DAMPING[1], 0, problem.free
    drawn = problem.draw(weights)
    left = problem.goal - drawn
    for _ in range(_STEPS if len(free) else 0):
        slope.measure(weights, _REACH, free)
        price = problem.sparsity * float(left @ left)
        step, promised = _step(problem, slope, weights, left, price, damping)
        if np.abs(step).max(initial=0.0) < _STILL:
            if not slope.measure(weights, problem.near, free):
                break
            damping = min(damping, 0.1 * _DAMPING[1])
            continue
        shown = problem.draw(weights + step)
        cost = _cost(left, weights, price)
        gained = cost - _cost(problem.goal - shown, weights + step, price)
        if gained > _USELESS * promised:
            slope.correct(step, shown - drawn)
            weights, drawn, left = weights + step, shown, problem.goal - shown
            if gained > _GOOD * promised:
                damping = max(0.2 * damping, _DAMPING[0])
            elif gained < _POOR * promised:
                slope.measure(weights, problem.near, free)
            littles += gained < _LITTLE * cost
            if littles >= _LITTLES:
                break
        elif not slope.measure(weights, problem.near, free):
            damping *= 8.0
            if damping > _DAMPING[2]:
                break
    return Reached(weights, left)


def _step(
    problem: Problem,
    slope: Slope,
    weights: Floats,
    left: Vector,
    price: Floats,
    damping: float,
) -> tuple[Floats, float]:
    """The best step (K,) by the slope, and what it promises to gain."""
    free = problem.free
    gram = slope.gram[np.ix_(free, free)]
    damped = gram.copy()
    own = damped.diagonal().copy()
    damped[np.diag_indices_from(damped)] += damping * np.maximum(own, _LEAST_SCALE) + _RIDGE
    downhill = (slope.rows[free] @ left).astype(np.float64)
    found = bounded_least_squares(
        damped,
        downhill + damped @ weights[free],
        problem.low[free],
        problem.high[free],
        weights[free],
        price[free],
    )
    step = np.zeros(len(weights))
    step[free] = moved = found - weights[free]
    dearer = float(price[free] @ (np.abs(found) - np.abs(weights[free])))
    return step, float(downhill @ moved - 0.5 * moved @ gram @ moved) - dearer


def _cost(left: Vector, weights: Floats, price: Floats) -> float:
    return 0.5 * float(left @ left) + float(price @ np.abs(weights))
