"""VRAM: the first rung of the offload ladder, retries down the ladder, and its end."""

from __future__ import annotations

import itertools
import logging
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.base import RendererError, Shot
from otio_gvideo.renderers.diffusion import decoding, loading, memory, offload
from otio_gvideo.renderers.diffusion.memory import GB, LADDER, Sizes
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class

from .conftest import lasting
from .test_families import rendered, settings_for

LTX_2B = Sizes(denoiser=int(3.6 * GB), rest=int(2.3 * GB))
LTX_13B = Sizes(denoiser=int(24.3 * GB), rest=int(2.3 * GB))
FIVE_SECONDS = 544 * 960 * 121


@given(st.integers(0, 40 * GB), st.integers(0, 8 * GB), st.integers(1, 2_000_000_000))
def test_every_rung_down_needs_less_memory(denoiser: int, rest: int, pixels: int) -> None:
    needs = [memory.needed_gb(rung, Sizes(denoiser, rest), pixels) for rung in LADDER]
    assert needs == sorted(needs, reverse=True)


@given(st.floats(1, 80), st.floats(1, 80))
def test_more_memory_never_starts_further_down(one: float, other: float) -> None:
    less, more = sorted((one, other))
    places = [memory.first_rung(LADDER, LTX_2B, FIVE_SECONDS, gb) for gb in (less, more)]
    assert places[1] <= places[0]


def test_models_start_at_the_rungs_they_are_known_to_fit() -> None:
    def first_rung(sizes: Sizes, gb: float) -> str:
        return str(LADDER[memory.first_rung(LADDER, sizes, FIVE_SECONDS, gb)])

    assert first_rung(LTX_2B, 16) == "all on the device, 160 MP decoded at once"
    assert "model offload" in first_rung(LTX_2B, 7)
    assert "group offload" in first_rung(LTX_13B, 16)
    assert first_rung(LTX_13B, 40) == "all on the device, 160 MP decoded at once"


def test_an_offload_setting_picks_the_first_rung() -> None:
    assert memory.offload_ladder("cuda", "group")[0].offload == "group"
    assert {rung.offload for rung in memory.offload_ladder("cpu", "auto")} == {"none"}
    assert all(rung.tiling for rung in memory.offload_ladder("cuda", "auto", tiling=True))


def test_a_smaller_budget_makes_shorter_calls(models: Callable[[str], Path]) -> None:
    def longest(gb: float) -> int:
        can = renderer_class("ltx")({"memory_gb": gb}, "standard").limits
        assert can.frames.most is not None
        return can.frames.most

    assert longest(16) == 257
    assert 33 <= longest(4) < 161
    # Never shorter than the overlap and one latent frame.
    assert longest(0.1) >= 17 + 8


