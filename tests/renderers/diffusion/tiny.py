"""Tiny pipelines of every family: random weights in the real geometry.

They are saved in the published formats, so that loading, calls and decoding are the real ones.
"""

from __future__ import annotations

import itertools
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
    """Compression 32 in space and 8 in time, conditioned on a timestep: as since 0.9.5."""
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
    """LTX-Video as since 0.9.5, and beside it ``upsampler``."""
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


def svd(folder: Path) -> Path:
    """Stable Video Diffusion XT: compression 8 in space, 25 frames."""
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    unet = UNetSpatioTemporalConditionModel(
        sample_size=12,
        in_channels=8,
        out_channels=4,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=(2, 4),
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
        num_frames=25,
    )
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        latent_channels=4,
    )
    # The pipeline scales its image to 224x224, whatever the encoder's size.
    encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            projection_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=224,
            patch_size=32,
            intermediate_size=37,
        )
    ).eval()
    StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=encoder,
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type="v_prediction",
            interpolation_type="linear",
            use_karras_sigmas=True,
            sigma_min=0.002,
            sigma_max=700.0,
            steps_offset=1,
            timestep_spacing="leading",
            timestep_type="continuous",
        ),
        feature_extractor=CLIPImageProcessor(
            crop_size={"height": 224, "width": 224}, size={"shortest_edge": 224}
        ),
    ).save_pretrained(folder)
    return folder


def _clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
    vocab = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)


def _clip_vision() -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            projection_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=32,
            patch_size=16,
            intermediate_size=37,
        )
    ).eval()


def animatediff(folder: Path) -> Path:
    """Stable Diffusion 1.5; beside it ``adapter``, ``sparsectrl``, ``ip_adapter`` and ``loras``."""
    from diffusers import (
        AutoencoderKL,
        MotionAdapter,
        PNDMScheduler,
        SparseControlNetModel,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from safetensors.torch import save_file
    from transformers import CLIPImageProcessor, CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    tokenizer = _clip_tokenizer()
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=2,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=32,
                intermediate_size=37,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=77,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        ).eval(),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=8,
            in_channels=4,
            out_channels=4,
            block_out_channels=(8, 8),
            layers_per_block=2,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=32,
            norm_num_groups=2,
            attention_head_dim=2,
        ),
        # The published folders' scheduler, with which AnimateDiff flickers.
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=CLIPImageProcessor(
            crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}
        ),
        requires_safety_checker=False,
    ).save_pretrained(folder)
    adapter = MotionAdapter(
        block_out_channels=(8, 8),
        motion_layers_per_block=2,
        motion_norm_num_groups=2,
        motion_num_attention_heads=4,
        motion_max_seq_length=32,
        use_motion_mid_block=False,
    )
    # A new motion module is initialised to the identity.
    for name, parameter in adapter.named_parameters():
        if "proj_out" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    adapter.save_pretrained(folder / "adapter")
    control = SparseControlNetModel(
        in_channels=4,
        conditioning_channels=4,
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"),
        block_out_channels=(8, 8),
        layers_per_block=2,
        cross_attention_dim=32,
        norm_num_groups=2,
        attention_head_dim=2,
        motion_num_attention_heads=2,
        motion_max_seq_length=32,
        conditioning_embedding_out_channels=(8, 8),
        use_simplified_condition_embedding=True,
    )
    for name, parameter in control.named_parameters():
        if "controlnet" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    control.save_pretrained(folder / "sparsectrl")
    _ip_adapter(folder / "ip_adapter", save_file)
    for number, move in enumerate(("zoom-in", "pan-left")):
        save_file(_motion_lora(number), _made(folder / "loras") / f"{move}.safetensors")
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _motion_lora(seed: int) -> dict[str, torch.Tensor]:
    """A LoRA on the attention of the motion modules of the first down block."""
    made = {}
    generator = torch.Generator().manual_seed(seed)
    for layer in ("attn1.to_q", "attn1.to_v", "attn1.to_out.0"):
        stem = f"unet.down_blocks.0.motion_modules.0.transformer_blocks.0.{layer}"
        made[f"{stem}.lora_A.weight"] = torch.randn(4, 8, generator=generator)
        made[f"{stem}.lora_B.weight"] = torch.randn(8, 4, generator=generator)
    return made


def _ip_adapter(folder: Path, save_file: Any) -> None:
    """An image projection to four tokens and keys and values for every cross attention."""
    folder.mkdir()
    _clip_vision().save_pretrained(folder / "image_encoder")
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * 32, 32) * 0.1,
        "image_proj.proj.bias": torch.zeros(4 * 32),
        "image_proj.norm.weight": torch.ones(32),
        "image_proj.norm.bias": torch.zeros(32),
    }
    for number in range(1, 2 * 6, 2):
        for kind in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{number}.{kind}.weight"] = torch.randn(8, 32) * 0.3
    save_file(tensors, folder / "ip-adapter.safetensors")


def wan_vae() -> Any:
    """Compression 8 in space and 4 in time."""
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )


def wan_transformer(**config: Any) -> Any:
    """Two blocks of Wan's transformer."""
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        out_channels=16,
        text_dim=32,
        freq_dim=64,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
        **config,
    )


