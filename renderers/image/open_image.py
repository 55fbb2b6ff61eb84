"""Open images with Pillow: only the formats listed here, whatever the file name.

Pillow detects some forty formats by content, runs Ghostscript for EPS, and tests few of the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from ..error_text import one_line

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF")
"""Pillow's names; JPEG includes MPO, PPM the rest of netpbm. HEIF needs a package."""
_PLUGINS = ("Png", "Jpeg", "Mpo", "WebP", "Tiff", "Bmp", "Gif", "Ppm", "Jpeg2K", "Avif")
"""Modules of Pillow for them."""
MOST_PIXELS = 170_000_000
"""Larger images are rejected before decoding; just below Pillow's own limit."""
FURTHEST_ASPECT = 50
"""Highest ratio of the longer to the shorter side; beyond it, an image is taken for a mistake."""
_TOO_LARGE = f"it has more than {MOST_PIXELS // 1_000_000} million pixels"
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


class ImageFileError(Exception):
    """An image file cannot be used; the message is a clause with *it*."""


@contextmanager
def image_file(path: Path) -> Iterator[Image.Image]:
    """Open an image of one of `FORMATS` and of a valid size, to be decoded in the context.

    Raises:
        ImageFileError: the file is no such image, its size is out of range, or decoding failed in
            the context, with whatever exception: Pillow raises more types than it documents.
    """
    try:
        with open_image(path) as image:
            _check_size(*image.size)
            yield image
    except ImageFileError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageFileError(_TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise ImageFileError(what_it_is(path)) from error
    except MemoryError as error:
        raise ImageFileError("there is too little memory to decode it") from error
    except OSError as error:
        why = error.strerror or one_line(error)
        raise ImageFileError(why[:200]) from error
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ImageFileError(f"it is broken ({why[:200]})") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ImageFileError(
            f"{width}x{height} is more than {MOST_PIXELS // 1_000_000} million pixels"
        )
    if max(width, height) > FURTHEST_ASPECT * min(width, height):
        raise ImageFileError(f"{width}x{height} is too elongated for a still")


def open_image(file: Path | BytesIO) -> Image.Image:
    """Open an image of one of `FORMATS` without decoding its pixels.

    Raises:
        PIL.UnidentifiedImageError: the file is no such image.
        OSError, ValueError, PIL.Image.DecompressionBombError: as Pillow raises them.
    """
    return Image.open(file, formats=_formats())


def what_it_is(path: Path) -> str:
    """Explain why a file is no such image, as a clause with *it*, or how to read it."""
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS and "HEIF" not in _formats():
        return "HEIC needs a package: pip install 'otio-gvideo[heif]'"
    return "it is not an image of a supported format"


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the formats that the installed Pillow reads."""
    try:
        import pillow_heif  # noqa: PLC0415 - optional
    except ImportError:
        pass
    else:
        pillow_heif.register_heif_opener()
    Image.preinit()
    for name in _PLUGINS:  # `Image.init` imports forty.
        with suppress(ImportError):
            import_module(f"PIL.{name}ImagePlugin")
    return tuple(name for name in FORMATS if name in Image.OPEN)
