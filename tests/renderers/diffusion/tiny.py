"""Tiny pipelines of every family, with random weights and the real ones' geometry, made on the spot.

They are saved as the real ones are, so that loading, calling and decoding are the true ones.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch

LETTERS = "▁" + string.ascii_letters + string.digits + ".,;:!?-'\"()"


def _t5_tokenizer() -> Any:
    from transformers import T5TokenizerFast

    # Ids 0, 1 and 2 are fixed.
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab += [(letter, -float(n + 2)) for n, letter in enumerate(LETTERS)]
    return T5TokenizerFast(vocab=vocab, extra_ids=0, model_max_length=128)


def _t5(tokenizer: Any, umt5: bool = False) -> Any:
    from transformers import T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

    config, model = (UMT5Config, UMT5EncoderModel) if umt5 else (T5Config, T5EncoderModel)
    return model(
        config(
            vocab_size=len(tokenizer),
            d_model=32,
            d_kv=8,
            d_ff=37,
            num_layers=2,
            num_heads=4,
            relative_attention_num_buckets=8,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
        )
    ).eval()


def ltx_vae() -> Any:
    """32 times smaller in space, 8 in time, conditioned on a timestep: as from 0.9.5 on."""
    from diffusers import AutoencoderKLLTXVideo

    return AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 16, 32, 64, 128),
        decoder_block_out_channels=(8, 16, 32),
        down_block_types=("LTXVideo095DownBlock3D",) * 4,
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3,
        upsample_factor=(2, 2, 2),
        timestep_conditioning=True,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )


def ltx(folder: Path, **scheduler: Any) -> Path:
    """LTX-Video as from 0.9.5 on, and beside it ``upsampler``."""
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        LTXLatentUpsamplePipeline,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx.modeling_latent_upsampler import LTXLatentUpsamplerModel

    torch.manual_seed(0)
    tokenizer = _t5_tokenizer()
    vae = ltx_vae()
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=2,
        caption_channels=32,
    )
    # The index of the published folders names the class for text to video.
    LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**scheduler),
        vae=vae,
        text_encoder=_t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)
    upsampler = LTXLatentUpsamplerModel(
        in_channels=8,
        mid_channels=32,
        num_blocks_per_stage=1,
        dims=3,
        spatial_upsample=True,
        temporal_upsample=False,
    )
    LTXLatentUpsamplePipeline(vae=vae, latent_upsampler=upsampler).save_pretrained(
        folder / "upsampler"
    )
    return folder
