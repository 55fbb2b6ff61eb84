"""Stills as people have them come out upright, in sRGB, or are refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.stills import load_still
from PIL import Image, ImageCms


def saved(path: Path, image: Image.Image, **options: object) -> Image.Image:
    image.save(path, **options)  # type: ignore[arg-type]
    return load_still(path)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_pictures_stand_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (160, 90), "red")
    size = (160, 90) if orientation == 3 else (90, 160)
    assert saved(tmp_path / "a.jpg", image, exif=exif).size == size


@pytest.mark.parametrize("dtype", [np.uint16, np.uint8])
def test_deep_grey_is_scaled_and_not_clipped(tmp_path: Path, dtype: type) -> None:
    middle = int(np.iinfo(dtype).max * 0.502)
    deep = Image.fromarray(np.full((8, 8), middle, dtype))
    assert saved(tmp_path / "a.png", deep).getpixel((0, 0)) == pytest.approx((128,) * 3, abs=1)


def test_nearly_black_deep_grey_stays_nearly_black(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((8, 8), 200, np.uint16))
    assert saved(tmp_path / "a.png", deep).getpixel((0, 0)) == (1, 1, 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_clear_is_black(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 0)).convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    made = saved(tmp_path / "a.png", image, **options)
    assert made.mode == "RGB"
    assert made.getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "I;16", "F", "HSV", "LAB"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (20, 30), (200, 100, 50))
    made = image.convert("L").convert(mode) if mode in ("I;16", "F") else _converted(image, mode)
    path = tmp_path / "a.tif"
    try:
        made.save(path)
    except (OSError, KeyError):
        pytest.skip(f"Pillow writes no {mode} TIFF")
    assert load_still(path).mode == "RGB"
    assert load_still(path).size == (20, 30)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
        )
        assert made is not None
        return made
    return image.convert(mode)


def test_profiles_are_converted_to_srgb(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    same = saved(tmp_path / "same.png", image, icc_profile=srgb.tobytes())
    assert same.getpixel((0, 0)) == pytest.approx((200, 100, 50), abs=1)
    other = saved(tmp_path / "other.png", image, icc_profile=linear.tobytes())
    assert other.mode == "RGB"


def test_broken_profiles_are_passed_over(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    made = saved(tmp_path / "a.png", image, icc_profile=b"no profile at all")
    assert made.getpixel((0, 0)) == (200, 100, 50)


def test_the_first_picture_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert load_still(tmp_path / "a.webp").getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=3)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(RendererError, match=r"a\.png: cannot be decoded"):
        load_still(path)


def test_missing_and_cut_off_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RendererError, match=r"none\.png: cannot be decoded"):
        load_still(tmp_path / "none.png")
    whole = tmp_path / "whole.jpg"
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(RendererError, match=r"cut\.jpg: cannot be decoded"):
        load_still(tmp_path / "cut.jpg")


@pytest.mark.parametrize("size", [(20000, 9000), (17500, 9800), (5001, 100)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_absurd_sizes_are_refused_before_decoding(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    Image.new("1", size).save(path)
    with pytest.raises(RendererError, match=r"a\.png: .*(170 million pixels|no shape)"):
        load_still(path)
