"""Sources of depth: maps of any type, alpha, a real tiny model, outlines of people, a guess."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from otio_gvideo.renderers.base import RendererError, UnavailableError
from otio_gvideo.renderers.image.faces import find_faces
from otio_gvideo.renderers.parallax.depth import model, outline, person_segmentation, sources
from otio_gvideo.renderers.parallax.depth.guess import guess_depth
from otio_gvideo.renderers.parallax.depth.maps import read_depth
from otio_gvideo.renderers.parallax.depth.sources import (
    GUESSED_SHIFT,
    KNOWN_SHIFT,
    SUBJECT_SHIFT,
    DepthStill,
    find_depth,
)
from PIL import Image

RAMP = np.linspace(0, 1, 60, dtype=np.float32)[None, :].repeat(40, axis=0)


@pytest.fixture
def still(tmp_path: Path) -> DepthStill:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 255, (90, 60, 3)).astype(np.uint8)
    path = tmp_path / "still.png"
    Image.fromarray(rgb).save(path)
    return DepthStill(path, rgb)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a.png", (RAMP * 255).astype(np.uint8)),
        ("a.png", (RAMP * 65535).astype(np.uint16)),
        ("a.tif", (RAMP * 65535).astype(np.uint16)),
        ("a.tif", 3 + 20 * RAMP),
        ("a.tif", (RAMP * 65535).astype(np.int32)),
        ("a.png", np.dstack([(RAMP * 255).astype(np.uint8)] * 3)),
        ("a.webp", np.dstack([(RAMP * 255).astype(np.uint8)] * 3)),
        ("a.jpg", (RAMP * 255).astype(np.uint8)),
    ],
)
def test_maps_of_any_type_read_the_same(tmp_path: Path, name: str, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / name)
    read = read_depth(tmp_path / name)
    assert read.shape == RAMP.shape
    assert read.dtype == np.float32
    assert np.abs(read - RAMP).max() < 0.03


def test_maps_are_stretched_but_flat_ones_stay_flat(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray((100 + 100 * RAMP).astype(np.uint8)).save(path)
    assert np.ptp(read_depth(path)) == pytest.approx(1)
    Image.fromarray((100 + 6 * RAMP).astype(np.uint8)).save(path)
    assert np.ptp(read_depth(path)) < 0.15
    Image.fromarray(np.full((8, 8), 77, np.uint8)).save(path)
    assert np.ptp(read_depth(path)) == 0


def test_maps_with_infinities_and_nans_are_read(tmp_path: Path) -> None:
    values = RAMP.copy()
    values[:2] = np.inf
    values[2:4] = np.nan
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.isfinite(read_depth(tmp_path / "a.tif")).all()


def test_a_depth_map_precedes_other_sources(tmp_path: Path, still: DepthStill) -> None:
    path = tmp_path / "map.png"
    Image.fromarray((RAMP * 255).astype(np.uint8)).save(path)
    found = find_depth(still, path, {"depth_model": "nowhere"})
    assert found.most_shift == KNOWN_SHIFT
    assert np.abs(found.values - RAMP).max() < 0.03
    with pytest.raises(RendererError, match=r"none\.png: cannot be decoded"):
        find_depth(still, tmp_path / "none.png", {})


def test_a_scenes_map_serves_its_other_stills_of_the_same_place(
    tmp_path: Path,
) -> None:
    y, x = np.mgrid[0:400, 0:240]
    inside = (np.hypot(x - 120, y - 220) < 70).astype(np.uint8)
    path = tmp_path / "map.png"
    Image.fromarray(inside * 255).save(path)
    noise = np.random.default_rng(2).normal(0, 4, (400, 240, 1))
    night = (60 - 40 * inside[..., None] + noise).repeat(3, axis=2).clip(0, 255).astype(np.uint8)
    other = (60 - 40 * np.roll(inside, 90, axis=1)[..., None] + noise).repeat(3, axis=2)
    same = find_depth(DepthStill(path, night), path, {}, is_map_of_still=False)
    assert same.most_shift == KNOWN_SHIFT
    elsewhere = DepthStill(path, other.clip(0, 255).astype(np.uint8))
    assert find_depth(elsewhere, path, {}, is_map_of_still=False).most_shift == GUESSED_SHIFT
    assert find_depth(elsewhere, path, {}).most_shift == KNOWN_SHIFT


def test_the_alpha_of_a_cutout_is_its_depth(still: DepthStill) -> None:
    alpha = np.zeros((90, 60), np.uint8)
    alpha[30:70, 20:50] = 255
    found = find_depth(DepthStill(still.path, still.rgb, alpha), None, {})
    assert found.most_shift == SUBJECT_SHIFT
    assert np.array_equal(found.values > 0.5, alpha > 127)
    barely = np.full((90, 60), 255, np.uint8)
    barely[0, :5] = 0
    assert (
        find_depth(DepthStill(still.path, still.rgb, barely), None, {}).most_shift == GUESSED_SHIFT
    )


def test_a_guess_is_smooth_and_repeatable(still: DepthStill) -> None:
    values = guess_depth(still.rgb)
    assert np.array_equal(values, guess_depth(still.rgb))
    assert (values.min(), values.max()) == (0, 1)
    # No depth edge between neighbours, although the map has only a hundred samples.
    assert max(np.abs(np.diff(values, axis=n)).max() for n in (0, 1)) < 0.05
    # Without salient objects the bottom is nearer than the top.
    assert values[-1].mean() > values[0].mean()


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Depth Anything in its published format, with random weights and minimal sizes."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    backbone = transformers.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
    )
    folder = tmp_path_factory.mktemp("depth-anything")
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    DPTImageProcessorPil(
        size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)
    return folder


def test_without_a_map_the_configured_model_estimates_depth(
    still: DepthStill, tiny_model: Path
) -> None:
    settings = {"depth_model": str(tiny_model), "device": "cpu"}
    found = find_depth(still, None, settings)
    assert found.most_shift == KNOWN_SHIFT
    assert found.values.ndim == 2
    assert 0 <= found.values.min() < found.values.max() <= 1
    # A second lookup of the same still is a cache hit.
    assert find_depth(still, None, settings).values is found.values
    Image.fromarray(255 - still.rgb).save(still.path)
    again = find_depth(DepthStill(still.path, 255 - still.rgb), None, settings)
    assert again.values is not found.values


def test_the_cache_of_estimates_evicts_the_oldest(
    still: DepthStill, tiny_model: Path, tmp_path: Path
) -> None:
    settings = {"depth_model": str(tiny_model), "device": "cpu"}
    for number in range(12):
        path = tmp_path / f"{number}.png"
        Image.fromarray(still.rgb).save(path)
        model.estimate_depth(path, still.rgb, settings)
    assert len(model._CACHE) <= 8


def test_a_missing_model_is_named(still: DepthStill, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(UnavailableError, match=r"depth model .*none is not on this machine"):
        find_depth(still, None, {"depth_model": str(tmp_path / "none")})


def test_a_missing_device_is_named(still: DepthStill, tiny_model: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.backends.mps.is_available():
        pytest.skip("this machine has an MPS device")
    with pytest.raises(UnavailableError, match="parallax: this machine has no mps device"):
        find_depth(still, None, {"depth_model": str(tiny_model), "device": "mps"})


def test_a_missing_package_is_named(still: DepthStill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    model._load_model.cache_clear()
    with pytest.raises(UnavailableError, match=r"otio-gvideo\[depth\]"):
        find_depth(still, None, {"depth_model": "some/model"})


def person() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:300, 0:200]
    inside = (np.hypot(x - 100, y - 90) < 40) | (np.hypot((x - 100) / 80, (y - 300) / 190) < 1)
    noise = np.random.default_rng(4).normal(0, 5, (300, 200))
    grey = np.where(inside, 190, 90) + noise
    mask = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.5)
    return mask, np.dstack([grey.clip(0, 255).astype(np.uint8)] * 3)


def test_the_matte_of_a_person_is_trusted() -> None:
    assert person_segmentation.is_trusted(*person())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda mask: np.roll(mask, 60, axis=1),  # Its outline does not match the picture.
        lambda mask: mask * 0.5 + 0.2,  # It is undecided.
        np.zeros_like,
        np.ones_like,
        lambda mask: (np.indices(mask.shape).sum(axis=0) // 20 % 2).astype(np.float32),
    ],
)
def test_an_implausible_matte_is_not_trusted(spoil: object) -> None:
    mask, rgb = person()
    assert not person_segmentation.is_trusted(spoil(mask), rgb)  # type: ignore[operator]


def astronaut() -> np.ndarray:
    return np.asarray(skimage.data.astronaut())


def test_a_person_is_a_subject_in_front_of_the_background(still: DepthStill) -> None:
    rgb = astronaut()
    found = sources.find_depth(DepthStill(still.path, rgb, faces=find_faces(rgb)), None, {})
    assert found.most_shift == SUBJECT_SHIFT
    near = cv2.resize(found.values, (512, 512)) > 0.5
    # The face, the suit; the flag and the wall on either side of the head.
    assert near[110, 225]
    assert near[400, 200]
    assert not near[60:120, 20:150].any()
    assert not near[20:80, 320:350].any()


def test_hair_and_shoulders_are_cut_along_their_own_edges() -> None:
    rgb = astronaut()
    mask = person_segmentation.segment_people(rgb, find_faces(rgb))
    assert mask is not None
    edge = outline.edges_of(mask, 0.5)
    coarse = cv2.resize(cv2.resize(mask, (64, 64)), (512, 512))
    assert outline.contrast_along(edge, rgb) > outline.contrast_along(
        outline.edges_of((coarse > 0.5).astype(np.float32), 0.5), rgb
    )


def test_without_a_face_nothing_is_cut_out(still: DepthStill) -> None:
    rgb = np.asarray(skimage.data.chelsea())  # A cat, of whose outline the model is sure.
    assert find_faces(rgb) == ()
    found = sources.find_depth(DepthStill(still.path, rgb), None, {})
    assert found.most_shift == GUESSED_SHIFT
