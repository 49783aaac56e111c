"""The one thing that matters of a JPEG file's EXIF: which way up its picture is.

FFmpeg tells a frame's rotation, but not whether it is mirrored too. After CIPA DC-008 (Exif 2.3)
and TIFF 6.0.
"""

import struct

__all__ = ["orientation"]

_UPRIGHT = 1
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_EXIF = b"Exif\0\0"
_TAG = 0x0112
_ENTRY_BYTES, _VALUE_AT = 12, 8


def orientation(jpeg: bytes) -> int:
    """The orientation, 1 to 8, that a JPEG file's start tells; 1, upright, where it tells none."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg):
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN:
            break
        segment = jpeg[at + 4 : at + 2 + length]
        if marker == _APP1 and segment.startswith(_EXIF):
            try:
                return _tiff_orientation(segment[len(_EXIF) :])
            except struct.error:  # cut off, or it points beyond its end
                break
        at += 2 + length
    return _UPRIGHT


def _tiff_orientation(tiff: bytes) -> int:
    order = "<" if tiff.startswith(b"II") else ">"
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    for entry in range(first + 2, first + 2 + count * _ENTRY_BYTES, _ENTRY_BYTES):
        (tag,) = struct.unpack_from(f"{order}H", tiff, entry)
        if tag == _TAG:
            (value,) = struct.unpack_from(f"{order}H", tiff, entry + _VALUE_AT)
            return value if 1 <= value <= 8 else _UPRIGHT
    return _UPRIGHT
