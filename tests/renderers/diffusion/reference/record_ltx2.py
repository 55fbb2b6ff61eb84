"""Record what Lightricks' own LTX-2 does, for ``test_reference_ltx2.py``.

    python -m tests.renderers.diffusion.reference.record_ltx2 CHECKOUT

CHECKOUT is one of https://github.com/Lightricks/LTX-2 at commit
400fd31054597515f47125691032c04b1c3ee24e; it needs einops. ``X0Model``, the conditioning items and
the Euler loop of ltx-core and ltx-pipelines run on the CPU, on fixed weights, noise, text and
latents of stills, with the noise levels of the distilled model.
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
SIZE, FRAMES, FPS = 64, 17, 24.0
GRID = (3, 2, 2)
"""Latent frames, height and width."""
CHANNELS, SOUND = 4, (2, 18, 2)
"""Channels of the video; channels, frames and mel bins of the sound."""
STILLS = ((0, 0.8), (13, 0.6))
"""Frame and strength of each still."""
TOKENS, WIDTH = 8, 16


def still(frame: int) -> Any:
    """Return the normalised latents of a still."""
    return fixed(f"still.{frame}", (1, CHANNELS, 1, *GRID[1:]))


def text(kind: str) -> Any:
    """Return a prompt's embedding, for the video or for the sound."""
    return fixed(f"text.{kind}", (1, TOKENS, WIDTH))


class Noise:
    """Random numbers by the order in which they are drawn."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, shape: Any, **_: Any) -> Any:
        self.count += 1
        return fixed(f"noise.{self.count}", tuple(shape))


def recorded() -> dict[str, Any]:
    """Run the reference and return its figures."""
    load = importlib.import_module
    model = load("ltx_core.model.transformer.model")
    project = load("ltx_core.model.transformer.text_projection").PixArtAlphaTextProjection
    tools, items = load("ltx_core.tools"), load("ltx_core.conditioning")
    parts, kinds = load("ltx_core.components.patchifiers"), load("ltx_core.types")
    helpers, noisers = load("ltx_pipelines.utils.helpers"), load("ltx_core.components.noisers")
    transformer = model.LTXModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_layers=2,
        cross_attention_dim=WIDTH,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_in_channels=CHANNELS,
        audio_out_channels=CHANNELS,
        audio_cross_attention_dim=8,
        av_ca_timestep_scale_multiplier=1000,
        caption_projection=project(in_features=WIDTH, hidden_size=16),
        audio_caption_projection=project(in_features=WIDTH, hidden_size=8),
    )
    shapes = shapes_of(transformer)
    transformer.load_state_dict(fixed_weights(shapes))
    (HERE / "ltx2_shapes.json").write_text(json.dumps(shapes) + "\n")
    draw = Noise()
    noiser = noisers.GaussianNoiser(None)
    noiser._sample_noise = lambda state: draw(state.latent.shape)
    made = [
        items.VideoConditionByLatentIndex(latent=still(at), strength=strength, latent_idx=0)
        if at == 0
        else items.VideoConditionByKeyframeIndex(
            keyframes=still(at), strength=strength, frame_idx=at
        )
        for at, strength in STILLS
    ]
    shape = kinds.VideoLatentShape(1, CHANNELS, *GRID)
    video = tools.VideoLatentTools(parts.VideoLatentPatchifier(patch_size=1), shape, FPS)
    sound = tools.AudioLatentTools(
        parts.AudioPatchifier(patch_size=1), kinds.AudioLatentShape(1, *SOUND)
    )
    states = [
        helpers.create_noised_state(one, given, noiser, torch.float32, torch.device("cpu"))
        for one, given in ((video, made), (sound, []))
    ]
    found: dict[str, list[Any]] = {"inputs": [], "timesteps": [], "places": []}
    forward = transformer.forward

    def watched(given: Any, *others: Any) -> Any:
        found["inputs"].append(given.latent)
        found["timesteps"].append(given.timesteps[..., 0])
        found["places"].append(given.positions)
        return forward(given, *others)

    transformer.forward = watched
    sigmas = load("ltx_pipelines.utils.constants").DISTILLED_SIGMAS
    with torch.inference_mode():
        state, _ = load("ltx_pipelines.utils.samplers").euler_denoising_loop(
            sigmas=sigmas,
            video_state=states[0],
            audio_state=states[1],
            stepper=load("ltx_core.components.diffusion_steps").EulerDiffusionStep(),
            transformer=model.X0Model(transformer),
            denoiser=load("ltx_pipelines.utils.denoisers").SimpleDenoiser(
                text("video"), text("sound")
            ),
        )
    latents = video.unpatchify(video.clear_conditioning(state)).latent
    return {**{name: torch.stack(values) for name, values in found.items()}, "latents": latents}


def main() -> None:
    """Write ``ltx2.npz`` and ``ltx2_shapes.json``."""
    for name in ("ltx-core", "ltx-pipelines"):
        sys.path.insert(0, str(Path(sys.argv[1]) / "packages" / name / "src"))
    for name in ("torchaudio", "OpenImageIO"):
        # Imported, and not used here.
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules.setdefault(name, module)
    arrays = {name: value.numpy().astype(np.float32) for name, value in recorded().items()}
    np.savez_compressed(HERE / "ltx2.npz", **arrays)


if __name__ == "__main__":
    main()
