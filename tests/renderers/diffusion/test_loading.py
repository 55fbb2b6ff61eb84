"""Weights: found, rejected, downloaded; never pickles, never the network while rendering."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from otio_gvideo.renderers.base import RendererError, Shot, UnavailableError
from otio_gvideo.renderers.diffusion.model_settings import model_setup
from otio_gvideo.renderers.diffusion.presets import model_preset, model_table
from otio_gvideo.renderers.diffusion.weight_source import WeightSource, parse_source
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class

from . import hub, tiny
from .commands import commands
from .conftest import lasting
from .test_families import difference, rendered, settings_for


def loaded(name: str, settings: dict[str, Any], shot: Shot) -> Any:
    """Return the pipeline that a renderer loaded for its first call."""
    with closing(renderer_class(name)(settings, "draft")) as renderer:
        made: Any = renderer
        list(run_renderer.frames(made, lasting(shot, 9), lambda *_: None))
        return made._model.pipe


@pytest.mark.slow
def test_a_folder_with_another_pipeline_and_schedule_in_its_index_loads(
    tmp_path: Path, shot: Shot, models: Callable[[str], Path]
) -> None:
    # As in the folders of 0.9.0 and 0.9.1; the pipeline would fail with it.
    folder = tiny.ltx(tmp_path / "ltx", use_dynamic_shifting=True)
    assert json.loads((folder / "model_index.json").read_text())["_class_name"] == "LTXPipeline"
    pipe = loaded("ltx", {**settings_for("ltx", models), "model": str(folder)}, shot)
    assert type(pipe).__name__ == "LTXConditionPipeline"
    assert not pipe.scheduler.config.use_dynamic_shifting
    assert pipe.text_encoder is None


@pytest.mark.slow
def test_libraries_print_nothing_while_a_model_runs(
    shot: Shot, models: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for("ltx", models)
    capfd.readouterr()
    rendered("ltx", settings, lasting(shot, 9))
    output = capfd.readouterr()
    assert output.out == output.err == ""


def _with_pickle(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder)
    safe = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    safe.rename(safe.with_suffix(".bin"))
    return folder


@pytest.mark.slow
def test_pickles_from_any_source_are_rejected_with_the_reason(
    tmp_path: Path, shot: Shot, models: Callable[[str], Path]
) -> None:
    folder = _with_pickle(models("ltx"), tmp_path / "pickled")
    with pytest.raises(RendererError, match=r"model\.bin: a \.bin file is a pickle, which can run"):
        rendered("ltx", {**settings_for("ltx", models), "model": str(folder)}, shot)
    for setting in (
        {"weights": "some/repo/model.ckpt"},
        {"loras": [{"model": "/a/lora.pt"}]},
        {"camera_loras": {"push_in": "/a/lora.bin"}},
    ):
        with pytest.raises(RendererError, match="is a pickle"):
            renderer_class("animatediff")({**setting}, "draft")
    from dataclasses import replace

    from otio_gvideo.renderers.base import Lora

    with_pickle = replace(shot, motion=replace(shot.motion, loras=(Lora(tmp_path / "x.pth", 1.0),)))
    with pytest.raises(RendererError, match="is a pickle"):
        rendered("ltx", settings_for("ltx", models), with_pickle)


@pytest.mark.slow
def test_a_folder_without_a_model_is_reported_in_one_line(
    tmp_path: Path, shot: Shot, models: Callable[[str], Path]
) -> None:
    settings = settings_for("ltx", models)
    (tmp_path / "empty").mkdir()
    for folder, what in (
        (tmp_path / "nowhere", "model folder not found"),
        (tmp_path / "empty", "no model_index.json"),
        (models("svd"), "cannot be loaded as LTXConditionPipeline"),
    ):
        with pytest.raises(RendererError) as caught:
            rendered("ltx", {**settings, "model": str(folder)}, shot)
        assert what in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_variant_is_loaded_by_its_name(
    tmp_path: Path, shot: Shot, models: Callable[[str], Path]
) -> None:
    from diffusers import StableVideoDiffusionPipeline

    pipe = StableVideoDiffusionPipeline.from_pretrained(models("svd"))
    pipe.save_pretrained(tmp_path / "svd", variant="fp16")
    settings = {**settings_for("svd", models), "model": str(tmp_path / "svd")}
    with pytest.raises(RendererError, match="cannot be loaded"):
        rendered("svd", settings, shot)
    assert len(rendered("svd", {**settings, "variant": "fp16"}, lasting(shot, 9))) == 9


def lightricks_file(folder: Path, file: Path, scale: float) -> None:
    """Save a folder's transformer under the names of Lightricks' own checkpoints."""
    from safetensors.torch import load_file, save_file

    names = {
        "proj_in": "patchify_proj",
        "time_embed": "adaln_single",
        "norm_q": "q_norm",
        "norm_k": "k_norm",
    }
    tensors = {}
    part = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    for name, tensor in load_file(part).items():
        for new, old in names.items():
            name = name.replace(new, old)  # noqa: PLW2901
        tensors[f"model.diffusion_model.{name}"] = tensor * scale
    save_file(tensors, file)


@pytest.mark.slow
def test_a_single_file_replaces_the_transformer(
    tmp_path: Path, shot: Shot, models: Callable[[str], Path]
) -> None:
    settings = settings_for("ltx", models)
    short = lasting(shot, 9)
    plain = rendered("ltx", settings, short)
    for scale, is_same in ((1.0, True), (1.5, False)):
        file = tmp_path / f"{scale}.safetensors"
        lightricks_file(models("ltx"), file, scale)
        made = rendered("ltx", {**settings, "weights": str(file)}, short)
        assert (difference(plain, made) == 0) is is_same


def test_the_default_single_file_goes_with_the_default_folder_only() -> None:
    assert str(model_setup("ltx", {}, "draft").weights).endswith(
        "ltxv-2b-0.9.8-distilled.safetensors"
    )
    assert model_setup("ltx", {"model": "/models/mine"}, "draft").weights is None
    assert model_setup("svd", {}, "draft").variant == "fp16"
    assert model_setup("svd", {"model": "/models/mine"}, "draft").variant is None
    assert "upsampler" not in model_setup("ltx", {}, "standard").parts
    assert "upsampler" in model_setup("ltx", {}, "high").parts


def test_weight_sources_parse_in_every_notation() -> None:
    assert parse_source("a/b") == WeightSource("a/b")
    assert parse_source("a/b/c/d.safetensors") == WeightSource("a/b", file="c/d.safetensors")
    assert parse_source("/a/b") == WeightSource("/a/b")
    assert parse_source({"model": "a/b", "revision": "x", "file": "y"}) == WeightSource(
        "a/b", "x", "y"
    )
    for wrong in ("", "model", 3, None, {"revision": "x"}):
        with pytest.raises(RendererError):
            parse_source(wrong)


def test_every_preset_is_complete_and_within_its_models_training() -> None:
    for name, rows in model_table().items():
        for quality in ("draft", "standard", "high"):
            preset = model_preset(name, quality, {})
            assert preset.steps > 0
            # Larger portrait frames lose their colours; LTX's second pass restores them.
            assert preset.max_pixels <= (1088 * 1920 if preset.refine else 704 * 1280)
        assert set(rows["weights"]) >= {"model", "licence", "tells_viewers"}
    ltx = model_preset("ltx", "standard", {})
    assert len(ltx.timesteps) == ltx.steps == 7
    assert 0 not in ltx.timesteps
    assert ltx.noise == pytest.approx(0.15)
    assert (ltx.overlap - 1) % 8 == 0
    assert ltx.frames <= 257


def test_fields_of_presets_are_checked() -> None:
    assert model_preset("svd", "draft", {"steps": 3, "guidance": 1}).steps == 3
    for wrong in ({"stops": 3}, {"steps": "three"}, {"steps": True}, {"timesteps": 4}):
        with pytest.raises(RendererError, match=r"presets\.draft"):
            model_preset("svd", "draft", wrong)
    # Of another renderer's presets.
    for name, field in (("ltx", "strength"), ("wan", "guide"), ("animatediff", "noise")):
        with pytest.raises(RendererError, match=f"{field!r} is not a field; "):
            model_preset(name, "draft", {field: 0.5})


@pytest.mark.slow
def test_a_tokenizer_with_only_a_sentencepiece_model_loads(tmp_path: Path) -> None:
    # Unlike the tiny ones here, the published LTX-Video and Wan have no tokenizer.json.
    import sentencepiece
    from transformers import AutoTokenizer

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(f"a lamp above the sea number {n}" for n in range(200)))
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "spiece"),
        vocab_size=45,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    (folder / "spiece.vocab").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer"}')
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = tokenizer("a lamp").input_ids
    assert ids[-1] == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a lamp"


@pytest.mark.slow
def test_models_are_pulled_once_and_render_without_a_network(
    tmp_path: Path, shot: Shot, stills: tuple[Path, Path], models: Callable[[str], Path]
) -> None:
    published = _published(models("ltx"), tmp_path / "published")
    config = tmp_path / "video_config.yaml"
    config.write_text(
        "renderers:\n"
        "  ltx:\n"
        "    model: acme/tiny-ltx\n"
        f"    weights: acme/tiny-ltx/{FILE}\n"
        "    device: cpu\n"
        "    presets: {draft: {steps: 2, timesteps: [1000, 500], guidance: 1}}\n"
        "  wan: {model: acme/gated}\n"
        "  svd: {model: acme/nowhere}\n"
    )
    repositories = {"acme/tiny-ltx": published, "acme/gated": published}
    with hub.serving(repositories, frozenset({"acme/gated"})) as (address, asked):
        env = {
            **os.environ,
            "HF_HOME": str(tmp_path / "home"),
            "HF_ENDPOINT": address,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
        }

        pull = ("models", "pull", "--config", str(config), "--quality", "draft")
        (pulled,) = commands((*pull, "ltx"), env=env)
        assert pulled.status == 0, pulled.err
        assert f"acme/tiny-ltx at {hub.COMMIT[:12]}" in pulled.out
        pins = yaml.safe_load(pulled.out[pulled.out.index("\nrenderers:") :])
        file = {"model": "acme/tiny-ltx", "revision": hub.COMMIT, "file": FILE}
        assert pins == {"renderers": {"ltx": {"revision": hub.COMMIT, "weights": file}}}
        assert not [name for name in asked if name.endswith((".bin", ".md"))]
        assert "acme/tiny-ltx/vae/diffusion_pytorch_model.safetensors" in asked
        before = len(asked)
        again, gated, missing, listed = commands(
            (*pull, "ltx"),
            (*pull, "wan"),
            (*pull, "svd"),
            ("models", "list", "--config", str(config)),
            env=env,
        )
        assert again.status == 0
        assert len(asked) == before
        assert gated.status == missing.status == 1
        assert "accept its licence" in gated.err
        assert "HF_TOKEN" in gated.err
        assert "acme/nowhere is not on the hub" in missing.err
        assert (gated.err + missing.err).count("\n") == 2
        assert re.search(r"here +6\.6 MB  acme/tiny-ltx\n", listed.out)
    # The hub is down, and HF_HUB_OFFLINE is not set.
    code = (
        "import sys, json, pathlib\n"
        "from fractions import Fraction\n"
        "from otio_gvideo.renderers.fit import run_renderer\n"
        "from otio_gvideo.renderers.base import Keyframe, Shot\n"
        "from otio_gvideo.renderers.registry import renderer_class\n"
        "key = Keyframe(pathlib.Path(sys.argv[1]), 0)\n"
        "shot = Shot(64, 112, Fraction(24), 9, 0, 0, 0, 9, (key,), prompt='x', quality='draft')\n"
        "for revision in (sys.argv[2], 'f' * 40):\n"
        "    settings = {'model': 'acme/tiny-ltx', 'revision': revision, 'device': 'cpu'}\n"
        "    renderer = renderer_class('ltx')(settings, 'draft')\n"
        "    try:\n"
        "        print(len(list(run_renderer.frames(renderer, shot, lambda *_: None))))\n"
        "    except Exception as error:\n"
        "        print(error)\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(stills[0]), hub.COMMIT],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    assert made.stdout.splitlines() == [
        "9",
        f"acme/tiny-ltx@{'f' * 40} is not on this machine; fetch it: otio-gvideo models pull ltx",
    ]


FILE = "transformer/diffusion_pytorch_model.safetensors"
"""A single file of weights, which is pinned by itself."""


def _published(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("upsampler"))
    (folder / "README.md").write_text("a model")
    (folder / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    return folder


def test_a_missing_device_is_named(shot: Shot, models: Callable[[str], Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    settings = {**settings_for("svd", models), "device": "cuda"}
    with pytest.raises(UnavailableError, match="has no cuda device; set device: auto"):
        rendered("svd", settings, shot)


@pytest.mark.slow
def test_compile_compiles_the_denoisers_blocks(
    shot: Shot, models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    compiled: list[object] = []
    kind = diffusers.LTXVideoTransformer3DModel
    monkeypatch.setattr(kind, "compile_repeated_blocks", lambda model: compiled.append(model))  # noqa: PLW0108 - bound to its model
    rendered("ltx", settings_for("ltx", models, compile=True), lasting(shot, 9))
    assert len(compiled) == 1


@pytest.mark.slow
def test_the_second_pass_works_at_twice_the_size(shot: Shot, models: Callable[[str], Path]) -> None:
    short = lasting(shot, 9)
    presets = {"draft": {"timesteps": [1000.0, 500.0], "refine": [900.0, 400.0], "steps": 2}}
    settings = settings_for(
        "ltx", models, presets=presets, upsampler=str(models("ltx") / "upsampler")
    )
    steps: list[tuple[int, int]] = []
    with closing(renderer_class("ltx")(settings, "draft")) as renderer:
        assert renderer.limits.multiple == 64
        from otio_gvideo.renderers.fit.planner import plan

        call = plan(short, renderer.limits).calls[0]
        frames = list(renderer.generate(short, call, [], lambda *step: steps.append(step)))
    assert steps[1:] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert frames[0].shape == (128, 64, 3)
    assert np.ptp(frames[0]) > 8
