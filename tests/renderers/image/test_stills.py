"""Stills of all kinds load upright and in sRGB, or are rejected with a message."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from otio_gvideo.compiler.backend.encode.reframe import _read_image as read_image
from otio_gvideo.compiler.backend.encode.scale_crop import fit_still
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image import open_image
from otio_gvideo.renderers.image.stills import load_cutout, load_still
from PIL import Image, ImageCms


def saved(path: Path, image: Image.Image, **options: object) -> Image.Image:
    image.save(path, **options)  # type: ignore[arg-type]
    return load_still(path)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (160, 90), "red")
    size = (160, 90) if orientation == 3 else (90, 160)
    assert saved(tmp_path / "a.jpg", image, exif=exif).size == size


@pytest.mark.parametrize("dtype", [np.uint16, np.uint8])
def test_deep_grey_is_scaled_not_clipped(tmp_path: Path, dtype: type) -> None:
    middle = int(np.iinfo(dtype).max * 0.502)
    deep = Image.fromarray(np.full((8, 8), middle, dtype))
    assert saved(tmp_path / "a.png", deep).getpixel((0, 0)) == pytest.approx((128,) * 3, abs=1)


def loaded(path: Path) -> tuple[int, ...]:
    """The pixel that renderers read."""
    return tuple(np.asarray(load_still(path))[0, 0])


def flattened(path: Path) -> tuple[int, ...]:
    """The pixel that flattening shows for a slot without rendered media."""
    fit_still(path, (8, 8), path.with_suffix(".pam"))
    return tuple(np.frombuffer(path.with_suffix(".pam").read_bytes()[-4:-1], np.uint8))


def reframed(path: Path) -> tuple[int, ...]:
    """The pixel that the saliency of a crop reads."""
    return tuple(read_image(path)[0, 0])


@pytest.mark.parametrize("read", [loaded, flattened, reframed])
@pytest.mark.parametrize(
    ("value", "dtype", "level"),
    [
        (200, np.int32, 200),
        (40_000, np.int32, 156),
        (40_000, np.uint16, 156),
        (0.5, np.float32, 128),
        (200.0, np.float32, 200),
    ],
)
def test_every_reader_scales_deep_grey_alike(
    tmp_path: Path,
    value: float,
    dtype: type,
    level: int,
    read: Callable[[Path], tuple[int, ...]],
) -> None:
    Image.fromarray(np.full((8, 8), value, dtype)).save(tmp_path / "a.tif")
    assert read(tmp_path / "a.tif") == (level,) * 3


def test_nearly_black_deep_grey_stays_nearly_black(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((8, 8), 200, np.uint16))
    assert saved(tmp_path / "a.png", deep).getpixel((0, 0)) == (1, 1, 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_fully_transparent_stills_are_black(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 0)).convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    made = saved(tmp_path / "a.png", image, **options)
    assert made.mode == "RGB"
    assert made.getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "I;16", "F", "LAB"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (20, 30), (200, 100, 50))
    made = image.convert("L").convert(mode) if mode in ("I;16", "F") else _converted(image, mode)
    path = tmp_path / "a.tif"
    # Pillow 11.3 cannot read the YCbCr that it writes uncompressed.
    options = {"compression": "tiff_lzw"} if mode == "YCbCr" else {}
    made.save(path, **options)
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


def test_broken_profiles_are_ignored(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    made = saved(tmp_path / "a.png", image, icc_profile=b"no profile at all")
    assert made.getpixel((0, 0)) == (200, 100, 50)


def test_an_animation_yields_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert load_still(tmp_path / "a.webp").getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=3)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_files_that_are_not_images_are_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(RendererError, match=r"a\.png: cannot be decoded"):
        load_still(path)


def test_missing_and_truncated_files_are_rejected(tmp_path: Path) -> None:
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
def test_absurd_sizes_are_rejected_before_decoding(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    Image.new("1", size).save(path)
    with pytest.raises(RendererError, match=r"a\.png: .*(170 million pixels|too elongated)"):
        load_still(path)


def photograph() -> Image.Image:
    y, x = np.mgrid[0:48, 0:64]
    return Image.fromarray(np.dstack([x * 3 + 30, y * 4 + 20, 200 - x * 2]).astype(np.uint8))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.jpg", {"quality": 95, "subsampling": 0}),
        ("a.webp", {"lossless": True}),
        ("a.avif", {"quality": 95}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        ("a.bmp", {}),
        ("a.jp2", {}),
        ("a.heic", {"quality": 95}),
    ],
)
def test_every_format_gives_the_same_picture(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    if name.endswith("heic"):
        pillow_heif.register_heif_opener()
    made = saved(tmp_path / name, photograph(), **options)
    apart = np.abs(np.asarray(made).astype(int) - np.asarray(photograph()))
    assert made.mode == "RGB"
    assert apart.mean() < 3


def test_sixteen_bits_of_colour_become_eight(tmp_path: Path) -> None:
    deep = np.asarray(photograph()).astype(np.uint16) * 257
    for name in ("a.png", "a.tif"):
        assert cv2.imwrite(str(tmp_path / name), deep[..., ::-1])
        found = np.asarray(load_still(tmp_path / name)).astype(int)
        assert np.abs(found - np.asarray(photograph())).max() <= 1, name


def test_palettes_keep_their_colours(tmp_path: Path) -> None:
    made = saved(tmp_path / "a.png", photograph().quantize(256))
    assert np.abs(np.asarray(made).astype(int) - np.asarray(photograph())).mean() < 4


def profile_of(primaries: list[tuple[float, float, float]], gamma: float) -> bytes:
    """An ICC profile of three colorants (D50 XYZ) and a gamma: ICC.1:2001-04, 6.3.1.2."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"text\0\0\0\0test\0\0\0\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79
    tags = {
        b"desc": described,
        b"cprt": text,
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, primaries), strict=True)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    body, table = b"", struct.pack(">I", len(tags))
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", start + len(body), len(data))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"\0" * 4, 0x02400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + table + body


