"""Stills, as checks, renderers and flatten read them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from otio_gvideo.compiler.backend.encode.scale_crop import fit_still
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.script.checks.files import _fault
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image.open_image import ImageFileError
from otio_gvideo.renderers.image.saliency import look_at
from otio_gvideo.renderers.image.stills import load_cutout
from PIL import Image, ImageCms

SUFFIX = ".png"
_SIZE = (12, 16)


def seeds() -> list[bytes]:
    ramp = np.linspace(0, 255, 12 * 16 * 3).astype(np.uint8).reshape(16, 12, 3)
    rgb = Image.fromarray(ramp)
    alpha = rgb.convert("RGBA")
    alpha.putalpha(Image.fromarray(ramp[..., 0]))
    deep = Image.fromarray(ramp[..., 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        *(_saved(rgb, kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF", "PPM")),
        *(_saved(rgb, kind) for kind in ("GIF", "JPEG2000")),
        *(_saved(alpha, kind) for kind in ("PNG", "WEBP", "TIFF", "AVIF")),
        *(_saved(deep, kind) for kind in ("PNG", "TIFF")),
        *(_saved(rgb.convert("CMYK"), kind) for kind in ("JPEG", "TIFF")),
        _saved(rgb.convert("P"), "PNG", transparency=3),
        _saved(rgb, "TIFF", compression="tiff_lzw"),
        _saved(rgb, "TIFF", compression="tiff_deflate"),
        _saved(rgb.convert("F"), "TIFF"),
        _saved(rgb, "JPEG", exif=exif, icc_profile=profile, progressive=True),
        _saved(rgb, "PNG", exif=exif, icc_profile=profile),
        *(
            _saved(rgb, kind, save_all=True, append_images=[alpha])
            for kind in ("GIF", "WEBP", "PNG")
        ),
    ]


def read(path: Path) -> None:
    refusals: list[str] = []
    if fault := _fault(path, "image"):
        refusals.append("; ".join(fault))
    for ask in (load_cutout, look_at, probe, _fit):
        try:
            ask(path)
        except (RendererError, ImageFileError, WorkError) as error:
            refusals.append(str(error))
    if refusals:
        raise WorkError(refusals[0])


def _fit(path: Path) -> None:
    fit_still(path, _SIZE, path.with_name("fitted.pam"))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()
