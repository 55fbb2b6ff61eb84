"""What a model lacks on this machine is found before a run does any work."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from otio_gvideo.compiler import (
    InputError,
    Progress,
    compile_script,
    plan_script,
    render_timeline,
)
from otio_gvideo.compiler.cli import main
from otio_gvideo.renderers.base import Keyframe, RendererError, Shot
from otio_gvideo.renderers.diffusion import requirements
from otio_gvideo.renderers.diffusion.card import Card, fit_text, preset_gb, refuse_small_card
from otio_gvideo.renderers.diffusion.diffusion_renderer import DiffusionRenderer
from otio_gvideo.renderers.diffusion.missing_weights import weight_problems, weights_state
from otio_gvideo.renderers.diffusion.model_settings import ModelSetup, model_setup
from otio_gvideo.renderers.diffusion.requirements import requirement_problems
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class

from . import hub
from .test_families import settings_for

WEIGHTS = "diffusion_pytorch_model.safetensors"


def setup_of(folder: Path, **settings: Any) -> ModelSetup:
    return model_setup("ltx", {"model": str(folder), **settings}, "draft")


@pytest.fixture
def copied(tmp_path: Path, models: Callable[[str], Path]) -> Path:
    """A pipeline's folder that a test may damage."""
    return shutil.copytree(
        models("ltx"), tmp_path / "ltx", ignore=shutil.ignore_patterns("upsampler")
    )


