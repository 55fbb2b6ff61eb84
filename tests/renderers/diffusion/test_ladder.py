"""The offload ladder: what each rung keeps on the device, retries down it, and its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import RendererError, Shot
from otio_gvideo.renderers.diffusion import (
    loading,
    memory,
    offload,
    rung_cache,
)
from otio_gvideo.renderers.diffusion.memory import (
    LADDER,
)
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class

from .conftest import lasting
from .test_families import rendered, settings_for


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], list[int]]]:
    """Make the transformer of LTX-Video run out of memory a number of times."""
    import diffusers

    kind = diffusers.LTXVideoTransformer3DModel
    original = kind.forward
    calls: list[int] = []

    def times(count: int) -> list[int]:
        def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
            calls.append(len(calls))
            if len(calls) <= count:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return original(self, *args, **kwargs)

        monkeypatch.setattr(kind, "forward", forward)
        return calls

    yield times


@pytest.fixture
def ladder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the CPU all rungs, on which it offloads from RAM to RAM; return the cache's folder."""
    monkeypatch.setattr(memory, "offload_ladder", lambda *_: LADDER)
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.slow
def test_running_out_of_memory_retries_down_the_ladder_with_the_same_video(
    models: Callable[[str], Path],
    shot: Shot,
    ladder: Path,
    failing: Callable[[int], list[int]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for("ltx", models)
    wanted = rendered("ltx", settings, lasting(shot, 20))
    failing(2)
    loads = _loads(monkeypatch)
    with caplog.at_level(logging.WARNING, "otio_gvideo.renderers.diffusion.ladder"):
        made = rendered("ltx", settings, lasting(shot, 20))
    assert [record.getMessage() for record in caplog.records] == [
        "ltx: out of memory; trying again with only the part at work on the device",
        "ltx: out of memory; trying again with only the denoiser's layer at work on the device",
    ]
    assert all(np.array_equal(a, b) for a, b in zip(wanted, made, strict=True))
    # The encoder, then the model, once: a step down only moves it.
    assert loads == ["encoder", "model"]


def _loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each load of a pipeline."""
    loads: list[str] = []
    original = loading.load_pipeline

    def load(*args: Any, **kwargs: Any) -> Any:
        pipe = original(*args, **kwargs)
        loads.append("model" if pipe.transformer is not None else "encoder")
        return pipe

    monkeypatch.setattr(loading, "load_pipeline", load)
    return loads


@pytest.mark.slow
def test_the_next_run_starts_at_the_rung_that_worked_until_more_memory_is_free(
    models: Callable[[str], Path],
    shot: Shot,
    ladder: Path,
    failing: Callable[[int], list[int]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for("ltx", models)
    monkeypatch.setattr(offload, "memory_budget", lambda *_: 20.0)
    caplog.set_level(logging.INFO, "otio_gvideo.renderers.diffusion.ladder")

    def messages(frames: int) -> list[str]:
        caplog.clear()
        rendered("ltx", settings, lasting(shot, frames))
        return [record.getMessage().removeprefix("ltx: ") for record in caplog.records]

    failing(1)
    assert messages(20) == [
        "all on the device",
        "out of memory; trying again with only the part at work on the device",
    ]
    assert messages(20) == ["only the part at work on the device"]
    # Another shape was not tried.
    assert messages(9) == ["all on the device"]
    monkeypatch.setattr(offload, "memory_budget", lambda *_: 24.0)
    assert messages(20) == ["all on the device"]


def test_rungs_of_several_processes_are_all_remembered(ladder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: rung_cache.remember_rung(f"call {n}", "group", 7.5), range(24)))
    assert {rung_cache.recall_rung(f"call {n}", 7.0) for n in range(24)} == {"group"}
    (ladder / rung_cache.NAME).write_text("{ damaged", encoding="utf-8")
    assert rung_cache.recall_rung("call 1", 7.0) is None
    rung_cache.remember_rung("call 1", "model", 7.5)
    assert rung_cache.recall_rung("call 1", 7.0) == "model"


@pytest.mark.slow
def test_running_out_of_memory_on_the_last_rung_is_one_line(
    models: Callable[[str], Path],
    shot: Shot,
    ladder: Path,
    failing: Callable[[int], list[int]],
) -> None:
    calls = failing(100)
    with pytest.raises(RendererError) as caught:
        rendered("ltx", settings_for("ltx", models), shot)
    assert len(calls) == len(LADDER)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("ltx: out of memory even with only the denoiser's layer at work")
    assert "set memory_gb for shorter calls, or lower max_pixels or frames of presets.draft" in (
        message
    )


@pytest.mark.slow
def test_running_out_of_memory_in_decoding_continues_with_the_remaining_frames(
    models: Callable[[str], Path], shot: Shot, ladder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    settings = settings_for("svd", models)
    frames = rendered("svd", settings, lasting(shot, 30))
    kind = diffusers.AutoencoderKLTemporalDecoder
    original, calls = kind.decode, []

    def decode(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(kind, "decode", decode)
    made = rendered("svd", settings, lasting(shot, 30))
    assert len(made) == 30
    assert all(np.array_equal(a, b) for a, b in zip(frames, made, strict=True))
    assert len(calls) > 4  # The first frames were decoded twice and yielded once.


@pytest.mark.slow
def test_other_errors_are_not_retried(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    def forward(*_: Any, **__: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(diffusers.LTXVideoTransformer3DModel, "forward", forward)
    with pytest.raises(RuntimeError, match="mat1"):
        rendered("ltx", settings_for("ltx", models), shot)


@pytest.mark.slow
@pytest.mark.parametrize("rung", ["model", "group"])
@pytest.mark.parametrize("name", ["ltx", "ltx2", "svd", "animatediff", "wan"])
def test_only_the_part_at_work_is_on_the_device(
    name: str,
    rung: str,
    models: Callable[[str], Path],
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for(name, models)
    plain = rendered(name, settings, lasting(shot, 10))
    monkeypatch.setattr(memory, "offload_ladder", lambda *_: (rung,))
    # Both are the CPU here; the hook's moves tell where a part would be.
    on_device: list[Any] = []
    together: list[set[str]] = []
    streamed: list[Any] = []

    def move(part: Any, device: Any) -> None:
        if part in on_device:
            on_device.remove(part)
        # Placing moves to "cpu" by name, the hook to its device.
        if device == "cpu":
            return
        on_device.append(part)
        together.append({type(one).__name__ for one in on_device})

    monkeypatch.setattr(offload, "move", move)
    original = offload.offload_layers
    monkeypatch.setattr(
        offload, "offload_layers", lambda m, d: (streamed.extend(m), original(m, d))
    )
    made = rendered(name, settings, lasting(shot, 10))
    assert all(np.array_equal(a, b) for a, b in zip(plain, made, strict=True))
    assert max(map(len, together)) == 1
    names = set().union(*together)
    assert any("Autoencoder" in one for one in names)
    denoiser = {"svd": "UNet", "animatediff": "UNet"}.get(name, "Transformer3D")
    assert any(denoiser in one for one in names) == (rung == "model")
    assert bool(streamed) == (rung == "group")


def test_the_vae_leaves_a_streamed_denoiser_alone_after_the_layers_hooks_were_set_anew(
    models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import LTXPipeline

    left: list[str] = []
    pipe = LTXPipeline.from_pretrained(models("ltx"), text_encoder=None, tokenizer=None)
    monkeypatch.setattr(offload, "move", lambda part, _: left.append(type(part).__name__))
    offload.place_pipeline(pipe, "group", "cpu", ("transformer",))
    left.clear()
    # On CUDA diffusers removes a hook after the first step, and with it what wraps ``forward``.
    monkeypatch.setattr(pipe.transformer, "forward", lambda: None)
    pipe.transformer()
    assert left == ["AutoencoderKLLTXVideo"]


@pytest.mark.slow
@pytest.mark.parametrize("rung", ["model", "group"])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("ltx", {"quantization": "fp8", "dtype": "bfloat16"}),
        ("animatediff", {"camera_loras": True}),
    ],
)
def test_quantised_weights_and_loras_give_the_same_video_on_every_rung(
    name: str,
    more: dict[str, Any],
    rung: str,
    models: Callable[[str], Path],
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "camera_loras" in more:
        lora = models(name) / "loras" / "zoom-in.safetensors"
        more = {"camera_loras": {"push_in": str(lora)}}
    settings = settings_for(name, models, **more)
    plain = rendered(name, settings, lasting(shot, 10))
    monkeypatch.setattr(memory, "offload_ladder", lambda *_: (rung,))
    made = rendered(name, settings, lasting(shot, 10))
    assert all(np.array_equal(a, b) for a, b in zip(plain, made, strict=True))


@pytest.mark.slow
def test_a_text_encoder_that_does_not_fit_is_offloaded_layer_by_layer(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    offloaded: list[Any] = []
    original = offload.offload_layers
    monkeypatch.setattr(
        offload, "offload_layers", lambda m, d: (offloaded.extend(m), original(m, d))
    )
    short = lasting(shot, 9)
    small = rendered("ltx", settings_for("ltx", models, memory_gb=0.5), short)
    assert offloaded
    large = rendered("ltx", settings_for("ltx", models), short)
    assert all(np.array_equal(a, b) for a, b in zip(small, large, strict=True))


@pytest.mark.slow
def test_a_text_encoder_that_runs_out_of_memory_is_retried_layer_by_layer(
    models: Callable[[str], Path],
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import transformers

    short, settings = lasting(shot, 9), settings_for("ltx", models)
    plain = rendered("ltx", settings, short)
    original, calls = transformers.T5EncoderModel.forward, []

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(transformers.T5EncoderModel, "forward", forward)
    with caplog.at_level(logging.WARNING, "otio_gvideo.renderers.diffusion.text_encoding"):
        retried = rendered("ltx", settings, short)
    assert caplog.messages == ["ltx: out of memory; encoding prompts layer by layer"]
    assert all(np.array_equal(a, b) for a, b in zip(plain, retried, strict=True))


@pytest.mark.slow
def test_fp8_quantised_weights_render_the_video(models: Callable[[str], Path], shot: Shot) -> None:
    settings = settings_for("ltx", models, quantization="fp8", dtype="bfloat16")
    with closing(renderer_class("ltx")(settings, "draft")) as renderer:
        made: Any = renderer
        assert len(list(run_renderer.frames(made, lasting(shot, 9), lambda *_: None))) == 9
        kinds = {parameter.dtype for parameter in made._model.pipe.transformer.parameters()}
    assert torch.float8_e4m3fn in kinds


def test_int8_without_torchao_names_the_package(models: Callable[[str], Path], shot: Shot) -> None:
    from importlib.util import find_spec

    settings = settings_for("ltx", models, quantization="int8", dtype="bfloat16")
    if find_spec("torchao") is None:
        with pytest.raises(RendererError, match="pip install torchao"):
            rendered("ltx", settings, lasting(shot, 9))
    else:
        assert len(rendered("ltx", settings, lasting(shot, 9))) == 9


@pytest.mark.slow
def test_the_text_encoder_is_unloaded_before_the_model_is_loaded(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[bool, bool]] = []
    original = loading.load_pipeline

    def load(*args: Any, **kwargs: Any) -> Any:
        pipe = original(*args, **kwargs)
        loaded.append((pipe.text_encoder is not None, pipe.transformer is not None))
        return pipe

    monkeypatch.setattr(loading, "load_pipeline", load)
    from dataclasses import replace

    shots = [replace(lasting(shot, 9), prompt=words) for words in ("one", "two", "three")]
    with closing(renderer_class("ltx")(settings_for("ltx", models), "draft")) as renderer:
        made: Any = renderer
        made.expect(shots)
        for one in shots:
            list(run_renderer.frames(made, one, lambda *_: None))
    # All prompts at once, then the model, once.
    assert loaded == [(True, False), (False, True)]
