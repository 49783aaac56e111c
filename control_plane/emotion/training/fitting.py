"""From rated texts to the text model's weights.

Stacked (Wolpert, "Stacked generalization", 1992): the kernel regression sees the ridge regressions'
answers to texts that those had not been trained on. Every choice follows from the data: the same
data give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from control_plane.emotion.features import BUCKETS, FeatureReader, Features, plain
from control_plane.emotion.text_model import CHAR_SHARE, Weights
from control_plane.emotion.training.kernel import KernelOptions, fit_kernel
from control_plane.emotion.training.readings import Readings, Written, teacher
from control_plane.emotion.training.ridge import ridge

__all__ = ["FitOptions", "Sample", "fit", "taught"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How the model is fitted; see docs/emotion.md for how this was chosen.

    Attributes:
        penalty: Of the regression over all features.
        sparse_penalty: Of the one over the sparse features alone.
        dense_share: Weight of the dense features beside the sparse ones.
        tuned_share: Weight of those that stand on lists tuned on the training part; not chosen by
            cross-validation, which they deceive.
        folds: Parts of the data for the answers that the kernel regression sees.
        linear_share: How much of the first regression's answer the kernel regression adds to.
        taught_share: How much of the teacher's rating goes into a text's own: of valence, arousal
            and dominance. People's ratings are few a text, and so noisy; of dominance most.
        written_share: How much a text counts that the teacher wrote, beside one that people rated.
        kernel: How the kernel regression is fitted.
    """

    penalty: float = 2.0
    sparse_penalty: float = 1.0
    dense_share: float = 0.06
    tuned_share: float = 0.5
    folds: int = 5
    linear_share: float = 0.7
    taught_share: tuple[float, float, float] = (0.5, 0.5, 0.7)
    written_share: float = 0.25
    kernel: KernelOptions = field(default_factory=KernelOptions)


@dataclass(frozen=True, slots=True)
class Sample:
    """What is learned from.

    Attributes:
        texts: The texts.
        ratings: (texts, 3) on EmoBank's scale.
        counts: (texts,): how much each counts, above 0.
    """

    texts: tuple[str, ...]
    ratings: Floats
    counts: Floats


def taught(
    texts: Sequence[str],
    ratings: Floats,
    readings: Readings,
    written: Written,
    options: FitOptions | None = None,
) -> Sample:
    """Texts that people rated, with what a teacher read in them, and those that it wrote.

    Args:
        texts: What people rated.
        ratings: (texts, 3) on EmoBank's scale.
        readings: What the teacher read in them.
        written: What it wrote.
        options: How much it has to say.
    """
    options = options or FitOptions()
    found = teacher(readings, ratings)
    own = ratings + np.array(options.taught_share) * (found.ratings(readings) - ratings)
    others = found.ratings(written.readings)
    return Sample(
        (*texts, *written.texts),
        np.vstack((own, others)),
        np.repeat([1.0, options.written_share], [len(own), len(others)]),
    )


