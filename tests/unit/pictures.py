"""Picture files for tests."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

__all__ = ["jpeg", "png"]


def png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Writes a PNG file of rgb (h, w, 3) or straight rgba (h, w, 4)."""
    kind = "rgb24" if pixels.shape[2] == 3 else "rgba"
    path.write_bytes(_encoded("png", kind, av.VideoFrame.from_ndarray(pixels, format=kind)))


def jpeg(path: Path, rgb: NDArray[np.uint8], orientation: int, *, order: str = ">") -> None:
    """Writes a JPEG file whose EXIF has an orientation and, before it, a resolution unit."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    data = _encoded("mjpeg", "yuvj444p", frame.reformat(format="yuvj444p"))
    mark = b"MM" if order == ">" else b"II"
    entries = struct.pack(
        f"{order}HHHIHH HHIHH I", 2, 0x0100, 3, 1, 2, 0, 0x0112, 3, 1, orientation, 0, 0
    )
    app1 = b"Exif\0\0" + mark + struct.pack(f"{order}HI", 42, 8) + entries
    header = b"\xff\xe1" + struct.pack(">H", len(app1) + 2)
    path.write_bytes(data[:2] + header + app1 + data[2:])


def _encoded(codec: str, kind: str, frame: av.VideoFrame) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, kind
    encoder.time_base = Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
