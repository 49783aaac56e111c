#!/usr/bin/env python3
"""Draws the lettering that is burnt into frames: scripts/font_atlas.py FONT.ttf (DejaVu Sans Bold).

Needs Pillow, NumPy and SciPy. Writes compositor/data/lettering.npz: for each character the signed
distance to its outline, and how far it moves the pen. Look at a frame with a watermark afterwards.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

EM = 32  # pixels of a distance field to an em
SPREAD = 4  # pixels that distances reach
FINER = 8  # supersampling
WIDTH, HEIGHT = 48, 48  # of a cell
BASELINE = 34  # rows of a cell above it
CHARACTERS = [chr(k) for k in (*range(0x20, 0x7F), *range(0xA1, 0x100))] + [
    chr(k) for k in (0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x20AC, 0x2122)
]
TARGET = Path(__file__).parents[1] / "compositor" / "data" / "lettering.npz"


def field(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    """Distances to the outline, positive inside, (HEIGHT, WIDTH) uint8: 128 is the outline."""
    picture = Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    at = (SPREAD * FINER, BASELINE * FINER)
    ImageDraw.Draw(picture).text(at, character, fill=255, font=font, anchor="ls")
    inside = np.asarray(picture) > 127
    if not inside.any():
        return np.zeros((HEIGHT, WIDTH), np.uint8)
    distance = distance_transform_edt(inside) - distance_transform_edt(~inside)
    middle = FINER // 2
    cells = distance.reshape(HEIGHT, FINER, WIDTH, FINER)[
        :, middle - 1 : middle + 1, :, middle - 1 : middle + 1
    ]
    pixels = cells.mean(axis=(1, 3)) / FINER
    return np.clip(np.round(128 + pixels / SPREAD * 127), 0, 255).astype(np.uint8)


def main() -> None:
    """Writes the atlas."""
    font = ImageFont.truetype(sys.argv[1], EM * FINER)
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        TARGET,
        characters=np.array([ord(c) for c in CHARACTERS], np.uint32),
        fields=np.stack([field(font, c) for c in CHARACTERS]),
        advances=np.array([font.getlength(c) / FINER / EM for c in CHARACTERS], np.float32),
    )


if __name__ == "__main__":
    main()