def wan(folder: Path, *, has_image: bool = True, experts: int = 1, **config: Any) -> Path:
    """Wan 2.1 from a first frame.

    Args:
        folder: to save it in.
        has_image: whether it has an image encoder.
        experts: number of transformers.
        config: of the transformer, and ``expand_timesteps`` of the pipeline.
    """
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    tokenizer = _t5_tokenizer()
    vae = wan_vae()
    encoder = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=32,
            intermediate_size=16,
            patch_size=16,
        )
    ).eval()
    index = {"expand_timesteps": config.pop("expand_timesteps", False)}
    config = {"in_channels": 36, "image_dim": 16 if has_image else None, **config}
    transformers = [wan_transformer(**config) for _ in range(experts)]
    WanImageToVideoPipeline(
        tokenizer=tokenizer,
        text_encoder=_t5(tokenizer, umt5=True),
        vae=vae,
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        image_processor=CLIPImageProcessor(
            crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}
        )
        if has_image
        else None,
        image_encoder=encoder if has_image else None,
        transformer=transformers[0],
        transformer_2=transformers[1] if experts > 1 else None,
        boundary_ratio=0.9 if experts > 1 else None,
        **index,
    ).save_pretrained(folder)
    return folder


def wan_5b(folder: Path) -> Path:
    """Wan 2.2 TI2V 5B: the first frame is a latent of the video itself."""
    return wan(folder, has_image=False, in_channels=16, expand_timesteps=True)


def wan_a14b(folder: Path) -> Path:
    """Wan 2.2 I2V A14B: two experts, no image encoder; a last frame is honoured."""
    return wan(folder, has_image=False, experts=2)


def ltx2(folder: Path) -> Path:
    """LTX-2: Gemma 3, connectors, pictures and sound; and beside it ``upsampler``."""
    from diffusers import (
        AutoencoderKLLTX2Audio,
        AutoencoderKLLTX2Video,
        FlowMatchEulerDiscreteScheduler,
        LTX2ConditionPipeline,
        LTX2LatentUpsamplePipeline,
        LTX2VideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3TextConfig,
        GemmaTokenizer,
        SiglipVisionConfig,
    )

    torch.manual_seed(0)
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *LETTERS]
    tokenizer = GemmaTokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[],
        model_max_length=1024,
    )
    text = Gemma3TextConfig(
        vocab_size=len(tokens) + 8,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=1024,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    vision = SiglipVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    encoder = Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
    ).eval()
    transformer = LTX2VideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        qk_norm="rms_norm_across_heads",
        caption_channels=16,
        rope_double_precision=False,
        rope_type="split",
    )
    both: dict[str, Any] = {}
    for kind in ("video", "audio"):
        both |= {
            f"{kind}_connector_num_attention_heads": 4,
            f"{kind}_connector_attention_head_dim": 4,
            f"{kind}_connector_num_layers": 1,
            f"{kind}_connector_num_learnable_registers": None,
        }
    connectors = LTX2TextConnectors(
        caption_channels=16,
        text_proj_in_factor=3,
        connector_rope_base_seq_len=32,
        rope_theta=10000.0,
        rope_double_precision=False,
        causal_temporal_positioning=False,
        rope_type="split",
        **both,
    )
    vae = AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8, 16, 32, 64),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3,
        upsample_factor=(2, 2, 2),
        timestep_conditioning=False,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )
    sound = AutoencoderKLLTX2Audio(
        base_channels=4,
        output_channels=2,
        ch_mult=(1,),
        num_res_blocks=1,
        attn_resolutions=None,
        in_channels=2,
        resolution=32,
        latent_channels=2,
        norm_type="pixel",
        causality_axis="height",
        dropout=0.0,
        mid_block_add_attention=False,
        sample_rate=16000,
        mel_hop_length=160,
        is_causal=True,
        mel_bins=8,
    )
    vocoder = LTX2Vocoder(
        in_channels=16,
        hidden_channels=32,
        out_channels=2,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        leaky_relu_negative_slope=0.1,
        output_sampling_rate=16000,
    )
    LTX2ConditionPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        audio_vae=sound,
        text_encoder=encoder,
        tokenizer=tokenizer,
        connectors=connectors,
        transformer=transformer,
        vocoder=vocoder,
    ).save_pretrained(folder)
    upsampler = LTX2LatentUpsamplerModel(in_channels=4, mid_channels=32, num_blocks_per_stage=1)
    LTX2LatentUpsamplePipeline(vae=vae, latent_upsampler=upsampler).save_pretrained(
        folder / "upsampler"
    )
    return folder


def language_model(folder: Path, answer: str, *, ends: bool = True, template: str = "") -> Path:
    """A Llama that answers every request with the same words.

    Its hidden state is the last token alone, and its head names the one that follows that.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<unk>", "</s>", "<assistant>", *dict.fromkeys(answer.split())]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="<unk>",
        eos_token="</s>",
        additional_special_tokens=["<assistant>"],
    )
    tokenizer.chat_template = template or None
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=128,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    chain = ["<assistant>" if template else "<unk>", *answer.split(), "</s>"]
    if not ends:
        chain[-1] = chain[1]
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(0 if weight.dim() == 2 else 1)
        for n in range(len(words)):
            model.model.embed_tokens.weight[n, n] = 1
        for before, after in itertools.pairwise(chain):
            model.lm_head.weight[words.index(after), words.index(before)] = 1
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
