"""Load stills as upright 8-bit RGB in the sRGB colour space."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from ..base import RendererError
from .open_image import ImageFileError, image_file

BLUR_SIDE = 128
"""Longer side of the small copy that is blurred behind transparent pixels."""
BLUR_SIGMA = 8.0
"""Of the blur, in pixels of that copy."""
BLUR_LIGHT = 0.55
"""Brightness of the blur."""
_WITH_ALPHA = ("RGBA", "LA", "La", "RGBa", "PA")


def load_still(path: Path) -> Image.Image:
    """Load a still, rotated by its EXIF, in sRGB, over a blur of itself if transparent.

    Of an animation, load the first frame.

    Raises:
        RendererError: the file cannot be decoded, or its size is out of range.
    """
    return load_cutout(path)[0]


def load_cutout(path: Path) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """Load a still and its alpha, shape ``(height, width)``; None if it is opaque.

    Raises:
        RendererError: the file cannot be decoded, or its size is out of range.
    """
    image = open_still(path)
    profile = image.info.get("icc_profile")
    if is_deep_grey(image):
        return _to_srgb(to_8_bits(image), profile), None
    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        return _to_srgb(image, profile), None
    rgba = image.convert("RGBA")
    alpha = np.asarray(rgba.getchannel("A"))
    rgb = _to_srgb(rgba.convert("RGB"), profile)
    if alpha.min() == 255:
        return rgb, None
    return _over_blur(np.asarray(rgb), alpha), alpha


def open_still(path: Path) -> Image.Image:
    """Decode an image in its own mode, rotated by its EXIF.

    Raises:
        RendererError: the file cannot be decoded, or its size is out of range.
    """
    try:
        with image_file(path) as image:
            profile = image.info.get("icc_profile")
            image.load()
            upright = ImageOps.exif_transpose(image)
    except ImageFileError as error:
        raise RendererError(f"{path}: cannot be decoded: {error}") from error
    if profile:
        upright.info["icc_profile"] = profile
    return upright


def _over_blur(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Image.Image:
    """Composite over a darkened blur of the opaque pixels; over black if there are none."""
    height, width = alpha.shape
    factor = min(1.0, BLUR_SIDE / max(height, width))
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    opacity = alpha.astype(np.float32) / 255
    small = cv2.resize(opacity, size, interpolation=cv2.INTER_AREA)
    weight = cv2.GaussianBlur(small, (0, 0), BLUR_SIGMA)
    made = np.empty(rgb.shape, np.uint8)
    for channel in range(3):
        plane = rgb[..., channel].astype(np.float32)
        copy = cv2.resize(plane * opacity, size, interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(copy, (0, 0), BLUR_SIGMA) / np.maximum(weight, 1e-3)
        behind = cv2.resize(
            blurred * np.float32(BLUR_LIGHT), (width, height), interpolation=cv2.INTER_CUBIC
        )
        made[..., channel] = np.clip(behind + (plane - behind) * opacity, 0, 255).round()
    return Image.fromarray(made)


def is_deep_grey(image: Image.Image) -> bool:
    """Whether an image is grey of 16 or 32 bits, integers or floats."""
    return image.mode == "F" or image.mode.startswith("I")


def deep_grey(image: Image.Image) -> tuple[NDArray[np.float64], float]:
    """Return the values of deep grey, those that are not finite as 0, and the level of white.

    White is the type's highest value if 16 bits are stated. Otherwise it is that of the narrowest
    common range that holds the values: 255 or 65535 for integers, 1 or 255 for floats.
    """
    values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0.0, neginf=0.0)
    if image.mode == "F":
        return values, 1.0 if values.max() <= 1 else 255.0
    return values, 65535.0 if image.mode.startswith("I;16") or values.max() > 255 else 255.0


def to_8_bits(image: Image.Image) -> Image.Image:
    """Scale deep grey to 8 bits, where Pillow would clip it; return other images as they are."""
    if not is_deep_grey(image):
        return image
    values, white = deep_grey(image)
    return Image.fromarray(np.clip(values * (255 / white), 0, 255).round().astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            made = None  # A broken profile, or one of another mode: convert without it.
        if made is not None:
            return made
    return image.convert("RGB")
