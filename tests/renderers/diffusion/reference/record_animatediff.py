"""Record what AnimateDiff's own code does, for ``test_reference_animatediff.py``.

    python -m tests.renderers.diffusion.reference.record_animatediff CHECKOUT DIFFUSERS

CHECKOUT is one of https://github.com/guoyww/AnimateDiff at commit
e92bd5671ba62c0d774a32951453e328018b7c5b; it needs einops. DIFFUSERS is a folder with the package
diffusers 0.11.1, for which it was written. ``UNet3DConditionModel`` and the loop of
``AnimationPipeline`` run on the CPU, with the scheduler of ``inference-v2.yaml``, on fixed weights,
noise and prompts.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .fixed_weights import fixed, fixed_weights, shapes_of

HERE = Path(__file__).parent
STEPS, GUIDANCE = 4, 7.5
CHANNELS, FRAMES, SIDE = 4, 16, 8
"""Of the latents."""
TOKENS, WIDTH = 7, 32
BLOCKS, LAYERS, HEADS = (32, 64), 1, 4
POSITIONS = 32
UNET = {
    "sample_size": SIDE,
    "in_channels": CHANNELS,
    "out_channels": CHANNELS,
    "block_out_channels": BLOCKS,
    "layers_per_block": LAYERS,
    "cross_attention_dim": WIDTH,
    "attention_head_dim": HEADS,
}


def noise() -> Any:
    """Return the latents before the first step."""
    return fixed("noise", (1, CHANNELS, FRAMES, SIDE, SIDE))


def texts() -> Any:
    """Return the embeddings of the negative prompt and of the prompt."""
    return fixed("texts", (2, TOKENS, WIDTH))


def recorded() -> dict[str, Any]:
    """Run the reference and return its figures."""
    unets = importlib.import_module("animatediff.models.unet")
    pipelines = importlib.import_module("animatediff.pipelines.pipeline_animation")
    unet = unets.UNet3DConditionModel(
        **UNET,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        use_inflated_groupnorm=True,
        use_motion_module=True,
        motion_module_resolutions=[1, 2, 4, 8],
        motion_module_mid_block=True,
        motion_module_type="Vanilla",
        motion_module_kwargs={
            "num_attention_heads": HEADS,
            "num_transformer_block": 1,
            "attention_block_types": ["Temporal_Self", "Temporal_Self"],
            "temporal_position_encoding": True,
            "temporal_position_encoding_max_len": POSITIONS,
            "temporal_attention_dim_div": 1,
            "zero_initialize": True,
        },
    )
    state = unet.state_dict()
    # Sines, which are not trained.
    places = {name: tensor for name, tensor in state.items() if name.endswith("pos_encoder.pe")}
    shapes = {name: shape for name, shape in shapes_of(unet).items() if name not in places}
    unet.load_state_dict({**fixed_weights(shapes), **places})
    (HERE / "animatediff_shapes.json").write_text(json.dumps(shapes) + "\n")
    inputs: list[Any] = []
    forward = unet.forward

    def watched(latents: Any, *others: Any, **more: Any) -> Any:
        inputs.append(latents[1:])
        return forward(latents, *others, **more)

    unet.forward = watched
    schedulers = importlib.import_module("diffusers.schedulers")
    pipe = object.__new__(pipelines.AnimationPipeline)
    pipe.unet, pipe.vae_scale_factor = unet.eval(), 8
    pipe.scheduler = schedulers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="linear", steps_offset=1,
        clip_sample=False,
    )  # fmt: skip
    pipe._encode_prompt = lambda *_: texts()
    pipe.decode_latents = lambda latents: latents.numpy()
    made = pipe(
        "",
        FRAMES,
        8 * SIDE,
        8 * SIDE,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        latents=noise(),
    )
    return {
        "inputs": torch.stack(inputs),
        "timesteps": pipe.scheduler.timesteps,
        "latents": made.videos,
    }


class _Pipeline:
    """What ``AnimationPipeline.__call__`` uses of its base."""

    device = torch.device("cpu")

    def progress_bar(self, total: int) -> Any:
        return importlib.import_module("tqdm").tqdm(total=total)


def main() -> None:
    """Write ``animatediff.npz`` and ``animatediff_shapes.json``."""
    # Before the names below change: it looks for some of them.
    importlib.import_module("transformers").CLIPTextModel  # noqa: B018
    importlib.import_module("transformers").CLIPTokenizer  # noqa: B018
    hub = importlib.import_module("huggingface_hub")
    version = importlib.import_module("packaging.version").Version
    sys.path.insert(0, sys.argv[1])
    stubs: dict[str, dict[str, Any]] = {
        "torchvision": {},
        "distutils": {},
        "distutils.util": {"strtobool": bool},
        "distutils.version": {"StrictVersion": version},
        # Without its pipelines, which need an old transformers.
        "diffusers": {"__path__": [str(Path(sys.argv[2]) / "diffusers")], "__version__": "0.11.1"},
        "diffusers.pipeline_utils": {"DiffusionPipeline": _Pipeline},
    }
    for name, content in stubs.items():
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__dict__.update(content)
        sys.modules[name] = module
    for name in ("HfFolder", "cached_download"):
        hub.__dict__.setdefault(name, object)
    arrays = {name: value.numpy() for name, value in recorded().items()}
    np.savez_compressed(HERE / "animatediff.npz", **arrays)


if __name__ == "__main__":
    main()
