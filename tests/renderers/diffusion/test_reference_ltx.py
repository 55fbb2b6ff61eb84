"""LTX-Video held against Lightricks' pipeline, by the figures of ``reference/record_ltx.py``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Frame, Keyframe, Shot
from otio_gvideo.renderers.diffusion import conditioning, ltx_family
from otio_gvideo.renderers.diffusion.presets import model_preset
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import save_file

from . import tiny
from .reference import record_ltx as recording
from .reference.fixed_weights import fixed

FOLDER = Path(__file__).parent / "reference"
SIZE, FRAMES = recording.SIZE, recording.FRAMES


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, Any]:
    """The figures of Lightricks' pipeline."""
    with np.load(FOLDER / "ltx.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="module")
def settings(
    models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Settings with the recording's weights: the transformer in Lightricks' own single file."""
    from diffusers.loaders.single_file_utils import convert_ltx_vae_checkpoint_to_diffusers

    folder = tmp_path_factory.mktemp("ltx") / "model"
    shutil.copytree(models("ltx"), folder)
    shapes = json.loads((FOLDER / "ltx_shapes.json").read_text())
    transformer, vae, upsampler = (
        recording.reference_weights(part, shapes) for part in ("transformer", "vae", "upsampler")
    )
    save_file(
        {f"model.diffusion_model.{name}": value for name, value in transformer.items()},
        folder / "ltxv.safetensors",
    )
    # The converter tells the layout of 0.9.5 by the width of this layer.
    name = "encoder.conv_out.conv.weight"
    marked = {f"vae.{key}": value for key, value in vae.items()}
    marked[f"vae.{name}"] = torch.empty(1, 2048, device="meta")
    model = tiny.ltx_vae()
    model.load_state_dict({**convert_ltx_vae_checkpoint_to_diffusers(marked), name: vae[name]})
    model.save_pretrained(folder / "vae")
    save_file(
        upsampler,
        folder / "upsampler" / "latent_upsampler" / "diffusion_pytorch_model.safetensors",
    )
    return {
        "model": str(folder),
        "weights": str(folder / "ltxv.safetensors"),
        "upsampler": str(folder / "upsampler"),
        "device": "cpu",
    }


@contextmanager
def watched(found: dict[str, list[Any]]) -> Iterator[pytest.MonkeyPatch]:
    """Draw the recording's noise, show its stills, and note what the models get."""
    from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel
    from diffusers.models.autoencoders import vae
    from diffusers.pipelines.ltx import pipeline_ltx_condition

    forward, encode = LTXVideoTransformer3DModel.forward, AutoencoderKLLTXVideo.encode
    decode = ltx_family.decode_latents

    def note(name: str, value: torch.Tensor) -> None:
        found.setdefault(name, []).append(value.detach().clone())

    def forwarded(
        self: Any, hidden_states: Any, timestep: Any, video_coords: Any, **more: Any
    ) -> Any:
        note("inputs", hidden_states)
        note("timesteps", timestep / 1000)
        note("places", video_coords)
        return forward(self, hidden_states, timestep=timestep, video_coords=video_coords, **more)

    def encoded(self: Any, media: Any, *args: Any, **more: Any) -> Any:
        note("media", media[:, :, :, ::32, ::32])
        return encode(self, media, *args, **more)

    def decoded(decoder: Any, latents: Any, timestep: Any) -> Any:
        note("decoded", latents)
        note("decode_timestep", timestep)
        return decode(decoder, latents, timestep)

    def still(image: Path, _shot: Shot, call: Call, _crf: int) -> Frame:
        return np.array(recording.plain(image.name, call.width)[0])

    noise = recording.Noise()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "randn_tensor", noise)
        patch.setattr(pipeline_ltx_condition, "randn_tensor", noise)
        patch.setattr(LTXVideoTransformer3DModel, "forward", forwarded)
        patch.setattr(AutoencoderKLLTXVideo, "encode", encoded)
        patch.setattr(ltx_family, "decode_latents", decoded)
        patch.setattr(ltx_family, "conditioning_image", still)
        yield patch


def ours(
    settings: dict[str, Any],
    shot: Shot,
    *,
    quality: str = "standard",
    before: list[Frame] | None = None,
    **fields: Any,
) -> tuple[dict[str, Any], list[Frame]]:
    """Return the figures of our renderer, and its frames.

    Args:
        settings: of the renderer.
        shot: any.
        quality: ``high`` for two passes.
        before: a clip to continue from, instead of the stills.
        fields: of the preset.
    """
    size = 2 * SIZE if quality == "high" else SIZE
    keys = [
        Keyframe(Path(f"still.{number}"), at) for number, (_, at) in enumerate(recording.stills(1))
    ]
    call = Call(
        *(size, size, Fraction(recording.FPS), FRAMES, 0),
        keyframes=() if before else tuple(keys),
        overlap=len(before or ()),
        seed=1,
    )
    found: dict[str, list[Any]] = {}
    made = renderer_class("ltx")({**settings, "presets": {quality: fields}}, quality)
    with closing(made) as renderer, watched(found) as patch:
        ltx: Any = renderer
        ltx._embeddings[ltx.prompt(shot)] = {
            f"{prefix}prompt_{name}": value
            for prefix, kind in (("", "positive"), ("negative_", "negative"))
            for name, value in zip(
                ("embeds", "attention_mask"), recording.embedding(kind), strict=True
            )
        }
        with torch.inference_mode():
            pipe = ltx._model.placed(call)
            latents = ltx.denoise(pipe, shot, call, before or [], lambda *_: None)
        found["latents"] = [latents]
        noise = fixed("decode", latents.shape)
        patch.setattr(torch, "randn", lambda *_, **__: noise)
        frames = list(ltx.decode(pipe, latents, call))
    return recording._stacked(found), frames


def assert_equal(found: Any, recorded: Any) -> None:
    torch.testing.assert_close(
        torch.as_tensor(found).float(), recorded.float(), rtol=2e-5, atol=2e-5
    )


@pytest.mark.parametrize(
    ("run", "fields"),
    [("stills", {}), ("continued", {}), ("guided", {"guidance": recording.GUIDANCE})],
)
def test_every_step_of_one_pass_is_lightricks(
    run: str,
    fields: dict[str, Any],
    settings: dict[str, Any],
    recorded: Mapping[str, Any],
    shot: Shot,
) -> None:
    before = list(recording.plain("clip", SIZE, recording.CLIP)) if run == "continued" else None
    found, _ = ours(settings, shot, before=before, **fields)
    for name in ("media", "inputs", "timesteps", "places"):
        assert_equal(found[name], recorded[f"{run}.{name}"])
    # Lightricks leave noise on what the video is conditioned on; here it is the clean one.
    held = 2 if run == "continued" else 1
    theirs = recorded[f"{run}.latents"]
    assert_equal(found["latents"][..., held:, :, :], theirs[..., held:, :, :])
    clean = found["latents"][..., :held, :, :]
    noise = (theirs[..., :held, :, :] - clean).std()
    assert noise == pytest.approx(recording.NOISE * 0.725**2, rel=0.25)


def test_both_passes_and_the_decoder_are_lightricks(
    settings: dict[str, Any], recorded: Mapping[str, Any], shot: Shot
) -> None:
    found, frames = ours(settings, shot, quality="high", noise=0.0)
    # The upsampled latents, with their statistics restored, are in the second pass's first input.
    for name in ("media", "media.2", "inputs", "inputs.2", "timesteps", "timesteps.2", "places"):
        assert_equal(found[name], recorded[f"two.{name}"])
    assert_equal(found["places.2"], recorded["two.places.2"])
    # Denormalised, with the decoder's noise and timestep.
    assert_equal(found["decoded"], recorded["two.decoded"])
    assert_equal(found["decode_timestep"], recorded["two.decode_timestep"])
    shown = recorded["two.frames"][0, 0].permute(1, 2, 3, 0).numpy() * 255
    assert np.abs(np.stack(frames)[:, ::16, ::16] - shown).max() < 1


def test_the_presets_are_those_of_lightricks_configuration(recorded: Mapping[str, Any]) -> None:
    for quality in ("draft", "standard", "high"):
        preset = model_preset("ltx", quality, {})
        assert preset.noise == recording.NOISE
        steps = recorded["stills.timesteps"][:, 0, -1] * 1000
        assert_equal(preset.timesteps, steps)
        if quality == "high":
            assert_equal(preset.refine, recorded["two.timesteps.2"][:, 0, -1] * 1000)
        assert_equal([preset.decode_timestep], recorded["two.decode_timestep"][0])


def test_a_still_is_blurred_and_compressed_as_lightricks_do(
    recorded: Mapping[str, Any], shot: Shot
) -> None:
    made = conditioning.compress(recorded["still.clean"].numpy(), 29)
    theirs = (recorded["still.prepared"].permute(1, 2, 0).numpy() + 1) * 127.5
    # The rounding of the blur, and another version of x264, may change a level or two.
    assert np.abs(made - theirs).mean() < 0.5
    other = conditioning.compress(recorded["still.clean"].numpy(), 33)
    assert np.abs(other - theirs).mean() > 1
