"""LTX-2: no noise at keyframes, short embeddings, noise levels, guidance and single files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import Motion, RendererError, Shot
from otio_gvideo.renderers.diffusion import prompt
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import load_file, save_file

from .conftest import lasting
from .test_conditions import call_of
from .test_families import difference, settings_for
from .test_ltx_noise import FRAMES, latents_of, leaves_no_noise


def ltx2(models: Callable[[str], Path], quality: str = "draft", **fields: Any) -> Any:
    """Return the renderer with the presets of its table, apart from ``fields``."""
    upsampler = str(models("ltx2") / "upsampler")
    settings = settings_for("ltx2", models, upsampler=upsampler)
    return renderer_class("ltx2")({**settings, "presets": {quality: fields}}, quality)


@pytest.fixture(scope="module")
def dev(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with the scheduler of the model before distillation."""
    folder = tmp_path_factory.mktemp("ltx2") / "dev"
    shutil.copytree(models("ltx2"), folder)
    path = folder / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "use_dynamic_shifting": True, "shift_terminal": 0.1}))
    return folder


@pytest.fixture
def ideal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[torch.Tensor]]:
    """A denoiser that knows the video, right for the timestep that each token is given.

    Yields the initial latents of every pass.
    """
    from diffusers import LTX2ConditionPipeline, LTX2VideoTransformer3DModel

    noises: list[torch.Tensor] = []
    prepare = LTX2ConditionPipeline.prepare_latents

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        found = prepare(self, *args, **more)
        noises.append(found[0])
        return found

    def predict(
        _: Any, hidden_states: Any, audio_hidden_states: Any, timestep: Any, **__: Any
    ) -> Any:
        video = torch.linspace(-1, 1, hidden_states.shape[1])[None, :, None].sin()
        noise = (timestep[..., None] / 1000).clamp(min=1e-3)
        return (hidden_states - video) / noise, torch.zeros_like(audio_hidden_states)

    monkeypatch.setattr(LTX2ConditionPipeline, "prepare_latents", noted)
    monkeypatch.setattr(LTX2VideoTransformer3DModel, "forward", predict)
    yield noises


@pytest.mark.parametrize("place", ["first", "middle", "last", "overlap", "guide"])
@pytest.mark.parametrize(
    "quality",
    [
        "draft",
        pytest.param("standard", marks=pytest.mark.slow),
        pytest.param("high", marks=pytest.mark.slow),
    ],
)
def test_no_noise_is_left_at_a_keyframe(
    quality: str,
    place: str,
    models: Callable[[str], Path],
    shot: Shot,
    stills: tuple[Path, Path],
    ideal: list[torch.Tensor],
) -> None:
    fields = {"guide": 0.4} if place == "guide" else {}
    with closing(ltx2(models, quality, **fields)) as renderer:
        leaves_no_noise(renderer, quality, place, shot, stills, ideal)


def test_motion_strength_loosens_the_keyframes(models: Callable[[str], Path], shot: Shot) -> None:
    shot = replace(lasting(shot, FRAMES), motion=Motion(strength=0.5))
    other = replace(shot, motion=Motion(strength=0.55))
    assert prompt.prompt_of(other) == prompt.prompt_of(shot)
    with closing(ltx2(models, crf=0)) as renderer:
        tight, loose = (latents_of(renderer, s, call_of(s, FRAMES), []) for s in (shot, other))
    assert float((tight - loose).abs().max()) > 1e-5


def test_a_prompt_takes_the_bytes_of_one_vector_a_token_and_modality(
    models: Callable[[str], Path], shot: Shot
) -> None:
    with closing(ltx2(models)) as renderer:
        wanted = renderer.prompt(shot)
        renderer._encode(wanted)
        kept = renderer._embeddings[wanted]
        tokens, width = 1024, 16 + 16
        assert tuple(kept["prompt_embeds"].shape) == (1, tokens, width)
        held = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
        assert held == tokens * (4 * width + 8)
        pipe = renderer._model.placed(call_of(shot, FRAMES))
        assert pipe.text_encoder is pipe.tokenizer is pipe.vocoder is None


