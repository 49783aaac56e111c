"""What it means that two backends draw the same picture, and the GPU that tests draw on."""

import numpy as np

from compositor import select
from compositor.backend import I420, Compositor

__all__ = ["MEAN", "SAMPLE", "SHARE", "assert_the_same_picture", "open_gpu"]

MEAN = 0.5
"""The mean difference of 8-bit I420 samples may be that much."""

SAMPLE, SHARE = 4, 99.9
"""So many per cent of the samples may differ by that much.

What differs is rounding between the stages (the CPU has 8 bits there) and single pixels along the
outlines of parts.
"""


def assert_the_same_picture(one: I420, other: I420) -> None:
    assert one.shape == other.shape
    difference = np.abs(one.astype(np.int16) - other)
    assert difference.mean() <= MEAN
    assert np.percentile(difference, SHARE) <= SAMPLE


def open_gpu() -> Compositor:
    """On the software adapter if there is one: it draws the same everywhere."""
    names = select.adapter_names()
    return select.open_compositor("gpu", next((n for n in names if "llvmpipe" in n), names[0]))
