"""AnimateDiff held against its authors' code, by what ``record_animatediff`` recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Motion, Shot
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import save_file

from .conftest import lasting
from .reference import record_animatediff as recording
from .reference.fixed_weights import fixed_weights

FOLDER = Path(__file__).parent / "reference"


def model_of_the_recording(tiny: Path, folder: Path) -> dict[str, Any]:
    """Save its UNet in a pipeline's folder, and its motion module as the authors publish theirs."""
    from diffusers import MotionAdapter, UNet2DConditionModel

    shapes = json.loads((FOLDER / "animatediff_shapes.json").read_text())
    weights = fixed_weights(shapes)
    motion = {name: weight for name, weight in weights.items() if "motion_modules" in name}
    shutil.copytree(tiny, folder / "model")
    unet = UNet2DConditionModel(
        **recording.UNET,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    unet.load_state_dict({name: weights[name] for name in weights.keys() - motion.keys()})
    unet.save_pretrained(folder / "model" / "unet")
    adapter = MotionAdapter(
        block_out_channels=recording.BLOCKS,
        motion_layers_per_block=recording.LAYERS,
        motion_num_attention_heads=recording.HEADS,
        motion_max_seq_length=recording.POSITIONS,
    )
    adapter.save_config(folder / "motion")
    save_file(motion, folder / "motion" / "mm_sd_v15_v2.safetensors")
    return {
        "model": str(folder / "model"),
        "adapter": str(folder / "motion" / "mm_sd_v15_v2.safetensors"),
        "device": "cpu",
        "presets": {"draft": {"steps": recording.STEPS, "guidance": recording.GUIDANCE}},
    }


def test_every_step_is_that_of_the_authors_loop(
    models: Callable[[str], Path], tmp_path: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = model_of_the_recording(models("animatediff"), tmp_path)
    found: dict[str, list[Any]] = {"inputs": [], "timesteps": []}
    side = 8 * recording.SIDE
    call = Call(side, side, Fraction(8), recording.FRAMES, 0, shot.keyframes, 0, 3)
    still = replace(lasting(shot, 48), motion=Motion())
    with closing(renderer_class("animatediff")(settings, "draft")) as renderer:
        made: Any = renderer
        pipe = made._model.placed(call)
        given = made._conditions
        # All of the schedule: the authors have no video to start from.
        monkeypatch.setattr(made, "_conditions", lambda *a: {**given(*a), "strength": 1.0})
        monkeypatch.setattr(pipe, "prepare_latents", lambda **_: recording.noise())
        texts = recording.texts().repeat_interleave(recording.FRAMES, dim=0)
        monkeypatch.setattr(pipe, "_encode_prompt_free_noise", lambda **_: (texts, None))
        forward = pipe.unet.forward

        def watched(latents: Any, timestep: Any, **more: Any) -> Any:
            found["inputs"].append(latents[1:])
            found["timesteps"].append(timestep)
            return forward(latents, timestep, **more)

        monkeypatch.setattr(pipe.unet, "forward", watched)
        with torch.inference_mode():
            latents = made.denoise(pipe, still, call, [], lambda *_: None)
    with np.load(FOLDER / "animatediff.npz") as file:
        theirs = {name: torch.from_numpy(file[name]) for name in file.files}
    assert torch.equal(torch.stack(found["timesteps"]), theirs["timesteps"])
    # The sums of single precision of another release of PyTorch.
    close = {"rtol": 2e-4, "atol": 2e-4}
    torch.testing.assert_close(torch.stack(found["inputs"]), theirs["inputs"], **close)
    torch.testing.assert_close(latents, theirs["latents"], **close)