def test_the_distilled_noise_levels_are_lightricks_and_reach_the_model(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import utils

    forward = LTX2VideoTransformer3DModel.forward
    seen: list[float] = []

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        seen.append(float(more["sigma"].max()) / 1000)
        return forward(self, *args, **more)

    monkeypatch.setattr(LTX2VideoTransformer3DModel, "forward", noted)
    shot = replace(lasting(shot, FRAMES), quality="high")
    with closing(ltx2(models, "high")) as renderer:
        latents_of(renderer, shot, call_of(shot, FRAMES), [])
    stage_2 = utils.STAGE_2_DISTILLED_SIGMA_VALUES
    assert seen == pytest.approx([*utils.DISTILLED_SIGMA_VALUES, *stage_2])


def test_the_model_before_distillation_is_recognised_and_guided(
    dev: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    with closing(ltx2(models)) as distilled:
        assert distilled.preset.guidance == 1
    settings = {**settings_for("ltx2", models), "model": str(dev)}
    presets = {"draft": {"steps": 4}}
    with closing(renderer_class("ltx2")({**settings, "presets": presets}, "draft")) as made:
        renderer: Any = made
        assert (renderer.preset.guidance, renderer.preset.stg) == (3.0, 1.0)
        # LTX2Scheduler().execute(4) of ltx-core, whatever the size of the call.
        assert renderer.sigmas() == pytest.approx([1.0, 0.8671, 0.6316, 0.1], abs=1e-4)
        video = list(renderer.generate(shot, call_of(shot, FRAMES), [], lambda *_: None))
        assert len(video) == FRAMES


def test_a_single_file_replaces_the_transformer(
    models: Callable[[str], Path], shot: Shot, tmp_path: Path
) -> None:
    folder = models("ltx2") / "transformer"
    weights = load_file(folder / "diffusion_pytorch_model.safetensors")
    path = tmp_path / "distilled.safetensors"
    save_file({name: 1.5 * value for name, value in weights.items()}, path)
    shot = lasting(shot, FRAMES)
    videos = []
    for more in ({}, {"weights": str(path)}):
        with closing(
            renderer_class("ltx2")({**settings_for("ltx2", models), **more}, "draft")
        ) as renderer:
            made = renderer.generate(shot, call_of(shot, FRAMES), [], lambda *_: None)
            videos.append(list(made))
    assert difference(*videos) > 0


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"model": "Lightricks/LTX-2.5-Diffusers"}, "LTX-2.5-Diffusers is LTX 2.5; supported are"),
        ({"weights": "a/b/ltx-2.4-22b.safetensors"}, "ltx-2.4-22b.safetensors is LTX 2.4; supp"),
    ],
)
def test_another_version_is_refused_by_its_name(settings: dict[str, str], what: str) -> None:
    with pytest.raises(RendererError, match=f"{what}.* LTX-2 and LTX-2.3"):
        renderer_class("ltx2")(settings, "draft")


@pytest.mark.parametrize("version", ["2.5.0", "v3", "2.10"])
def test_another_version_is_refused_by_its_metadata(version: str, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1)}, file, metadata={"model_version": version})
    with pytest.raises(RendererError, match=r"model.safetensors is LTX .* LTX-2 and LTX-2.3"):
        renderer_class("ltx2")({"weights": str(file)}, "draft")
    save_file({"a": torch.zeros(1)}, file, metadata={"model_version": "2.3.1"})
    renderer_class("ltx2")({"weights": str(file)}, "draft")


def test_another_version_is_refused_by_its_configuration(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    renderer_class("ltx2")({"model": str(models("ltx2"))}, "draft")
    folder = shutil.copytree(models("ltx2"), tmp_path / "later")
    file = folder / "transformer" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "use_keyframes_abs_pos_embedding": True}))
    with pytest.raises(RendererError, match=r"later is of a later version than LTX-2.3; supported"):
        renderer_class("ltx2")({"model": str(folder)}, "draft")
