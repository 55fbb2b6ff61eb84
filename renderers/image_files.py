"""Open images with Pillow: only the formats listed here, whatever a file's name says.

Pillow goes by content and knows some forty formats; for one of them it runs a program (Ghostscript,
for EPS), and few of the rest are tested by anyone.
"""

from __future__ import annotations

import functools
from pathlib import Path

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF")
"""As Pillow names them; JPEG includes MPO, and PPM the rest of netpbm. HEIF takes a package."""
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def open_image(path: Path) -> Image.Image:
    """Open an image of one of `FORMATS`; its pixels are not decoded yet.

    Raises:
        PIL.UnidentifiedImageError: it is none.
        OSError, ValueError, PIL.Image.DecompressionBombError: as Pillow raises them.
    """
    return Image.open(path, formats=_formats())


def what_it_is(path: Path) -> str:
    """What a file is that is no such image, as a clause with *it*, or what it takes to read it."""
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS and "HEIF" not in _formats():
        return "HEIC needs a package: pip install 'otio-gvideo[heif]'"
    return "it is no picture of a format that is read here"


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow reads."""
    try:
        import pillow_heif  # noqa: PLC0415 - optional
    except ImportError:
        pass
    else:
        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