def test_weights_are_sized_from_their_headers(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    tensors = {"a": torch.zeros(10, 20), "b": torch.zeros(5)}
    for name in ("model", "model.fp16"):
        save_file(tensors, tmp_path / f"{name}.safetensors", metadata={"format": "pt"})
    assert memory.weights_bytes(tmp_path, 2) == 410  # Without the variant.
    (tmp_path / "broken.safetensors").write_bytes(b"no such thing")
    assert memory.weights_bytes(tmp_path / "broken.safetensors", 2) == 0


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


@pytest.mark.slow
def test_running_out_of_memory_retries_down_the_ladder_with_the_same_video(
    models: Callable[[str], Path],
    shot: Shot,
    failing: Callable[[int], list[int]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for("ltx", models)
    wanted = rendered("ltx", settings, lasting(shot, 20))
    failing(2)
    alive = _pipelines_alive_at_loading(monkeypatch)
    with caplog.at_level(logging.WARNING, "otio_gvideo.renderers.diffusion.diffusion_renderer"):
        made = rendered("ltx", settings, lasting(shot, 20))
    assert [record.getMessage() for record in caplog.records] == [
        "ltx: out of memory; trying again with all on the device, 40 MP decoded at once",
        "ltx: out of memory; trying again with all on the device, VAE in tiles, "
        "16 MP decoded at once",
    ]
    assert all(np.array_equal(a, b) for a, b in zip(wanted, made, strict=True))
    # The encoder, then the model three times, each unloaded before the next is loaded.
    assert alive == [0, 0, 0, 0]


def _pipelines_alive_at_loading(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the pipelines in memory at each load of one."""
    loaded: list[weakref.ref[Any]] = []
    alive: list[int] = []
    original = loading.load_pipeline

    def load(*args: Any, **kwargs: Any) -> Any:
        alive.append(sum(one() is not None for one in loaded))
        pipe = original(*args, **kwargs)
        loaded.append(weakref.ref(pipe))
        return pipe

    monkeypatch.setattr(loading, "load_pipeline", load)
    return alive


@pytest.mark.slow
def test_running_out_of_memory_on_the_last_rung_is_one_line(
    models: Callable[[str], Path], shot: Shot, failing: Callable[[int], list[int]]
) -> None:
    calls = failing(100)
    with pytest.raises(RendererError) as caught:
        rendered("ltx", settings_for("ltx", models), shot)
    assert len(calls) == len(memory.offload_ladder("cpu"))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("ltx: out of memory even with all on the device, VAE in tiles, 4 MP")
    assert "lower max_pixels or frames of presets.draft" in message


@pytest.mark.slow
def test_running_out_of_memory_in_decoding_continues_with_the_remaining_frames(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    settings = settings_for("svd", models)
    with closing(renderer_class("svd")(settings, "draft")) as renderer:
        frames = list(run_renderer.frames(renderer, lasting(shot, 30), lambda *_: None))
    kind = diffusers.AutoencoderKLTemporalDecoder
    original, calls = kind.decode, []

    def decode(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(kind, "decode", decode)
    monkeypatch.setattr(memory, "LADDER", (memory.Rung("none", False, 4 * 64 * 128),) * 2)
    monkeypatch.setattr(
        "otio_gvideo.renderers.diffusion.memory.offload_ladder", lambda *_: memory.LADDER
    )
    made = rendered("svd", settings, lasting(shot, 30))
    assert len(made) == len(frames) == 30
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
@pytest.mark.parametrize("name", ("ltx", "ltx2", "svd", "animatediff", "wan"))
def test_group_offload_with_a_tiled_vae_renders_the_video(
    name: str, models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without an accelerator the layers are offloaded from RAM to RAM.
    rung = memory.Rung("group", True, 64 * 128 * 6)
    monkeypatch.setattr("otio_gvideo.renderers.diffusion.memory.offload_ladder", lambda *_: (rung,))
    offloaded: list[Any] = []
    original = offload.offload_layers
    monkeypatch.setattr(
        offload, "offload_layers", lambda m, d: (offloaded.extend(m), original(m, d))
    )
    made = rendered(name, settings_for(name, models), lasting(shot, 10))
    assert len(made) == 10
    assert offloaded


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
        kinds = {parameter.dtype for parameter in made._pipe.transformer.parameters()}
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


def test_chunks_cover_all_latents_with_the_overlap_between() -> None:
    for latents in range(1, 60):
        for most in range(1, 40):
            parts = decoding.chunk_ranges(latents, most)
            assert parts[0][0] == 0
            assert parts[-1][1] == latents
            for (_, end), (start, _) in itertools.pairwise(parts):
                assert end - start == decoding.OVERLAP
            assert all(end - start <= max(most, decoding.OVERLAP + 2) for start, end in parts)


@pytest.mark.parametrize("scale", [4, 8])
def test_chunked_decoding_gives_the_frames_of_decoding_at_once(scale: int) -> None:
    sizes: list[int] = []

    def decode(part: torch.Tensor) -> torch.Tensor:
        # A decoder without temporal context: frames interpolate latents linearly.
        count = scale * (part.shape[2] - 1) + 1
        sizes.append(count)
        line = torch.nn.functional.interpolate(
            part[:, :1, :, 0, 0], size=count, mode="linear", align_corners=True
        )
        return line[:, :, :, None, None].expand(1, 3, count, 2, 2)

    latents = torch.linspace(-0.9, 0.9, 23)[None, None, :, None, None]
    whole = list(decoding.decode_video(latents, decode, scale, 10_000))
    parts = list(decoding.decode_video(latents, decode, scale, 6 * scale))
    assert len(whole) == len(parts) == scale * 22 + 1
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(whole, parts, strict=True))
    assert max(sizes[1:]) <= 7 * scale
