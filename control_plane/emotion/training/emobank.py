"""EmoBank (Buechel and Hahn, EACL 2017): sentences with valence, arousal and dominance, 1 to 5.

CC BY-SA 4.0. The file is a table with the columns id, split, V, A, D and text, as the corpus has
them.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["RatedTexts", "checksum", "read_emobank"]

_COLUMNS = ("id", "split", "V", "A", "D", "text")


@dataclass(frozen=True, slots=True)
class RatedTexts:
    """Texts with their ids and ratings, (texts, 3): valence, arousal, dominance, 1 to 5."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    ratings: npt.NDArray[np.float64]


def read_emobank(path: Path, split: str) -> RatedTexts:
    """The rows of one split: "train", "dev" or "test".

    Raises:
        OSError: The file cannot be read.
        ValueError: It lacks a column, has a rating out of range, or no row of the split.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: there is no column {', '.join(missing)}")
        chosen = [row for row in rows if row["split"] == split]
    if not chosen:
        raise ValueError(f"{path}: there is no row whose split is {split!r}")
    ratings = np.array([[float(row[axis]) for axis in "VAD"] for row in chosen])
    if not ((ratings >= 1.0) & (ratings <= 5.0)).all():
        raise ValueError(f"{path}: a rating is outside 1 to 5")
    ids, texts = (tuple(row[name] for row in chosen) for name in ("id", "text"))
    return RatedTexts(ids, texts, ratings)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
