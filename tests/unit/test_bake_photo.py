import hashlib
import io
import random
import struct
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

from capsules.bake import photo as photo_module
from capsules.bake.errors import PhotoError, PhotoFormatError, PhotoSizeError
from capsules.bake.photo import decode_photo, read_photo

WIDTH, HEIGHT = 96, 80


def corners() -> Image.Image:
    """Red, green, blue and grey quarters, from the top left as one reads."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = (220, 30, 30)
    pixels[: HEIGHT // 2, WIDTH // 2 :] = (30, 200, 30)
    pixels[HEIGHT // 2 :, : WIDTH // 2] = (30, 30, 220)
    pixels[HEIGHT // 2 :, WIDTH // 2 :] = (128, 128, 128)
    return Image.fromarray(pixels)


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def order(rgb: NDArray[np.uint8]) -> str:
    """Which quarter lies where, from the top left as one reads."""
    height, width = rgb.shape[:2]
    names = {(1, 0, 0): "R", (0, 1, 0): "G", (0, 0, 1): "B"}
    picked = [rgb[y * height // 4, x * width // 4] for y in (1, 3) for x in (1, 3)]
    return "".join(names.get(tuple((pixel > 170).astype(int).tolist()), "-") for pixel in picked)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header promises a size, and little else."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("file_format", "options"),
    [("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {})],
)
def test_a_photo_is_read(file_format: str, options: dict[str, object], tmp_path: Path) -> None:
    content = saved(corners(), file_format, **options)
    path = tmp_path / "photo"
    path.write_bytes(content)
    photo = read_photo(path)
    assert photo.rgb.shape == (HEIGHT, WIDTH, 3)
    assert photo.rgb.dtype == np.uint8
    assert order(photo.rgb) == "RGB-"
    assert photo.format == file_format
    assert photo.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, "RGB-"),
        (2, "GR-B"),
        (3, "-BGR"),
        (4, "B-RG"),
        (5, "RBG-"),
        (6, "BR-G"),
        (7, "-GBR"),
        (8, "G-RB"),
        (9, "RGB-"),
    ],
)
def test_orientation_is_applied(file_format: str, orientation: int, expected: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decode_photo(saved(corners(), file_format, exif=exif))
    assert order(photo.rgb) == expected
    assert photo.rgb.shape[:2] == ((WIDTH, HEIGHT) if 5 <= orientation <= 8 else (HEIGHT, WIDTH))


def test_damaged_metadata_is_left_aside() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(corners(), "JPEG", exif=exif, quality=95)
    start = content.index(b"Exif\0\0") + 6
    for damage in (b"\xff" * 12, b"II*\0" + b"\xff" * 8, b"MM\0*\0\0\0\x08\xff\xff\xff\xff"):
        broken = content[:start] + damage + content[start + 12 :]
        assert order(decode_photo(broken).rgb) == "RGB-"


def test_nothing_of_the_metadata_is_left() -> None:
    exif = Image.Exif()
    exif[0x010F] = "camera"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    photo = decode_photo(saved(corners(), "JPEG", exif=exif, comment=b"secret"))
    assert {name: type(getattr(photo, name)) for name in photo.__slots__} == {
        "rgb": np.ndarray,
        "sha256": str,
        "format": str,
    }


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16", "LA", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = Image.new("L", (WIDTH, HEIGHT), 0)
    grey.paste(255, (WIDTH // 2, 0, WIDTH, HEIGHT))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode)
    photo = decode_photo(saved(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert photo.rgb.shape == (HEIGHT, WIDTH, 3)
    assert photo.rgb[10, 10].max() <= 3
    assert photo.rgb[10, -10].min() >= 252


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (128 * 257, 128), (65535, 255)])
def test_sixteen_bits_become_eight(level: int, expected: int) -> None:
    image = Image.fromarray(np.full((HEIGHT, WIDTH), level, np.uint16))
    assert decode_photo(saved(image, "PNG")).rgb[3, 3].tolist() == [expected] * 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    photo = decode_photo(saved(image.convert(mode), "PNG"))
    assert photo.rgb[10, 10].tolist() == [255, 255, 255]
    assert photo.rgb[10, -10].tolist() == [0, 0, 0]


def test_a_profile_is_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = decode_photo(saved(corners(), "PNG", icc_profile=profile))
    assert np.abs(same.rgb.astype(int) - np.asarray(corners(), int)).max() <= 2
    # A profile whose red is what others call blue, and the other way round.
    swapped = profile.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")
    other = decode_photo(saved(corners(), "PNG", icc_profile=swapped))
    assert order(other.rgb) == "BGR-"


def test_a_profile_that_cannot_be_used_is_left_aside() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile at all", lab):
        photo = decode_photo(saved(corners(), "PNG", icc_profile=profile))
        assert np.array_equal(photo.rgb, np.asarray(corners()))


def test_the_content_and_not_the_name_tells_the_format(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(corners(), "GIF"))
    with pytest.raises(PhotoFormatError, match=r"photo\.jpg is no photo.*JPEG, PNG, WebP or HEIC"):
        read_photo(path)
    path.write_bytes(saved(corners(), "PNG"))
    assert read_photo(path).format == "PNG"


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"<svg/>", b"\xff\xd8\xff"])
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(PhotoFormatError):
        decode_photo(content)


def test_heic_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100
    with pytest.raises(PhotoFormatError, match=r"is HEIC: pip install pillow-heif, or save it as"):
        decode_photo(content)


def test_heic_is_read_where_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(file: io.BytesIO, _: str) -> Image.Image:
        image = PngImagePlugin.PngImageFile(io.BytesIO(file.read()[4:]))
        image.format = "HEIF"
        return image

    def register() -> None:
        monkeypatch.setitem(Image.OPEN, "HEIF", (opened, lambda start: start.startswith(b"heif")))

    monkeypatch.setattr(Image, "ID", [*Image.ID, "HEIF"])
    package = types.SimpleNamespace(register_heif_opener=register)
    monkeypatch.setitem(sys.modules, "pillow_heif", package)
    photo = decode_photo(b"heif" + saved(corners(), "PNG"))
    assert photo.format == "HEIF"
    assert order(photo.rgb) == "RGB-"


def test_of_several_pictures_the_first_is_read() -> None:
    others = [Image.new("RGB", (WIDTH, HEIGHT), (level, 0, 0)) for level in (90, 200)]
    for file_format, expected in (("MPO", "JPEG"), ("WEBP", "WEBP"), ("PNG", "PNG")):
        content = saved(corners(), file_format, save_all=True, append_images=others, quality=95)
        photo = decode_photo(content)
        assert photo.format == expected
        assert order(photo.rgb) == "RGB-"


def test_a_truncated_photo_is_refused() -> None:
    content = saved(corners(), "JPEG")
    with pytest.raises(PhotoFormatError, match="damaged"):
        decode_photo(content[: len(content) // 2])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoFormatError, match=r"gone\.jpg cannot be read: No such file"):
        read_photo(tmp_path / "gone.jpg")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (20_000, 6_000), (40_000, 100)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_: object) -> None:
        pytest.fail("was decoded")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(PhotoSizeError, match="million"):
        decode_photo(png_claiming(width, height))


def test_a_tiny_picture_is_refused() -> None:
    with pytest.raises(PhotoSizeError, match="63 x 200 pixels; each side has to have 64"):
        decode_photo(saved(Image.new("RGB", (63, 200)), "PNG"))


def test_a_file_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_module, "MAX_BYTES", 1000)
    path = tmp_path / "long.png"
    path.write_bytes(b"\0" * 1001)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("was read"))
    with pytest.raises(PhotoSizeError, match=r"long\.png has 0 MiB"):
        read_photo(path)


def test_a_very_large_photo_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_module, "MAX_LONG_SIDE_PX", 48)
    photo = decode_photo(saved(corners(), "PNG"))
    assert photo.rgb.shape == (40, 48, 3)
    assert order(photo.rgb) == "RGB-"


def sources() -> list[bytes]:
    """Small files of every kind, with all that can lie in them."""
    noise = np.random.default_rng(4).integers(0, 256, (72, 80, 3), np.uint8)
    image = Image.blend(corners().resize((80, 72)), Image.fromarray(noise), 0.2)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    clear = image.convert("RGBA")
    clear.putalpha(image.convert("L"))
    return [
        saved(image, "JPEG", exif=exif, icc_profile=profile),
        saved(image, "JPEG", progressive=True),
        saved(image.convert("CMYK"), "JPEG"),
        saved(image, "PNG", exif=exif, icc_profile=profile),
        saved(image.quantize(16), "PNG"),
        saved(Image.fromarray(noise[..., 0].astype(np.uint16) * 257), "PNG"),
        saved(clear, "PNG"),
        saved(image, "WEBP", exif=exif),
        saved(clear, "WEBP", lossless=True),
        saved(image, "GIF"),
    ]


def mutated(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    kind = rng.randrange(5)
    if kind == 0:
        return bytes(data[: rng.randrange(len(data))])
    # Headers are where sizes and lengths lie.
    end = len(data) if kind < 3 else min(len(data), 120)
    for _ in range(rng.choice((1, 2, 8, 40))):
        place = rng.randrange(end)
        data[place] = data[place] ^ (1 << rng.randrange(8)) if kind & 1 else rng.randrange(256)
    if rng.random() < 0.2:
        start = rng.randrange(len(data))
        data[start:start] = data[start : start + rng.randrange(1, 200)]
    return bytes(data)


def with_honest_checksums(content: bytes) -> bytes:
    """A PNG whose chunks have the sums that belong to their content; other files as they are."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    result, place = bytearray(content[:8]), 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunk = content[place + 4 : place + 8 + length]
        result += content[place : place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += 12 + length
    return bytes(result) + content[place:]


def test_no_mutation_of_a_file_crashes_anything() -> None:
    rng = random.Random(20)
    files = sources()
    outcomes = {"photo": 0, "refused": 0}
    for count in range(500):
        content = mutated(files[count % len(files)], rng)
        if count & 1:
            content = with_honest_checksums(content)
        try:
            photo = decode_photo(content)
        except PhotoError:
            outcomes["refused"] += 1
        else:
            outcomes["photo"] += 1
            assert photo.rgb.dtype == np.uint8
            assert photo.rgb.ndim == 3
            assert photo.rgb.flags.c_contiguous
    # Both must happen, or the mutations are too weak or too strong to say anything.
    assert min(outcomes.values()) > 50, outcomes
