"""Checkpoints in one file, of every family: 16 bits, 8 bits, 8 bits with scales."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import Lora, RendererError, Shot
from otio_gvideo.renderers.diffusion.local_weights import commits, pin_revisions
from otio_gvideo.renderers.diffusion.single_file import read_tensors
from otio_gvideo.renderers.diffusion.weight_sizes import weight_sizes
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import load_file, save_file

from .conftest import lasting
from .reference.fixed_weights import fixed, fixed_weights
from .test_families import difference, rendered, settings_for
from .test_loading import lightricks_file
from .test_wan import wan_lora

SHAPES = json.loads((Path(__file__).parent / "reference" / "wan_shapes.json").read_text())
FP8 = torch.float8_e4m3fn


def wan_file(path: Path, kind: str, expert: str = "high.", dtype: Any = torch.float32) -> Path:
    """Save a checkpoint of Wan under its own names."""
    tensors = {
        name: tensor.to(dtype if tensor.ndim == 2 else torch.float32)
        for name, tensor in fixed_weights(SHAPES[kind], expert).items()
    }
    save_file(tensors, path)
    return path


def scaled(path: Path, style: str, tensors: dict[str, Any]) -> Path:
    """Save matrices as 8-bit floats with a scale each, in one of two notations."""
    saved = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2:
            saved[name] = tensor
            continue
        by_row = style == "weight_scale"
        scale = tensor.abs().amax(dim=1 if by_row else None, keepdim=by_row) / 448
        saved[name] = (tensor / scale).to(FP8)
        stem = name.removesuffix("weight")
        saved[stem + style] = scale
        saved[stem + ("input_scale" if by_row else "scale_input")] = torch.ones(1)
    if style == "scale_weight":
        saved["scaled_fp8"] = torch.zeros(2, dtype=FP8)
    save_file(saved, path)
    return path


def loaded(name: str, settings: dict[str, Any], shot: Shot) -> Any:
    """Return the pipeline of a renderer after it rendered a call."""
    with closing(renderer_class(name)(settings, "draft")) as renderer:
        made: Any = renderer
        call = plan(shot, made.limits).calls[0]
        list(made.generate(shot, call, [], lambda *_: None))
        return made._model.pipe


def test_both_experts_of_wan_load_from_a_file_each(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for(
        "wan_a14b",
        models,
        weights=str(wan_file(tmp_path / "high.safetensors", "a14b", "high.")),
        weights_2=str(wan_file(tmp_path / "low.safetensors", "a14b", "low.")),
    )
    pipe = loaded("wan", settings, lasting(shot, 9))
    for expert, model in (("high.", pipe.transformer), ("low.", pipe.transformer_2)):
        wanted = fixed_weights(SHAPES["a14b"], expert)["blocks.1.ffn.0.weight"]
        assert torch.equal(model.blocks[1].ffn.net[0].proj.weight, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ("model.diffusion_model.", "diffusion_model."))
def test_a_file_in_8_bits_stays_in_8_bits_and_computes_in_more(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot, prefix: str
) -> None:
    plain = wan_file(tmp_path / "plain.safetensors", "5b", dtype=FP8)
    tensors = read_tensors(plain, None, torch.float32)
    cast = {prefix + name: t.to(FP8) if t.ndim == 2 else t for name, t in tensors.items()}
    save_file(cast, tmp_path / "cast.safetensors")
    settings = settings_for("wan_5b", models, weights=str(tmp_path / "cast.safetensors"))
    pipe = loaded("wan", settings, lasting(shot, 9))
    weight = pipe.transformer.blocks[0].ffn.net[0].proj.weight
    assert weight.dtype == FP8
    assert torch.equal(weight.float(), tensors["blocks.0.ffn.0.weight"])
    # The same numbers in 32 bits give the same video, but for the biases, which are cast too.
    save_file(tensors, tmp_path / "wide.safetensors")
    wide = {**settings, "weights": str(tmp_path / "wide.safetensors")}
    short = lasting(shot, 9)
    assert difference(rendered("wan", settings, short), rendered("wan", wide, short)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("style", ("weight_scale", "scale_weight"))
def test_scales_of_8_bit_weights_are_applied(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot, style: str
) -> None:
    # A thousandth of the usual size: without its scale such a weight is 0 in 8 bits.
    tensors = {
        name: tensor / (1000 if name == "blocks.0.ffn.0.weight" else 1)
        for name, tensor in fixed_weights(SHAPES["5b"]).items()
    }
    file = scaled(tmp_path / "scaled.safetensors", style, tensors)
    settings = settings_for("wan_5b", models, weights=str(file))
    weight = loaded("wan", settings, lasting(shot, 9)).transformer.blocks[0].ffn.net[0].proj.weight
    wanted = tensors["blocks.0.ffn.0.weight"]
    assert weight.dtype == torch.float32
    assert (weight - wanted).abs().max() < wanted.abs().max() / 16
    stored = loaded("wan", {**settings, "quantization": "fp8"}, lasting(shot, 9)).transformer
    assert stored.blocks[0].ffn.net[0].proj.weight.dtype == FP8


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ("bfloat16", "float32"))
def test_a_single_file_loads_as_a_folder_does(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot, dtype: str
) -> None:
    """Also what the class keeps in 32 bits: norms and the embedding of timesteps."""
    settings = settings_for("wan_5b", models, dtype=dtype)
    plain = loaded("wan", settings, lasting(shot, 9)).transformer
    file = tmp_path / "own.safetensors"
    save_file(plain.state_dict(), file)
    single = loaded("wan", {**settings, "weights": str(file)}, lasting(shot, 9)).transformer
    for (name, one), (_, other) in zip(
        plain.named_parameters(), single.named_parameters(), strict=True
    ):
        assert one.dtype == other.dtype, name
        assert torch.equal(one, other), name
    for (name, one), (_, other) in zip(plain.named_buffers(), single.named_buffers(), strict=True):
        assert one.dtype == other.dtype, name
        assert torch.equal(one, other), name


@pytest.mark.slow
def test_a_lora_acts_on_weights_in_8_bits_without_loss(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    file = wan_lora(tmp_path / "film.safetensors", 1)
    short = lasting(shot, 9)
    worn = replace(short, motion=replace(short.motion, loras=(Lora(file, 1.0),)))
    settings = settings_for("wan_5b", models, quantization="fp8", dtype="bfloat16")
    plain, changed = rendered("wan", settings, short), rendered("wan", settings, worn)
    assert difference(plain, changed) > 0.01
    layer = loaded("wan", settings, worn).transformer.blocks[1].attn1.to_q
    assert layer.base_layer.weight.dtype == FP8
    (lora,) = layer.lora_A.values()
    wanted = load_file(file)["diffusion_model.blocks.1.self_attn.q.lora_down.weight"]
    assert torch.equal(lora.weight, wanted.bfloat16())


def test_what_no_checkpoint_of_the_part_is_says_so_in_one_line(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    shapes = SHAPES["5b"]
    small = {name: shape for name, shape in shapes.items() if not name.startswith("blocks.1.")}
    files = {
        "lacks 27 weights of the transformer": fixed_weights(small),
        "cannot be loaded as a transformer": fixed_weights(
            {name: [length + 1 for length in shape] for name, shape in shapes.items()}
        ),
        "has no weights of a transformer": {"vae.conv.weight": fixed("x", (2, 2))},
        "is quantised to U8": {"blocks.0.ffn.0.weight": torch.zeros(4, 4, dtype=torch.uint8)},
        "is scaled by blocks": {
            "blocks.0.ffn.0.weight": torch.zeros(4, 4).to(FP8),
            "blocks.0.ffn.0.weight_scale": torch.ones(4, 2),
        },
    }
    for number, (what, tensors) in enumerate(files.items()):
        file = tmp_path / f"{number}.safetensors"
        save_file(tensors, file)
        with pytest.raises(RendererError, match=what) as caught:
            loaded("wan", settings_for("wan_5b", models, weights=str(file)), lasting(shot, 9))
        assert "\n" not in str(caught.value)
        assert str(file) in str(caught.value)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(b"\x10\x00\x00\x00")
    with pytest.raises(RendererError, match="is not a whole"):
        loaded("wan", settings_for("wan_5b", models, weights=str(cut)), lasting(shot, 9))


def test_the_memory_of_a_single_file_is_planned_for(
    tmp_path: Path, models: Callable[[str], Path]
) -> None:
    file = wan_file(tmp_path / "high.safetensors", "5b")
    with_file: Any = renderer_class("wan")(
        settings_for("wan_5b", models, weights=str(file)), "draft"
    )
    without: Any = renderer_class("wan")(settings_for("wan_5b", models), "draft")
    sizes = [
        weight_sizes(one.folder, one.setup, one.denoisers, one.dropped, 2.0, 4.0)
        for one in (with_file, without)
    ]
    assert sizes[0] == sizes[1]


def test_only_parts_of_the_pipeline_are_planned_for(
    tmp_path: Path, models: Callable[[str], Path]
) -> None:
    plain: Any = renderer_class("ltx")(settings_for("ltx", models), "draft")
    folder = tmp_path / "ltx"
    shutil.copytree(models("ltx"), folder)
    shutil.copytree(folder / "transformer", folder / "transformer-backup")
    settings = {**settings_for("ltx", models), "model": str(folder)}
    copied: Any = renderer_class("ltx")(settings, "draft")
    assert copied.sizes(2.0) == plain.sizes(2.0)


def test_a_file_of_ltx_in_8_bits_stays_in_8_bits(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    file = tmp_path / "ltxv-fp8.safetensors"
    lightricks_file(models("ltx"), file, 1.0)
    tensors = {name: t.to(FP8) if t.ndim == 2 else t for name, t in load_file(file).items()}
    save_file(tensors, file)
    pipe = loaded("ltx", settings_for("ltx", models, weights=str(file)), lasting(shot, 9))
    weight = pipe.transformer.transformer_blocks[0].attn1.to_q.weight
    assert weight.dtype == FP8
    name = "model.diffusion_model.transformer_blocks.0.attn1.to_q.weight"
    assert torch.equal(weight.float(), tensors[name].float())


def test_the_files_of_both_experts_are_pinned_to_their_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    storage = tmp_path / "models--acme--wan"
    (storage / "refs").mkdir(parents=True)
    (storage / "refs" / "main").write_text(commit)
    (storage / "snapshots" / commit).mkdir(parents=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    files = {"weights": "acme/wan/high.safetensors", "weights_2": "acme/wan/low.safetensors"}
    pinned = pin_revisions("wan", {"model": "acme/wan", **files})
    assert pinned["revision"] == commit
    for name, file in files.items():
        own = {"model": "acme/wan", "revision": commit, "file": file.rsplit("/", 1)[1]}
        assert pinned[name] == own
    assert commits("wan", pinned) == dict.fromkeys(("acme/wan", *files.values()), commit)


def test_parts_and_loras_are_pinned_and_a_stated_revision_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    for name in ("up", "film", "zoom"):
        storage = tmp_path / f"models--acme--{name}"
        (storage / "refs").mkdir(parents=True)
        (storage / "refs" / "main").write_text(commit)
        (storage / "snapshots" / commit).mkdir(parents=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    settings = {
        "model": "acme/base@v2",
        "upsampler": "acme/up",
        "loras": [{"model": "acme/film", "weight": 0.5}, {"model": "acme/away"}],
        "camera_loras": {"push_in": "acme/zoom", "pan_left": "acme/zoom/a.safetensors@1"},
    }
    at = {"revision": commit}
    pinned = pin_revisions("ltx", settings, quality="high")
    assert pinned == {
        "model": "acme/base@v2",
        "upsampler": {"model": "acme/up", **at},
        "loras": [{"model": "acme/film", "weight": 0.5, **at}, {"model": "acme/away"}],
        "camera_loras": {**settings["camera_loras"], "push_in": {"model": "acme/zoom", **at}},
    }
    # Only this quality upsamples.
    assert pin_revisions("ltx", settings)["upsampler"] == "acme/up"
    found = commits("ltx", pinned)
    assert {name: found[name] for name in ("acme/up", "acme/film", "acme/zoom")} == dict.fromkeys(
        ("acme/up", "acme/film", "acme/zoom"), commit
    )
    # What was deleted is known from finished media.
    shutil.rmtree(tmp_path / "models--acme--up")
    assert pin_revisions("ltx", settings, found, "high") == pinned
    with pytest.raises(RendererError, match=r"expected OWNER/NAME\[@REVISION\]"):
        pin_revisions("ltx", {"model": "acme/base@"})