SRGB = [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]
P3 = [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)]


def test_wide_gamuts_and_other_gammas_become_srgb(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    linear = saved(tmp_path / "a.png", image, icc_profile=profile_of(SRGB, 1.0))
    expected = [255 * (1.055 * (v / 255) ** (1 / 2.4) - 0.055) for v in (200, 100, 50)]
    assert linear.getpixel((0, 0)) == pytest.approx(expected, abs=2)
    wide = saved(tmp_path / "b.jpg", image, quality=100, icc_profile=profile_of(P3, 2.2))
    red, green, blue = wide.getpixel((0, 0))  # type: ignore[misc]
    # Equal values mean a stronger colour in a wide gamut.
    assert red > 205
    assert green < 100
    assert blue < 50


def test_transparent_parts_show_a_blur_of_the_rest(tmp_path: Path) -> None:
    rgba = np.zeros((200, 120, 4), np.uint8)
    rgba[60:140, 30:90] = (220, 40, 40, 255)
    rgba[0, 0, :3] = (0, 255, 0)  # The colour of transparent pixels must not matter.
    Image.fromarray(rgba).save(tmp_path / "a.png")
    made, alpha = load_cutout(tmp_path / "a.png")
    assert alpha is not None
    assert np.array_equal(alpha, rgba[..., 3])
    rgb = np.asarray(made).astype(int)
    assert tuple(rgb[100, 60]) == (220, 40, 40)
    red, green, blue = rgb[20, 60]
    assert red > 60
    assert green == pytest.approx(blue, abs=3)
    assert red > 2 * green
    opaque = Image.new("RGBA", (8, 8), (1, 2, 3, 255))
    opaque.save(tmp_path / "b.png")
    assert load_cutout(tmp_path / "b.png")[1] is None


def test_heic_without_its_package_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_image, "_formats", lambda: ("PNG",))
    for brand, expected in ((b"heic", r"otio-gvideo\[heif\]"), (b"mp42", "not an image")):
        path = tmp_path / "a.heic"
        path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0" * 40)
        with pytest.raises(RendererError, match=rf"a\.heic: cannot be decoded: .*{expected}"):
            load_still(path)