def sharded(part: Path) -> None:
    """Split a part's weights into two files with an index, as large ones are published."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(part / WEIGHTS)
    names = sorted(tensors)
    shards = {
        f"diffusion_pytorch_model-0000{n}-of-00002.safetensors": names[n - 1 :: 2] for n in (1, 2)
    }
    for file, own in shards.items():
        save_file({name: tensors[name] for name in own}, part / file)
    weight_map = {name: file for file, own in shards.items() for name in own}
    (part / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": weight_map}))
    (part / WEIGHTS).unlink()


@pytest.mark.slow
def test_a_whole_folder_has_no_problems_in_any_family(
    shot: Shot, models: Callable[[str], Path]
) -> None:
    for name in ("ltx", "ltx2", "svd", "animatediff", "wan"):
        own = replace(shot, settings=settings_for(name, models))
        assert requirement_problems(name, [own], 16) == [], name


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda f: shutil.rmtree(f / "vae"), "vae/ is missing"),
        (lambda f: (f / "vae" / "config.json").unlink(), "vae/config.json is missing"),
        (lambda f: (f / "vae" / WEIGHTS).unlink(), "vae/*.safetensors is missing"),
        (lambda f: shutil.rmtree(f / "tokenizer"), "tokenizer/ is missing"),
        (lambda f: (f / "model_index.json").unlink(), "no model_index.json: not a folder of a"),
        (lambda f: cut(f / "vae" / WEIGHTS), f"vae/{WEIGHTS} is cut off: its last 1.0 kB"),
        (lambda f: (f / "vae" / WEIGHTS).write_bytes(b"x"), f"vae/{WEIGHTS} is cut off or dam"),
        (
            lambda f: (f / "vae" / WEIGHTS).write_text("version https://git-lfs.github.com/spec"),
            f"vae/{WEIGHTS} is a pointer of Git LFS; run git lfs pull",
        ),
    ],
)
def test_an_incomplete_folder_is_named_with_what_it_lacks(
    copied: Path, damage: Callable[[Path], object], fault: str
) -> None:
    damage(copied)
    (problem,) = weight_problems(setup_of(copied))
    assert problem.startswith(f"{copied}: {fault}")
    assert "\n" not in problem


def cut(path: Path) -> None:
    """Cut the end off, as an interrupted copy does."""
    path.write_bytes(path.read_bytes()[:-1000])


def test_a_missing_shard_is_named(copied: Path) -> None:
    sharded(copied / "transformer")
    assert weight_problems(setup_of(copied)) == []
    shard = "diffusion_pytorch_model-00002-of-00002.safetensors"
    (copied / "transformer" / shard).unlink()
    assert weight_problems(setup_of(copied)) == [f"{copied}: transformer/{shard} is missing"]


def test_a_variant_is_whole_with_its_own_files(copied: Path) -> None:
    for part in ("transformer", "vae"):
        (copied / part / WEIGHTS).rename(copied / part / "diffusion_pytorch_model.fp16.safetensors")
    # The text encoder has no variant: its plain files are loaded.
    assert weight_problems(setup_of(copied, variant="fp16")) == []
    cut(copied / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    (problem,) = weight_problems(setup_of(copied, variant="fp16"))
    assert "vae/diffusion_pytorch_model.fp16.safetensors is cut off" in problem


def test_parts_that_a_single_file_replaces_may_be_missing(copied: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(copied / "transformer" / WEIGHTS)
    (copied / "transformer" / WEIGHTS).unlink()
    single = copied.parent / "single.safetensors"
    save_file(tensors, single)
    setup = setup_of(copied, weights=str(single))
    assert weight_problems(setup) == []
    (copied / "vae" / WEIGHTS).unlink()
    assert weight_problems(setup) == [f"{copied}: vae/*.safetensors is missing"]
    save_file({**tensors, "vae.decoder.x": tensors["proj_in.bias"].clone()}, single)
    assert weight_problems(setup) == []
    single.unlink()
    assert weight_problems(setup) == [f"{single}: model file not found"]


def test_pickles_are_named_before_anything_is_loaded(copied: Path) -> None:
    (copied / "vae" / WEIGHTS).rename(copied / "vae" / "model.bin")
    (problem,) = weight_problems(setup_of(copied))
    assert "is a pickle" in problem
    with pytest.raises(RendererError):
        setup = setup_of(copied)
        weights_state(setup.model, setup)


def test_a_missing_torchao_and_device_are_named(copied: Path, shot: Shot) -> None:
    import torch

    settings = {"model": str(copied), "quantization": "int8"}
    (problem,) = requirement_problems("ltx", [replace(shot, settings=settings)], 16)
    assert problem == "quantization int8 needs torchao: pip install torchao"
    if not torch.cuda.is_available():
        settings = {"model": str(copied), "device": "cuda"}
        (problem,) = requirement_problems("ltx", [replace(shot, settings=settings)], 16)
        assert problem == "ltx: this machine has no cuda device; set device: auto"


def test_a_card_that_no_offloading_fits_is_refused_with_what_would_fit() -> None:
    full = Shot(1080, 1920, Fraction(24), 240, 0, 0, 0, 240, (Keyframe(Path(), 0),))
    small, enough = Card("a card", 3.0, 4.0), Card("a card", 3.0, 16.0)
    for name in ("ltx", "ltx2", "svd", "animatediff", "wan"):
        renderer = renderer_class(name)({}, "standard")
        assert isinstance(renderer, DiffusionRenderer)
        call = plan(full, renderer.limits).calls[0]
        # Memory in use by others may be free later.
        refuse_small_card(renderer, call, enough)
        with pytest.raises(RendererError) as caught:
            refuse_small_card(renderer, call, small)
        assert str(caught.value).startswith(f"{name} standard needs ")
        assert "a card has 4.0 GB; set memory_gb: 4 for shorter calls" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit_into_main_memory_are_refused_on_the_cpu(
    copied: Path, shot: Shot
) -> None:
    own = replace(shot, settings={"model": str(copied), "device": "cpu"})
    assert requirement_problems("ltx", [own], 0.05) == []
    (problem,) = requirement_problems("ltx", [own], 0.001)
    assert problem == (
        "ltx needs 0.0 GB of memory on the CPU, and 0.0 GB are free; use a GPU, or the renderer "
        "camera or parallax"
    )


def test_presets_that_fit_a_card_are_told_from_those_that_do_not() -> None:
    needed = preset_gb("ltx", {})
    assert list(needed) == ["draft", "standard", "high"]
    assert 3 < needed["draft"] < needed["standard"] < needed["high"] < 16
    needed = {"draft": 4.9, "standard": 5.1, "high": 9.1}
    amounts = "draft 4.9 GB, standard 5.1 GB, high 9.1 GB"
    for free, text in (
        (16.0, f"{amounts}: all fit"),
        (8.0, "draft 4.9 GB, standard 5.1 GB fit; high 9.1 GB does not"),
        (5.0, "draft 4.9 GB fits; standard 5.1 GB, high 9.1 GB do not"),
        (4.0, f"{amounts}: none fits"),
    ):
        assert fit_text(needed, Card("a card", free, 16.0)) == text
    assert fit_text(needed, None) == f"{amounts}; no GPU here"
    assert preset_gb("wan", {"model": "acme/unknown"}) == {}


@pytest.mark.parametrize("command", [["models", "list"], ["models", "list", "--json"]])
def test_the_list_is_readable_in_80_columns(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    out = capsys.readouterr().out
    if "--json" in command:
        ltx = next(one for one in json.loads(out) if one["renderer"] == "ltx")
        assert set(ltx["memory_gb"]) == {"draft", "standard", "high"}
        return
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"missing +about 34 GB  Wan-AI/", out)
    assert "stable-video-diffusion-img2vid-xt (gated)" in out


def test_doctor_says_what_each_renderer_can_do_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    renderers = {line.split()[1]: line for line in lines if line.startswith("renderer ")}
    assert renderers["camera:"].endswith("ready")
    for name in ("ltx", "ltx2", "svd", "animatediff", "wan"):
        line = renderers[f"{name}:"]
        assert "CPU: " in line or " GB" in line
        assert line.endswith(f"; weights missing: otio-gvideo models pull {name}")


def in_hub_cache(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy a model into a cache of the hub as acme/tiny-ltx, and return its folder there."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    storage = tmp_path / "hub" / "models--acme--tiny-ltx"
    shutil.copytree(folder, storage / "snapshots" / hub.COMMIT)
    (storage / "refs").mkdir()
    (storage / "refs" / "main").write_text(hub.COMMIT)
    return storage


def test_a_partial_download_is_incomplete_and_a_gated_model_says_so(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    setup = model_setup("ltx", {"model": "acme/tiny-ltx"}, "draft")
    pull = "otio-gvideo models pull ltx"
    assert weight_problems(setup) == [f"acme/tiny-ltx is not on this machine; fetch it: {pull}"]
    storage = in_hub_cache(copied, tmp_path, monkeypatch)
    assert weight_problems(setup) == []
    (storage / "snapshots" / hub.COMMIT / "vae" / WEIGHTS).unlink()
    fault = "acme/tiny-ltx is incomplete (vae/*.safetensors is missing); fetch the rest: "
    assert weight_problems(setup) == [fault + pull]
    (gated,) = weight_problems(model_setup("svd", {}, "draft"))
    assert "accept its licence at https://huggingface.co/stabilityai/" in gated
    assert gated.endswith("set HF_TOKEN, then otio-gvideo models pull svd")
    assert "\n" not in gated


CONFIG = """\
renderers:
  ltx:
    model: {model}
    device: cpu
    motion_guard: false
    presets: {{draft: {{steps: 1, timesteps: [1000]}}}}
