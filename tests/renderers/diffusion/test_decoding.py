"""Decoding in tiles: they cover the frame, blend without a seam, and are planned as they are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.diffusion import decoding
from otio_gvideo.renderers.registry import renderer_class


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 8))
def test_tiles_cover_a_side_and_overlap(length: int, most: int, overlap: int) -> None:
    ranges = decoding.tile_ranges(length, most, overlap)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == length
    assert len({end - start for start, end in ranges}) == 1
    assert all(end - start <= max(most, 2 * overlap + 1) for start, end in ranges)
    assert all(a[1] - b[0] >= overlap for a, b in itertools.pairwise(ranges))
    assert all(a[0] < b[0] for a, b in itertools.pairwise(ranges))


@pytest.mark.parametrize("name", ["svd", "wan"])
@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
def test_tiles_decode_at_most_1_3_times_the_pixels(name: str, quality: str) -> None:
    renderer: Any = renderer_class(name)({}, quality)
    scale = {"svd": 8, "wan": 16}[name]
    for width, height in ((480, 832), (544, 960), (576, 1024), (704, 1280)):
        if width * height > renderer.preset.max_pixels:
            continue
        side, other = height // scale, width // scale
        most = int(renderer.tile_pixels / (scale * scale * other))
        ranges = decoding.tile_ranges(side, most, decoding.OVERLAP // scale)
        assert sum(end - start for start, end in ranges) <= 1.3 * side


@given(st.sampled_from([8, 16]), st.integers(1, 60), st.integers(1, 60), st.integers(1, 1_000_000))
def test_the_plan_knows_the_pixels_of_a_tile(
    scale: int, rows: int, columns: int, most: int
) -> None:
    seen = set()

    def decode(tile: torch.Tensor) -> Iterator[torch.Tensor]:
        seen.add(tile[0, 0, 0].numel() * scale * scale)
        yield torch.zeros(1, 3, 1, tile.shape[3] * scale, tile.shape[4] * scale)

    list(decoding.decode_tiled(torch.zeros(1, 4, 1, rows, columns), decode, scale, most))
    assert seen == {decoding.pixels_of_tile(columns * scale, rows * scale, scale, most)}


@pytest.mark.parametrize("size", [(40, 24), (24, 40)])
def test_tiles_are_blended_without_a_seam(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    scale = 16
    blur = torch.nn.AvgPool2d(5, 1, 2, count_include_pad=False)

    def decode(latents: torch.Tensor) -> Iterator[torch.Tensor]:
        # Its neighbours decide a pixel, but nothing beyond the overlap.
        for number in range(latents.shape[2]):
            large = torch.nn.functional.interpolate(blur(latents[:, :, number]), scale_factor=scale)
            yield large[:, :, None]

    latents = torch.rand(1, 3, 3, *size) * 2 - 1
    whole = list(decoding.decode_tiled(latents, decode, scale, 1 << 30))
    parts = list(decoding.decode_tiled(latents, decode, scale, 24 * 16 * scale * scale))
    assert len(whole) == len(parts) == 3
    assert whole[0].shape == (size[0] * scale, size[1] * scale, 3)
    differences = np.stack([np.abs(a.astype(int) - b) for a, b in zip(whole, parts, strict=True)])
    assert differences.mean() < 1.5
    # No step at an edge of a tile beyond those that the video has.
    steps = [np.abs(np.diff(np.stack(each).astype(int), axis=2)).max() for each in (whole, parts)]
    assert steps[1] <= steps[0] + 8


def test_wans_video_decoded_frame_by_frame_is_that_decoded_at_once() -> None:
    from diffusers import AutoencoderKLWan
    from otio_gvideo.renderers.diffusion.wan import decode_frames

    torch.manual_seed(0)
    for more in ({}, {"patch_size": 2, "in_channels": 12, "out_channels": 12, "is_residual": True}):
        vae = AutoencoderKLWan(
            base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, z_dim=4, **more
        ).eval()
        latents = torch.randn(1, 4, 4, 4, 6)
        with torch.inference_mode():
            whole = vae.decode(latents, return_dict=False)[0]
        made = torch.cat(list(decode_frames(vae, latents)), 2).clamp(-1, 1)
        assert torch.equal(made, whole)


def test_tiles_of_wans_vae_have_no_seam() -> None:
    from functools import partial

    from diffusers import AutoencoderKLWan
    from otio_gvideo.renderers.diffusion.wan import decode_frames

    torch.manual_seed(1)
    vae = AutoencoderKLWan(
        base_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        z_dim=4,
        temperal_downsample=[False] * 3,
    ).eval()
    # Smooth latents, as those of a picture.
    latents = torch.nn.functional.interpolate(torch.randn(1, 4, 2, 6, 4), size=(2, 40, 16))
    decode = partial(decode_frames, vae)
    whole, parts = (
        np.stack(list(decoding.decode_tiled(latents, decode, 8, pixels))).astype(int)
        for pixels in (1 << 30, 24 * 16 * 8 * 8)
    )
    assert np.abs(whole - parts).mean() < 0.2 * whole.std()
    rows, tiled_rows = (np.abs(np.diff(each, axis=1)).mean((0, 2, 3)) for each in (whole, parts))
    edges = [edge * 8 for tile in decoding.tile_ranges(40, 24, 6) for edge in tile][1:-1]
    assert len(edges) == 2
    for edge in edges:
        assert tiled_rows[edge - 1] <= 1.2 * rows.max()
