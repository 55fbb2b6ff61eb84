"""Record what Lightricks' own pipeline does, for ``test_reference_ltx.py``.

    python -m tests.renderers.diffusion.reference.record_ltx CHECKOUT

CHECKOUT is one of https://github.com/Lightricks/LTX-Video at commit
5260738e171955b66c0827f9af7e84d68fd1d919; it needs einops, torchvision and imageio. Its
``LTXVideoPipeline`` and ``LTXMultiScalePipeline`` run on the CPU, with the passes of
``configs/ltxv-2b-0.9.8-distilled.yaml``, on fixed weights and noise. Replaced are the text encoder
(fixed embeddings) and the random numbers.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image

from .fixed_weights import fixed, fixed_weights, shapes_of

HERE = Path(__file__).parent
SIZE, FRAMES, FPS = 64, 17, 24.0
NOISE = 0.15
"""The default of ``inference.py`` for ``image_cond_noise_scale``."""
STILL_AT = 13
"""The frame of the second still."""
CLIP = 9
"""Frames of the clip that a continued call is conditioned on."""
GUIDANCE = 3.0
CHANNELS = 8
TEXT = {"positive": 7, "negative": 4}
"""Tokens of the prompts, of `PADDED`."""
PADDED = 8

BLOCK = {"num_layers": 1}
UP = ["compress_all", {"residual": True, "multiplier": 2}]
VAE = {
    "_class_name": "CausalVideoAutoencoder",
    "dims": 3,
    "latent_channels": CHANNELS,
    "encoder_blocks": [
        ["res_x", BLOCK],
        ["compress_space_res", {"multiplier": 2}],
        ["res_x", BLOCK],
        ["compress_time_res", {"multiplier": 2}],
        ["res_x", BLOCK],
        ["compress_all_res", {"multiplier": 2}],
        ["res_x", BLOCK],
        ["compress_all_res", {"multiplier": 2}],
        ["res_x", BLOCK],
    ],
    "decoder_blocks": [
        ["res_x", BLOCK],
        UP,
        ["res_x", BLOCK],
        UP,
        ["res_x", BLOCK],
        UP,
        ["res_x", BLOCK],
    ],
    "encoder_base_channels": 8,
    "decoder_base_channels": 4,
    "norm_layer": "pixel_norm",
    "patch_size": 4,
    "latent_log_var": "uniform",
    "use_quant_conv": False,
    "causal_decoder": False,
    "timestep_conditioning": True,
}
"""The tiny VAE of these tests, in the reference's words."""
STATISTICS = "per_channel_statistics"


def statistics() -> dict[str, Any]:
    """Return mean and standard deviation of each channel of the latents."""
    return {
        f"{STATISTICS}.mean-of-means": 0.3 * fixed("latents.mean", [CHANNELS]),
        f"{STATISTICS}.std-of-means": 1 + 0.3 * fixed("latents.std", [CHANNELS]).tanh(),
    }


def embedding(kind: str) -> tuple[Any, Any]:
    """Return the text embedding of a prompt and its mask."""
    mask = (torch.arange(PADDED) < TEXT[kind]).float()[None]
    return fixed(f"text.{kind}", (1, PADDED, 32)), mask


def plain(name: str, size: int, frames: int = 1) -> Any:
    """Return a clip of one colour a frame, RGB: the same at every size."""
    colours = 128 + 90 * fixed(name, (frames, 3)).tanh()
    return np.broadcast_to(colours.numpy().astype(np.uint8)[:, None, None], (frames, size, size, 3))