"""


def stages(path: Path, **options: Any) -> list[str]:
    """Return the stages that a refused compile began."""
    begun: list[Progress] = []
    with pytest.raises(InputError):
        compile_script(path, on_progress=begun.append, **options)
    return list(dict.fromkeys(step.stage for step in begun))


def test_missing_weights_are_reported_before_alignment_and_nothing_is_written(
    project: Path, copied: Path
) -> None:
    (project.parent / "video_config.yaml").write_text(CONFIG.format(model=copied))
    (copied / "vae" / WEIGHTS).unlink()
    with pytest.raises(InputError) as caught:
        compile_script(project, renderer="ltx", quality="draft")
    (problem,) = caught.value.problems
    assert problem.where == "renderers.ltx"
    assert (problem.line, problem.column) == (3, 5)
    assert problem.what == f"{copied}: vae/*.safetensors is missing"
    assert stages(project, renderer="ltx", quality="draft") == ["read"]
    assert not (project.parent / "build").exists()
    # A timeline with stills needs no model.
    compile_script(project, renderer="ltx", quality="draft", until="timeline")


def test_a_small_card_is_reported_before_alignment(
    project: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CONFIG.format(model=copied).replace("    device: cpu\n", "")
    (project.parent / "video_config.yaml").write_text(text)
    monkeypatch.setattr(requirements, "pick_device", lambda *_: "cuda")
    monkeypatch.setattr(requirements, "find_card", lambda: Card("a card", 0.4, 0.5))
    with pytest.raises(InputError, match=r"ltx draft needs 1\.\d GB for a call of") as caught:
        compile_script(project, renderer="ltx", quality="draft")
    assert len(caught.value.problems) == 1
    assert stages(project, renderer="ltx", quality="draft") == ["read"]
    assert not (project.parent / "build").exists()


@pytest.fixture
def short(project: Path) -> Path:
    """A script of half a silent second that a model of the hub renders."""
    project.write_text(
        "version: 1\ntitle: breath\noutput: {width: 64, height: 112, fps: 24}\nscenes:\n"
        "  - {id: breath, duration: 0.5, keyframe: stills/green.png, renderer: ltx, "
        "quality: draft}\n"
    )
    (project.parent / "video_config.yaml").write_text(CONFIG.format(model="acme/tiny-ltx"))
    return project


@pytest.mark.slow
def test_finished_slots_need_no_weights(
    short: Path, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded = in_hub_cache(copied, tmp_path, monkeypatch)
    first = compile_script(short)
    assert first.video is not None
    away = downloaded.rename(downloaded.with_name("away"))
    assert [slot.is_rendered for slot in plan_script(short).slots] == [True]
    again = compile_script(short)
    assert [slot.reused for slot in again.slots] == [True]
    render_timeline(again.timeline)
    # Another slot, or force, needs them: known after alignment, before anything is written.
    before = again.timeline.read_bytes()
    assert stages(short, force=True) == ["read", "align", "timeline"]
    short.write_text(short.read_text().replace("duration: 0.5", "duration: 0.75"))
    assert stages(short) == ["read", "align", "timeline"]
    with pytest.raises(InputError, match=r"acme/tiny-ltx@0123.* is not on this machine"):
        render_timeline(again.timeline, force=True)
    assert again.timeline.read_bytes() == before
    away.rename(downloaded)
    made = compile_script(short)
    assert [slot.reused for slot in made.slots] == [False]
    assert made.video == first.video
