"""The focus of a still is its most salient region, in every file format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image.saliency import look_at
from PIL import Image

SIZE = (600, 900)


def still(place: tuple[int, int], radius: int = 70) -> Image.Image:
    """A bright disc on a dark, grainy background."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    grain = np.random.default_rng(1).normal(70, 10, (SIZE[1], SIZE[0], 1)) * (0.8, 1, 1.1)
    inside = ((x - place[0]) ** 2 + (y - place[1]) ** 2 < radius**2)[..., None]
    return Image.fromarray(np.where(inside, (230, 180, 60), grain).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("place", [(300, 450), (150, 300), (420, 700), (480, 200)])
@pytest.mark.parametrize("name", ["still.png", "still.jpg"])
def test_the_focus_is_the_most_salient_region(
    tmp_path: Path, place: tuple[int, int], name: str
) -> None:
    path = tmp_path / name
    still(place).save(path)
    look = look_at(path)
    assert look.aspect == pytest.approx(1.5)
    assert look.focus[0] * SIZE[0] == pytest.approx(place[0], abs=60)
    assert look.focus[1] * SIZE[1] == pytest.approx(place[1], abs=60)


def test_saliency_applies_the_exif_orientation(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    still((150, 300)).rotate(90, expand=True).save(path, exif=exif)
    look = look_at(path)
    assert look.aspect == pytest.approx(1.5)
    assert look.focus == pytest.approx((0.25, 0.35), abs=0.06)


@pytest.mark.parametrize("size", [(1, 1), (300, 20), (500, 500)])
def test_without_a_salient_region_the_focus_is_the_middle(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "flat.png"
    Image.new("RGB", size, (90, 120, 60)).save(path)
    assert look_at(path).focus == (0.5, 0.5)


def test_an_undecodable_still_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8 not much of a picture")
    with pytest.raises(RendererError, match=r"broken\.jpg"):
        look_at(path)
