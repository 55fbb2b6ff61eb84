"""Faces are found in photographs by other people, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE
from otio_gvideo.renderers.image import known_faces
from otio_gvideo.renderers.image.faces import find_faces
from otio_gvideo.renderers.image.known_faces import faces_of
from PIL import Image

STILLS = sorted((Path(__file__).parents[3] / "examples/lighthouse/keyframes").glob("*.jpg"))


def test_the_face_of_a_portrait_is_found_from_brow_to_chin() -> None:
    (face,) = find_faces(skimage.data.astronaut())
    # The eyes, nose and chin of the photograph, in pixels of 512.
    assert face.left * 512 == pytest.approx(175, abs=12)
    assert face.right * 512 == pytest.approx(275, abs=12)
    assert face.top * 512 == pytest.approx(72, abs=14)
    assert face.bottom * 512 == pytest.approx(176, abs=14)
    left, top, right, bottom = face.head
    assert left < face.left
    assert top < face.top
    assert right > face.right
    assert bottom > face.bottom


def test_faces_of_a_wide_group_are_found_however_small() -> None:
    portrait = skimage.data.astronaut()[:256, 100:356]
    rng = np.random.default_rng(1)
    wall = rng.integers(90, 110, (600, 1500, 3)).astype(np.uint8)
    for x in (100, 500, 900, 1300):
        small = np.asarray(Image.fromarray(portrait).resize((150, 150)))
        wall[200:350, x : x + 150] = small
    assert len(find_faces(wall)) == 4


def test_people_without_a_frontal_face_are_found_too() -> None:
    assert len(find_faces(np.dstack([skimage.data.camera()] * 3))) == 1


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "page", "moon", "colorwheel"])
def test_no_face_is_found_where_none_is(name: str) -> None:
    image = getattr(skimage.data, name)()
    rgb = image if image.ndim == 3 else np.dstack([image] * 3)
    assert find_faces(np.ascontiguousarray(rgb[..., :3])) == ()


@pytest.mark.parametrize("still", STILLS, ids=lambda still: still.stem)
def test_no_face_is_found_in_a_landscape(still: Path) -> None:
    assert faces_of(still) == ()


def test_a_photograph_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    still = tmp_path / "a.png"
    Image.fromarray(skimage.data.astronaut()).save(still)
    found = faces_of(still)
    assert len(found) == 1
    monkeypatch.setattr(known_faces, "find_faces", None)
    still.rename(tmp_path / "b.png")
    assert faces_of(tmp_path / "b.png") == found


def test_a_photograph_on_its_side_is_looked_at_upright(tmp_path: Path) -> None:
    image = Image.fromarray(skimage.data.astronaut())
    exif = Image.Exif()
    exif[0x0112] = 6
    image.rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif)
    (face,) = faces_of(tmp_path / "a.jpg")
    assert 0.3 < (face.left + face.right) / 2 < 0.6
    assert face.bottom < 0.4
