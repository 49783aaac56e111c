"""Reads a photo from a file: upright, in sRGB, and with nothing of its metadata.

A file is hostile until decoded: its length and the size it claims are looked at before a pixel is
decoded, its format is told by its content and not by its name, and whatever a decoder raises
becomes one of two typed errors.
"""

import hashlib
import importlib
import io
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from capsules.bake.errors import PhotoError, PhotoFormatError, PhotoSizeError
from capsules.bake.found import Photo

__all__ = [
    "MAX_BYTES",
    "MAX_LONG_SIDE_PX",
    "MAX_PIXELS",
    "MIN_SIDE_PX",
    "decode_photo",
    "read_photo",
]

MAX_BYTES = 96 * 1024 * 1024
MAX_PIXELS = 100_000_000
"""Before decoding: what the largest cameras of telephones give in practice; 300 MB decoded."""
MIN_SIDE_PX = 64
MAX_LONG_SIDE_PX = 6000
"""A larger photo is reduced to this; a face in it keeps more pixels than an avatar has."""

_MAX_SIDE_PX = 30_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_HEIF = "HEIF"
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_BACKDROP = (255, 255, 255)
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_TRANSPARENT_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_photo(path: Path) -> Photo:
    """Reads a photo from a file.

    Raises:
        PhotoFormatError: It cannot be read, is damaged, or of no format that is read.
        PhotoSizeError: It is too large or too small.
    """
    try:
        size = path.stat().st_size
        _check_length(size, str(path))
        content = path.read_bytes()
    except OSError as error:
        raise PhotoFormatError(f"{path} cannot be read: {error.strerror}") from error
    return decode_photo(content, name=str(path))


def decode_photo(content: bytes, *, name: str = "the photo") -> Photo:
    """Decodes the content of a photo file.

    Args:
        content: The file.
        name: What messages call it.

    Raises:
        PhotoFormatError: It is damaged, or of no format that is read.
        PhotoSizeError: It is too large or too small.
    """
    _check_length(len(content), name)
    try:
        # Pillow warns of what it mends, which is no concern of the person whose photo it is.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rgb, file_format = _decode(content, name)
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoSizeError(f"{name} has too many pixels; {_limit()}") from error
    except UnidentifiedImageError as error:
        raise PhotoFormatError(_unreadable(content, name)) from error
    except MemoryError as error:
        raise PhotoSizeError(f"{name} needs more memory than there is; {_limit()}") from error
    except Exception as error:  # A decoder of hostile bytes may raise anything: this is its wall.
        raise PhotoFormatError(f"{name} is damaged: {error or type(error).__name__}") from error
    return Photo(rgb, hashlib.sha256(content).hexdigest(), file_format)


def _check_length(length: int, name: str) -> None:
    if length > MAX_BYTES:
        raise PhotoSizeError(
            f"{name} has {length / 2**20:.0f} MiB; up to {MAX_BYTES / 2**20:.0f} will do"
        )


def _unreadable(content: bytes, name: str) -> str:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS and _HEIF not in Image.OPEN:
        return f"{name} is HEIC: pip install pillow-heif, or save it as JPEG"
    return f"{name} is no photo that can be read; JPEG, PNG, WebP or HEIC will do"


def _limit() -> str:
    return f"up to {MAX_PIXELS / 1e6:.0f} million will do"


def _decode(content: bytes, name: str) -> tuple[NDArray[np.uint8], str]:
    with Image.open(io.BytesIO(content), formats=_formats()) as image:
        _check_size(image.size, name)
        # A JPEG with further pictures in it, as telephones write for depth, is a JPEG.
        file_format = "JPEG" if image.format == "MPO" else (image.format or "")
        image.load()
        profile = image.info.get("icc_profile")
        picture = _to_srgb(_reduced(_flattened(image)), profile)
        orientation = _orientation(image)
    if orientation is not None:
        picture = picture.transpose(orientation)
    return np.array(picture, np.uint8), file_format


def _formats() -> tuple[str, ...]:
    """What Pillow can read here; HEIC with the package pillow-heif."""
    with suppress(ImportError):
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    return (*_FORMATS, *([_HEIF] if _HEIF in Image.OPEN else []))


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if min(size) < MIN_SIDE_PX:
        raise PhotoSizeError(
            f"{name} has {width} x {height} pixels; each side has to have {MIN_SIDE_PX}"
        )
    if width * height > MAX_PIXELS or max(size) > _MAX_SIDE_PX:
        raise PhotoSizeError(f"{name} has {width} x {height} pixels; {_limit()}")


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """What turns the picture upright, by its EXIF data."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Damaged EXIF data may raise anything, and is no reason to refuse a photo.
        return None


def _flattened(image: Image.Image) -> Image.Image:
    """The picture in 8 bits without transparency, in the colours its profile describes."""
    if image.mode in _DEEP_MODES:
        deep = np.clip(np.asarray(image, np.float64) / 257.0, 0.0, 255.0)
        return Image.fromarray(deep.round().astype(np.uint8))
    if image.mode in _TRANSPARENT_MODES or "transparency" in image.info:
        picture = image.convert("RGBA")
        backdrop = Image.new("RGBA", picture.size, _BACKDROP)
        return Image.alpha_composite(backdrop, picture).convert("RGB")
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _reduced(image: Image.Image) -> Image.Image:
    scale = MAX_LONG_SIDE_PX / max(image.size)
    if scale >= 1.0:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX, reducing_gap=3.0)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB; one whose profile cannot be used is taken to be in it."""
    if profile:
        # What the profile says is advice; a damaged or contradicting one is left aside.
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
            )
            if converted is not None:
                return converted
    return image.convert("RGB")
