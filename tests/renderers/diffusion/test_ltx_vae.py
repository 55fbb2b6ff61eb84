"""The streamed VAEs give what diffusers' own code gives for the whole clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.diffusion import ltx_vae, streamed_layers

from . import tiny

TOLERANCE = 2e-5
"""Of values about 1, in float32: sums of another shape are rounded otherwise."""


def _ltx_095() -> Any:
    return tiny.ltx_vae()


def _ltx_090() -> Any:
    from diffusers import AutoencoderKLLTXVideo

    return AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 16, 32, 32),
        decoder_block_out_channels=(8, 16, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
    )


def _ltx_091() -> Any:
    from diffusers import AutoencoderKLLTXVideo

    return AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 16, 32, 32),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 2, 1, 1),
        decoder_spatio_temporal_scaling=(True, True, True),
        decoder_inject_noise=(True, True, False, False),
        upsample_residual=(True, True, True),
        upsample_factor=(2, 2, 2),
        timestep_conditioning=True,
    )


def _ltx2(**more: Any) -> Any:
    from diffusers import AutoencoderKLLTX2Video

    return AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8, 16, 32, 64),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        **more,
    )


def _ltx2_causal() -> Any:
    return _ltx2(decoder_causal=True)


VAES = (_ltx_095, _ltx_090, _ltx_091, _ltx2, _ltx2_causal)


@pytest.fixture(params=VAES, ids=lambda make: make.__name__.strip("_"))
def vae(request: pytest.FixtureRequest) -> Iterator[Any]:
    torch.manual_seed(3)
    made = request.param().eval()
    with torch.no_grad(), torch.inference_mode():
        yield made


def _passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the frames of each pass through a convolution."""
    passes: list[int] = []
    original = streamed_layers.StreamedConv.feed

    def feed(self: Any, x: torch.Tensor) -> torch.Tensor | None:
        passes.append(x.shape[2])
        return original(self, x)

    monkeypatch.setattr(streamed_layers.StreamedConv, "feed", feed)
    return passes


@pytest.mark.parametrize("most", [1, 20_000])
@pytest.mark.parametrize("frames", [1, 2, 6])
def test_latents_decoded_in_pieces_are_those_decoded_whole(
    vae: Any, most: int, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ltx_vae, "MOST", most)
    channels = vae.config.latent_channels
    latents = torch.randn(1, channels, frames, 2, 3)
    timestep = torch.tensor([0.05]) if vae.config.timestep_conditioning else None
    whole = vae.decode(latents, timestep, return_dict=False)[0]
    passes = _passes(monkeypatch)
    parts = list(ltx_vae.decode_latents(vae.decoder, latents, timestep))
    made = torch.cat(parts, 2)
    assert made.shape == whole.shape
    assert (made - whole).abs().max() < TOLERANCE * max(1, whole.abs().max())
    if most == 1:
        assert max(passes) <= 2
        assert len(parts) > 1 or frames == 1


@pytest.mark.parametrize("most", [1, 20_000])
@pytest.mark.parametrize("frames", [1, 25])
def test_a_clip_encoded_in_pieces_is_that_encoded_whole(
    vae: Any, most: int, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ltx_vae, "MOST", most)
    clip = torch.rand(1, 3, frames, 64, 96) * 2 - 1
    whole = vae.encode(clip).latent_dist.mode()
    ltx_vae.stream_encoder(vae)
    passes = _passes(monkeypatch)
    made = vae.encode(clip).latent_dist.mode()
    assert passes
    assert made.shape == whole.shape
    assert (made - whole).abs().max() < TOLERANCE * max(1, whole.abs().max())
    if most == 1:
        assert max(passes) <= 2


def test_every_frame_is_computed_once(vae: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    latents = torch.randn(1, vae.config.latent_channels, 7, 2, 3)
    timestep = torch.tensor([0.05]) if vae.config.timestep_conditioning else None
    with FlopCounterMode(display=False) as whole:
        vae.decode(latents, timestep)
    monkeypatch.setattr(ltx_vae, "MOST", 3000)
    with FlopCounterMode(display=False) as parts:
        list(ltx_vae.decode_latents(vae.decoder, latents, timestep))
    assert parts.get_total_flops() <= whole.get_total_flops()