def textured() -> Any:
    """Return a still with detail, RGB, of the size of a frame."""
    y, x = np.mgrid[:SIZE, :SIZE]
    waves = [np.sin(x * (0.3 + 0.1 * n) + y * 0.2 * n) for n in range(3)]
    return (128 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def stills(size: int) -> list[tuple[Any, int]]:
    """Return the two stills, of one colour each, and their frames."""
    return [(plain("still.0", size), 0), (plain("still.1", size), STILL_AT)]


class Noise:
    """Random numbers by the order in which they are drawn, for either pipeline.

    Attributes:
        grid: latent frames, height and width of the initial noise, which the reference draws token
            by token.
    """

    def __init__(self) -> None:
        self.count = 0
        self.grid: tuple[int, int, int] | None = None

    def __call__(self, shape: Any, **_: Any) -> Any:
        self.count += 1
        name = f"noise.{self.count}"
        if self.grid is None:
            return fixed(name, shape)
        grid, self.grid = self.grid, None
        video = fixed(name, (shape[0], shape[2], *grid))
        return video.flatten(2).transpose(1, 2)


def reference_weights(part: str, shapes: dict[str, dict[str, list[int]]]) -> dict[str, Any]:
    """Return the weights of a part in the reference's layout."""
    weights = fixed_weights(shapes[part], f"{part}.")
    return {**weights, **statistics()} if part == "vae" else weights


def _parts() -> dict[str, Any]:
    """Return the reference's models, with fixed weights."""
    made = {
        "transformer": importlib.import_module(
            "ltx_video.models.transformers.transformer3d"
        ).Transformer3DModel(
            num_attention_heads=4,
            attention_head_dim=8,
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            num_layers=2,
            cross_attention_dim=32,
            attention_bias=True,
            activation_fn="gelu-approximate",
            num_embeds_ada_norm=1000,
            norm_elementwise_affine=False,
            norm_eps=1e-6,
            caption_channels=32,
            qk_norm="rms_norm",
            standardization_norm="rms_norm",
            positional_embedding_type="rope",
            positional_embedding_theta=10000.0,
            positional_embedding_max_pos=[20, 2048, 2048],
            timestep_scale_multiplier=1000,
            causal_temporal_positioning=True,
        ),
        "vae": importlib.import_module(
            "ltx_video.models.autoencoders.causal_video_autoencoder"
        ).CausalVideoAutoencoder.from_config(dict(VAE)),
        "upsampler": importlib.import_module(
            "ltx_video.models.autoencoders.latent_upsampler"
        ).LatentUpsampler(CHANNELS, 32, num_blocks_per_stage=1),
    }
    shapes = {name: shapes_of(model) for name, model in made.items()}
    for name, model in made.items():
        model.load_state_dict(reference_weights(name, shapes))
        model.eval()
    return made


class _Watch:
    """The figures of one run."""

    def __init__(self, parts: dict[str, Any], noise: Noise):
        self.found: dict[str, list[Any]] = {}
        self._noise = noise
        transformer, vae = parts["transformer"], parts["vae"]
        self._forward, self._encode, self._decode = (
            transformer.forward, vae.encode, vae.decode
        )  # fmt: skip
        transformer.forward, vae.encode, vae.decode = self.forward, self.encode, self.decode

    def note(self, name: str, value: Any) -> None:
        self.found.setdefault(name, []).append(value.detach().clone())

    def forward(self, latents: Any, timestep: Any, indices_grid: Any, **more: Any) -> Any:
        self.note("inputs", latents)
        self.note("timesteps", timestep)
        self.note("places", indices_grid)
        return self._forward(latents, timestep=timestep, indices_grid=indices_grid, **more)

    def encode(self, media: Any) -> Any:
        self.note("media", media[:, :, :, ::32, ::32])
        return self._encode(media)

    def decode(self, latents: Any, timestep: Any, **more: Any) -> Any:
        self.note("decoded", latents)
        self.note("decode_timestep", timestep)
        return self._decode(latents, timestep=timestep, **more)


def _recorded(
    config: dict[str, Any],
    items: list[tuple[Any, int]],
    noise_scale: float = NOISE,
    two_passes: bool = False,
    output: str = "latent",
    **changes: Any,
) -> dict[str, Any]:
    """Run the pipeline and return its figures.

    Args:
        config: of the checkpoint.
        items: conditioning clips, RGB, with their frames.
        noise_scale: ``image_cond_noise_scale``.
        two_passes: or the first one alone.
        output: type of the result.
        changes: of the first pass.
    """
    module = importlib.import_module("ltx_video.pipelines.pipeline_ltx_video")
    parts = _parts()
    noise = Noise()
    watch = _Watch(parts, noise)
    importlib.import_module("diffusers.models.autoencoders.vae").randn_tensor = noise
    module.randn_tensor = noise
    prepare = module.LTXVideoPipeline.prepare_latents

    def prepared(self: Any, *args: Any, **more: Any) -> Any:
        noise.grid = tuple(more["latent_shape"][2:])
        return prepare(self, *args, **more)

    module.LTXVideoPipeline.prepare_latents = prepared
    pipe = module.LTXVideoPipeline(
        **dict.fromkeys(
            (
                "tokenizer",
                "text_encoder",
                *("prompt_enhancer_image_caption_model", "prompt_enhancer_image_caption_processor"),
                *("prompt_enhancer_llm_model", "prompt_enhancer_llm_tokenizer"),
            )
        ),
        vae=parts["vae"],
        transformer=parts["transformer"],
        scheduler=importlib.import_module("ltx_video.schedulers.rf").RectifiedFlowScheduler(),
        patchifier=importlib.import_module(
            "ltx_video.models.transformers.symmetric_patchifier"
        ).SymmetricPatchifier(patch_size=1),
    )
    pipe.set_progress_bar_config(disable=True)
    size = 2 * SIZE if two_passes else SIZE
    arguments = {
        "prompt": None,
        "negative_prompt": None,
        **dict(zip(("prompt_embeds", "prompt_attention_mask"), embedding("positive"), strict=True)),
        **dict(
            zip(
                ("negative_prompt_embeds", "negative_prompt_attention_mask"),
                embedding("negative"),
                strict=True,
            )
        ),
        "width": size,
        "height": size,
        "num_frames": FRAMES,
        "frame_rate": FPS,
        "image_cond_noise_scale": noise_scale,
        "conditioning_items": [
            module.ConditioningItem(
                torch.from_numpy(clip.copy()).permute(3, 0, 1, 2)[None] / 127.5 - 1.0, at, 1.0
            )
            for clip, at in items
        ],
        "decode_timestep": config["decode_timestep"],
        "decode_noise_scale": config["decode_noise_scale"],
        "stochastic_sampling": config["stochastic_sampling"],
        "output_type": output,
        "is_video": True,
        "vae_per_channel_normalize": True,
    }
    first = {**config["first_pass"], **changes}
    like = torch.randn_like
    torch.randn_like = lambda other: fixed("decode", other.shape)
    try:
        if two_passes:
            both = module.LTXMultiScalePipeline(pipe, parts["upsampler"])
            upsample = both._upsample_latents

            def noted(model: Any, latents: Any) -> Any:
                watch.note("first_latents", latents)
                return upsample(model, latents)

            both._upsample_latents = noted
            made = both(0.5, first, config["second_pass"], **arguments).images
        else:
            made = pipe(**arguments, **first).images
    finally:
        torch.randn_like = like
        module.LTXVideoPipeline.prepare_latents = prepare
    watch.note("frames" if output == "pt" else "latents", made)
    return watch.found


def _stacked(found: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the figures as arrays; those of another size in a second pass are numbered."""
    arrays = {}
    for name, values in found.items():
        shapes = list(dict.fromkeys(value.shape for value in values))
        for number, shape in enumerate(shapes):
            same = torch.stack([value for value in values if value.shape == shape])
            arrays[name if number == 0 else f"{name}.{number + 1}"] = same.numpy()
    return arrays


def main(checkout: Path) -> None:
    sys.path.insert(0, str(checkout))
    config = yaml.safe_load((checkout / "configs/ltxv-2b-0.9.8-distilled.yaml").read_text())
    for name in ("first_pass", "second_pass"):
        # Spatiotemporal guidance is off (stg_scale: 0).
        del config[name]["skip_block_list"]
    clip = [(plain("clip", SIZE, CLIP), 0)]
    runs = {
        "stills": _recorded(config, stills(SIZE)),
        "continued": _recorded(config, clip),
        "guided": _recorded(config, stills(SIZE), guidance_scale=GUIDANCE),
        # Without the noise that the reference leaves at keyframes of the first pass.
        "two": _recorded(config, stills(2 * SIZE), noise_scale=0.0, two_passes=True, output="pt"),
    }
    figures = {
        f"{run}.{name}": array
        for run, found in runs.items()
        for name, array in _stacked(found).items()
    }
    figures["two.frames"] = figures["two.frames"][..., ::16, ::16]
    inference = importlib.import_module("ltx_video.inference")
    prepared = inference.load_image_to_tensor_with_resize_and_crop(
        Image.fromarray(textured()), SIZE, SIZE, just_crop=True
    )
    figures["still.prepared"] = prepared[0, :, 0].numpy()
    figures["still.clean"] = textured()
    np.savez_compressed(HERE / "ltx.npz", **figures)
    shapes = {name: shapes_of(model) for name, model in _parts().items()}
    # Registered when the weights were loaded; `statistics` makes them.
    del shapes["vae"]["std_of_means"], shapes["vae"]["mean_of_means"]
    (HERE / "ltx_shapes.json").write_text(json.dumps(shapes) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
