"""`python -m control_plane.emotion.training --emobank FILE`: makes the text model's weights."""

import argparse
import os
import sys
import time
from pathlib import Path


def main() -> int:
    """Trains on the rows whose split is "train" and writes the weights."""
    # Sums in one order, whatever the machine has; numpy reads this when it is imported.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["OPENBLAS_CORETYPE"] = "Haswell"
    from control_plane.emotion.text_model import DEFAULT_WEIGHTS

    parser = argparse.ArgumentParser(
        prog="python -m control_plane.emotion.training", description=main.__doc__
    )
    parser.add_argument(
        "--emobank", type=Path, required=True, metavar="FILE", help="EmoBank's table (CSV)"
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_WEIGHTS, metavar="FILE")
    options = parser.parse_args()
    try:
        from control_plane.emotion.training.fitting import fit, taught
    except ImportError as error:
        parser.exit(1, f"training needs the extra: pip install 'capsulecast[train]' ({error})\n")
    from control_plane.emotion.training.emobank import checksum, read_emobank
    from control_plane.emotion.training.readings import read_readings, read_written

    started = time.monotonic()
    try:
        train = read_emobank(options.emobank, "train")
        about = {
            "data": "EmoBank, training part (Buechel and Hahn, EACL 2017), CC BY-SA 4.0",
            "data_sha256": checksum(options.emobank),
            "licence": "CC BY-SA 4.0",
            "synthetic": "labels of a language model for these texts, and texts that it wrote",
        }
        readings = read_readings(train.ids)
        sample = taught(train.texts, train.ratings, readings, read_written())
        weights = fit(sample, about)
    except (OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    content = weights.to_bytes()
    options.out.write_bytes(content)
    took_s = time.monotonic() - started
    print(f"{options.out}: {len(content)} bytes from {len(sample.texts)} texts in {took_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