def fit(sample: Sample, about: dict[str, str], options: FitOptions | None = None) -> Weights:
    """Weights from rated texts.

    Raises:
        ValueError: There are fewer texts than folds.
    """
    options = options or FitOptions()
    texts, ratings, counts = sample.texts, sample.ratings, sample.counts
    if len(texts) < 2 * options.folds:
        raise ValueError(f"there are {len(texts)} texts, expected at least {2 * options.folds}")
    reader = FeatureReader()
    found = [reader.read(plain(text)) for text in texts]
    raw = np.array([one.dense for one in found])
    center = np.average(raw, axis=0, weights=counts).astype(np.float32)
    spread = np.sqrt(np.average((raw - center) ** 2, axis=0, weights=counts))
    scale = np.where(spread > 1e-6, 1.0 / np.maximum(spread, 1e-6), 0.0).astype(np.float32)
    scale[raw.shape[1] - reader.tuned_size :] *= np.float32(options.tuned_share)
    dense = ((raw - center) * scale).astype(np.float64)
    pieces, rarity, rarity_step = _sparse(found)
    everything = sparse.hstack(
        [pieces, options.dense_share * sparse.csr_matrix(dense)], format="csr"
    )
    mean = np.average(ratings, axis=0, weights=counts)
    felt = ratings - mean
    answers = _honest_answers(everything, pieces, felt, counts, options)
    left: Floats = felt - options.linear_share * answers[:, :3]
    kernel = fit_kernel(dense, answers, left, counts, options.kernel)
    both = ridge(everything, felt, options.penalty, counts)
    alone = ridge(pieces, felt, options.sparse_penalty, counts)
    steps, quantised = _quantised(np.hstack([both[:BUCKETS], alone]))
    return Weights(
        center=center,
        scale=scale,
        rarity=rarity,
        rarity_step=rarity_step,
        sparse=quantised,
        sparse_steps=steps,
        dense=(options.dense_share * both[BUCKETS:]).astype(np.float32),
        mean=mean.astype(np.float32),
        kernel=kernel,
        linear_share=options.linear_share,
        about=about,
    )


def _sparse(found: list[Features]) -> tuple[sparse.csr_matrix, npt.NDArray[np.uint8], float]:
    """The sparse features weighted by rarity, each kind of length 1 (pieces: CHAR_SHARE)."""
    words = [np.append([token.place for token in one.tokens], one.pairs) for one in found]
    chars = [
        np.concatenate([np.empty(0), *(token.pieces for token in one.tokens)]) for one in found
    ]
    words = [places.astype(np.int64) for places in words]
    chars = [places.astype(np.int64) for places in chars]
    seen = np.zeros(BUCKETS)
    for places in (*words, *chars):
        seen[np.unique(places)] += 1.0
    exact = np.log((1.0 + len(found)) / (1.0 + seen)) + 1.0
    step = float(exact.max()) / 255.0
    rarity = np.maximum(1, np.rint(exact / step)).astype(np.uint8)
    table = _weighted(words, rarity, 1.0) + _weighted(chars, rarity, CHAR_SHARE)
    return table.tocsr(), rarity, step


def _weighted(
    rows: list[npt.NDArray[np.int64]], rarity: npt.NDArray[np.uint8], share: float
) -> sparse.csr_matrix:
    """Rows of rarities, each as long as what it is made of, one by one: not of its sums."""
    places = np.concatenate(rows)
    ends = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    values = rarity[places].astype(np.float64)
    of_row = np.repeat(np.arange(len(rows)), np.diff(ends))
    lengths = np.sqrt(np.bincount(of_row, values * values, minlength=len(rows)))
    values *= share / np.maximum(lengths, 1e-12)[of_row]
    table = sparse.csr_matrix((values, places, ends), shape=(len(rows), BUCKETS))
    table.sum_duplicates()
    return table


def _honest_answers(
    everything: sparse.csr_matrix,
    pieces: sparse.csr_matrix,
    felt: Floats,
    counts: Floats,
    options: FitOptions,
) -> Floats:
    """The two regressions' answers to texts they were not fitted to, (texts, 6)."""
    answers = np.zeros((len(felt), 6))
    # Neighbours come from one document: whole runs of them would make the folds unequal.
    part = np.arange(len(felt)) % options.folds
    for fold in range(options.folds):
        asked, known = part == fold, part != fold
        for table, penalty, place in (
            (everything, options.penalty, slice(0, 3)),
            (pieces, options.sparse_penalty, slice(3, 6)),
        ):
            weights = ridge(table[known], felt[known], penalty, counts[known])
            answers[asked, place] = table[asked] @ weights
    return answers


def _quantised(weights: Floats) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """To steps of a 127th of each column's largest."""
    steps = (np.abs(weights).max(axis=0) / 127.0).astype(np.float32)
    whole = np.rint(weights / np.maximum(steps.astype(np.float64), 1e-30))
    return steps, np.clip(whole, -127, 127).astype(np.int8)
