"""Wan held against its authors' pipelines, by the figures of ``reference/record_wan.py``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Shot
from otio_gvideo.renderers.diffusion.presets import model_preset
from otio_gvideo.renderers.diffusion.wan import flow_scheduler
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import save_file

from .reference import record_wan as recording
from .reference.fixed_weights import fixed_weights

FOLDER = Path(__file__).parent / "reference"
EXPERTS = {"5b": ("high.",), "a14b": ("high.", "low.")}


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, Any]:
    """The figures of Wan's pipelines."""
    with np.load(FOLDER / "wan.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def model_of(kind: str, models: Callable[[str], Path], folder: Path) -> Path:
    """Return a tiny model's folder with the weights of the recording."""
    from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers

    shutil.copytree(models(f"wan_{kind}"), folder)
    shapes = json.loads((FOLDER / "wan_shapes.json").read_text())[kind]
    for number, prefix in enumerate(EXPERTS[kind], 1):
        converted = convert_wan_transformer_to_diffusers(fixed_weights(shapes, prefix))
        part = "transformer" if number == 1 else f"transformer_{number}"
        save_file(converted, folder / part / "diffusion_pytorch_model.safetensors")
    recording.vae().save_pretrained(folder / "vae")
    return folder


def ours(kind: str, folder: Path, shot: Shot) -> dict[str, Any]:
    """Return what our renderer does with the recording's picture, prompts and seed."""
    preset = {"steps": recording.STEPS, "shift": recording.SHIFTS[kind]}
    if kind == "a14b":
        preset |= {"guidance": 4.5, "guidance_2": 3.5}
    settings = {"model": str(folder), "device": "cpu", "presets": {"standard": preset}}
    call = Call(
        width=recording.WIDTH,
        height=recording.HEIGHT,
        fps=Fraction(16),
        frames=recording.FRAMES,
        first=0,
        keyframes=(),
        overlap=1,
        seed=recording.SEED,
    )
    found: dict[str, Any] = {"is_high": [], "timesteps": [], "inputs": [], "condition": []}
    with closing(renderer_class("wan")(settings, "standard")) as renderer:
        made: Any = renderer
        made._embeddings[made.prompt(shot)] = {
            f"{name}prompt_embeds": torch.nn.functional.pad(
                recording.embedding(prompt), (0, 0, 0, 512 - recording.TEXT[prompt])
            )[None]
            for name, prompt in (("", "positive"), ("negative_", "negative"))
        }
        pipe = made._model.placed(call)
        for part in ("transformer", "transformer_2"):
            model = getattr(pipe, part, None)
            if model is not None:
                _watch(model, part, found)
        with torch.inference_mode():
            latents = made.denoise(pipe, shot, call, [recording.picture()], lambda *_: None)
        found["sigmas"] = pipe.scheduler.sigmas
    # Each step is with the prompt, then without it.
    steps = {name: found[name][::2] for name in ("timesteps", "inputs")}
    return {
        "sigmas": found["sigmas"],
        "is_high": torch.tensor(found["is_high"][::2]),
        "timesteps": torch.stack(steps["timesteps"]),
        "inputs": torch.stack([one[:16] for one in steps["inputs"]]),
        "condition": steps["inputs"][0][16:],
        "latents": latents[0],
    }


def _watch(model: Any, part: str, found: dict[str, Any]) -> None:
    forward = model.forward

    def noted(hidden_states: Any, timestep: Any, **more: Any) -> Any:
        found["is_high"].append(part == "transformer")
        found["inputs"].append(hidden_states[0])
        found["timesteps"].append(timestep[0])
        return forward(hidden_states=hidden_states, timestep=timestep, **more)

    model.forward = noted


def assert_equal(one: Any, other: Any) -> None:
    torch.testing.assert_close(one.float(), other.float(), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", ("5b", "a14b"))
def test_every_step_is_that_of_wans_own_pipeline(
    kind: str,
    recorded: Mapping[str, Any],
    models: Callable[[str], Path],
    tmp_path: Path,
    shot: Shot,
) -> None:
    found = ours(kind, model_of(kind, models, tmp_path / kind), shot)
    names = ["sigmas", "is_high", "timesteps", "inputs", "latents"]
    for name in [*names, *(["condition"] if kind == "a14b" else [])]:
        assert_equal(found[name], recorded[f"{kind}.{name}"])


def test_the_keyframes_latent_is_in_the_video_of_5b_without_any_noise(
    recorded: Mapping[str, Any], models: Callable[[str], Path], tmp_path: Path, shot: Shot
) -> None:
    one = ours("5b", model_of("5b", models, tmp_path / "5b"), shot)
    # The first input's first frame is the encoded picture, and its tokens are at timestep 0.
    assert_equal(one["latents"][:, 0], recorded["5b.inputs"][0][:, 0])
    assert not one["timesteps"].reshape(recording.STEPS, 3, -1)[:, 0].any()


def test_the_presets_have_the_sigmas_of_wans_configurations(recorded: Mapping[str, Any]) -> None:
    for quality, variant, name in (
        ("draft", None, "20.3"),
        ("standard", None, "30.5"),
        ("high", None, "50.5"),
        ("high", "a14b", "40.5"),
    ):
        preset = model_preset("wan", quality, {}, variant)
        scheduler = flow_scheduler(preset)
        scheduler.set_timesteps(preset.steps)
        torch.testing.assert_close(scheduler.sigmas, recorded[f"sigmas.{name}"])
        assert torch.equal(scheduler.timesteps, recorded[f"timesteps.{name}"])


def test_a_still_is_cropped_as_wan_crops_it(tmp_path: Path, shot: Shot) -> None:
    from otio_gvideo.renderers.base import Keyframe
    from otio_gvideo.renderers.diffusion.conditioning import conditioning_image
    from PIL import Image

    y, x = np.mgrid[:300, :400]
    wide = np.stack([x * 255 / 400, y * 255 / 300, (x + y) * 255 / 700], -1).astype(np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    shown = replace(shot, keyframes=(Keyframe(tmp_path / "wide.png", 0),))
    call = Call(64, 112, Fraction(24), 9, 0, shown.keyframes, 0, 1)
    cropped = conditioning_image(tmp_path / "wide.png", shown, call)
    # Scaled to cover, by Lanczos, and cut about the middle.
    covering = Image.fromarray(wide).resize((round(400 * 112 / 300), 112), Image.Resampling.LANCZOS)
    left = (covering.width - 64) // 2
    expected = np.asarray(covering.crop((left, 0, left + 64, 112)))
    # Through YUV 4:2:0, as all frames here: off by a level or two.
    assert np.abs(cropped.astype(float) - expected).mean() < 1.5
