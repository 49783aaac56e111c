"""Kernel regression on landmarks: what the dense features say where they are read together.

A Gaussian kernel to some texts of the training part and ridge regression on it (Nystroem's method;
Williams and Seeger, "Using the Nystroem method to speed up kernel machines", 2001). The features
are rotated first, and of the directions only those kept in which texts differ most.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from control_plane.emotion.text_model import CLIP, KernelPart, kernel_columns

__all__ = ["KernelOptions", "fit_kernel"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """How the kernel regression is fitted; see docs/emotion.md for how this was chosen.

    Attributes:
        landmarks: Number of texts, a multiple of `block` where there are that many.
        block: Landmarks read at a time: products of more numbers would wake other cores.
        directions: Of the dense features, how many are kept.
        answer_share: Weight of the regressions' answers beside the dense features.
        width: Of the kernel: exp(-width * squared distance / mean squared length).
        penalty: Of the regression.
    """

    landmarks: int = 1008
    block: int = 84
    directions: int = 100
    answer_share: float = 4.0
    width: float = 0.3
    penalty: float = 4.0


def fit_kernel(
    dense: Floats, answers: Floats, rest: Floats, counts: Floats, options: KernelOptions
) -> KernelPart:
    """Fits what is left of the ratings.

    Args:
        dense: (texts, d): the dense features, each of mean 0 and spread 1.
        answers: (texts, 6): the regressions' answers to texts they were not fitted to.
        rest: (texts, 3): what is to be explained.
        counts: (texts,): how much each text counts.
        options: How.
    """
    dense = np.clip(dense, -CLIP, CLIP)
    projection = _directions(dense, counts, options.directions)
    middle = np.average(answers, axis=0, weights=counts).astype(np.float32)
    spread = np.sqrt(np.average((answers - middle) ** 2, axis=0, weights=counts))
    scale = (options.answer_share / np.maximum(spread, 1e-6)).astype(np.float32)
    places = np.hstack([dense @ projection.astype(np.float64), (answers - middle) * scale])
    lengths = (places * places).sum(axis=1)
    width = float(np.float32(options.width / np.average(lengths, weights=counts)))
    block = min(options.block, len(places))
    count = min(options.landmarks, len(places)) // block * block
    # Evenly, by how much texts count.
    passed = np.cumsum(counts)
    chosen = np.searchsorted(passed, (np.arange(count) + 0.5) / count * passed[-1])
    landmarks = places[chosen].astype(np.float16).reshape(-1, block, places.shape[1])
    part = KernelPart(
        projection=projection,
        answer_center=middle,
        answer_scale=scale,
        landmarks=landmarks,
        width=width,
        weights=np.zeros((count, 3), dtype=np.float32),
    )
    near = kernel_columns(part, places)
    own = kernel_columns(part, landmarks.reshape(count, -1).astype(np.float64))
    counted = near.T * counts
    squares = counted @ near + options.penalty * (own + 1e-4 * np.eye(count))
    weights = np.linalg.solve(squares, counted @ rest).astype(np.float32)
    return part.with_weights(weights)


def _directions(dense: Floats, counts: Floats, count: int) -> npt.NDArray[np.float16]:
    """The directions of most spread (d, count), each with its largest number positive."""
    _, vectors = np.linalg.eigh((dense.T * counts) @ dense)
    kept = vectors[:, -count:]
    largest = kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])]
    turned: npt.NDArray[np.float16] = (kept * np.sign(largest)).astype(np.float16)
    return turned
