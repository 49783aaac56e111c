"""What a language model read in texts: labels that are synthetic, beside those of people.

A large language model has read the training part of EmoBank, sentence by sentence and without sight
of its ratings, and has written sentences of its own with what they feel like. It does not rate as
EmoBank's readers do: a regression from its numbers to their ratings turns the one into the other.
Of dominance, which readers understand in their own way, it has given a second opinion (`crowd`)
after 130 examples with readers' ratings.

Nothing of it is needed to read a text: it goes into the weights, as teachers do (Hinton, Vinyals
and Dean, "Distilling the knowledge in a neural network", 2015).
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Readings", "Teacher", "Written", "read_readings", "read_written", "teacher"]

_DATA = Path(__file__).parent / "data"
# From the scale of 0 to 100 that texts were read on to one around 0 with a spread of about 1.
_MIDDLE, _SPREAD, _CROWD_SPREAD = 50.0, 15.0, 8.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read in some texts.

    Attributes:
        places: (texts, 3): valence, arousal, dominance, about [-3, 3].
        crowd: (texts,): dominance as EmoBank's readers mean it; NaN where it was not asked for.
    """

    places: Floats
    crowd: Floats


@dataclass(frozen=True, slots=True)
class Written:
    """Sentences that the language model wrote, and what it read in them."""

    texts: tuple[str, ...]
    readings: Readings


@dataclass(frozen=True, slots=True)
class Teacher:
    """Turns readings into ratings.

    Attributes:
        weights: (11, 3): of the terms of `places`, for valence, arousal and dominance.
        crowd_weights: (13,): of these and of `crowd`, for dominance where that is known.
    """

    weights: Floats
    crowd_weights: Floats

    def ratings(self, readings: Readings) -> Floats:
        """(texts, 3): what EmoBank's readers would say, on their scale of 1 to 5."""
        terms = _terms(readings.places)
        found: Floats = terms @ self.weights
        known = ~np.isnan(readings.crowd)
        found[known, 2] = _with_crowd(terms, readings.crowd)[known] @ self.crowd_weights
        return found


def teacher(readings: Readings, ratings: Floats) -> Teacher:
    """Least squares from what was read in texts to people's ratings (texts, 3) of them."""
    terms = _terms(readings.places)
    known = ~np.isnan(readings.crowd)
    second = _with_crowd(terms, readings.crowd)[known]
    return Teacher(_fitted(terms, ratings), _fitted(second, ratings[known, 2]))


def read_readings(ids: Sequence[str], path: Path = _DATA / "read.tsv") -> Readings:
    """What was read in the texts with these ids.

    Raises:
        OSError: The file cannot be read.
        ValueError: It lacks a column or a text, or has a number out of range.
    """
    rows = {row["id"]: row for row in _rows(path, "id")}
    missing = [id_ for id_ in ids if id_ not in rows]
    if missing:
        raise ValueError(f"{path}: nothing was read in {missing[0]!r} ({len(missing)} such texts)")
    return _readings(path, [rows[id_] for id_ in ids])


def read_written(path: Path = _DATA / "written.tsv") -> Written:
    """The sentences that were written.

    Raises:
        OSError: The file cannot be read.
        ValueError: It lacks a column, or has a number out of range.
    """
    rows = list(_rows(path, "text"))
    return Written(tuple(row["text"] for row in rows), _readings(path, rows))


def _rows(path: Path, named: str) -> Iterable[Mapping[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {named, *"VADC"} <= {*(rows.fieldnames or ())}:
            raise ValueError(f"{path} has no readings: expected the columns {named}, V, A, D, C")
        yield from rows


def _readings(path: Path, rows: Sequence[Mapping[str, str]]) -> Readings:
    try:
        places = np.array([[float(row[axis]) for axis in "VAD"] for row in rows])
        crowd = np.array([float(row["C"] or "nan") for row in rows])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has no readings: {error}") from error
    if (
        not ((places >= 0.0) & (places <= 100.0)).all()
        or (crowd < 0.0).any()
        or (crowd > 100).any()
    ):
        raise ValueError(f"{path}: a reading is outside 0 to 100")
    return Readings((places - _MIDDLE) / _SPREAD, (crowd - _MIDDLE) / _CROWD_SPREAD)


def _terms(places: Floats) -> Floats:
    """(texts, 11): one, the three, their squares and products, and how far valence is from 0."""
    valence, arousal, dominance = places.T
    return np.column_stack(
        (
            np.ones(len(places)),
            places,
            places * places,
            valence * arousal,
            valence * dominance,
            arousal * dominance,
            np.abs(valence),
        )
    )


def _fitted(terms: Floats, ratings: Floats) -> Floats:
    return np.linalg.lstsq(terms, ratings, rcond=None)[0].astype(np.float64)


def _with_crowd(terms: Floats, crowd: Floats) -> Floats:
    return np.column_stack((terms, crowd, crowd * crowd))
