"""VRAM: the first rung of the offload ladder, retries down the ladder, and its end."""

from __future__ import annotations

import itertools
import logging
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
from otio_gvideo.renderers.diffusion import (
    decoding,
    loading,
    memory,
    offload,
    rung_cache,
    weight_sizes,
)
from otio_gvideo.renderers.diffusion.memory import (
    GB,
    LADDER,
    CallSize,
    Cost,
    Footprint,
    Sizes,
)
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class

from .conftest import lasting
from .test_families import rendered, settings_for

LTX_2B = Sizes((int(3.6 * GB),), GB // 32, int(2.3 * GB))
LTX_13B = Sizes((int(24.3 * GB),), GB // 8, int(2.3 * GB))
ACTIVATIONS = Footprint(
    Cost(clip_bytes=17.0), Cost(1.0, 1000.0, 6.0, 65.0), Cost(1.0, 800.0, 3.0, 21.0)
)
FIVE_SECONDS = (544 * 960, 121)


def _needs(sizes: Sizes, frames: int = FIVE_SECONDS[1]) -> list[float]:
    tile = memory.tile_pixels(ACTIVATIONS, None)
    call = CallSize(FIVE_SECONDS[0], 17, frames, frames, tile)
    return [memory.memory_plan(rung, sizes, ACTIVATIONS, call).peak_gb for rung in LADDER]


@given(
    st.lists(st.integers(0, 40 * GB), min_size=1, max_size=2),
    st.integers(0, 8 * GB),
    st.integers(1, 257),
)
def test_every_rung_down_needs_less_memory(cores: list[int], vae: int, frames: int) -> None:
    needs = _needs(Sizes(tuple(cores), max(cores) // 100, vae), frames)
    assert needs == sorted(needs, reverse=True)


@given(st.floats(1, 80), st.floats(1, 80))
def test_more_memory_never_starts_further_down(one: float, other: float) -> None:
    def place(gb: float) -> int:
        return next((n for n, need in enumerate(_needs(LTX_2B)) if need <= gb), len(LADDER))

    less, more = sorted((one, other))
    assert place(more) <= place(less)


def test_models_start_at_the_rungs_they_are_known_to_fit() -> None:
    def first_rung(sizes: Sizes, gb: float) -> str:
        return next(rung for rung, need in zip(LADDER, _needs(sizes), strict=True) if need <= gb)

    assert first_rung(LTX_2B, 16) == "none"
    assert first_rung(LTX_2B, 7) == "model"
    assert first_rung(LTX_13B, 16) == "group"
    assert first_rung(LTX_13B, 40) == "none"


def test_an_offload_setting_picks_the_first_rung() -> None:
    assert memory.offload_ladder("cuda", "group") == ("group",)
    assert memory.offload_ladder("cuda", "model") == ("model", "group")
    assert memory.offload_ladder("cpu", "auto") == ("none",)


def test_a_limit_makes_shorter_calls_and_free_memory_never_does() -> None:
    def longest(**settings: Any) -> int:
        can = renderer_class("ltx")(settings, "high").limits
        assert can.frames.most is not None
        return can.frames.most

    assert longest() == longest(memory_gb="auto") == 257
    assert longest(memory_gb=16) == 257
    assert 33 <= longest(memory_gb=4) < 161
    # Never shorter than the overlap and one latent frame.
    assert longest(memory_gb=0.1) >= 17 + 8


def test_weights_are_sized_from_their_headers(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    tensors = {"a": torch.zeros(10, 20), "b": torch.zeros(5)}
    for name in ("model", "model.fp16"):
        save_file(tensors, tmp_path / f"{name}.safetensors", metadata={"format": "pt"})
    assert weight_sizes.weights_bytes(tmp_path, 2) == 410  # Without the variant.
    (tmp_path / "broken.safetensors").write_bytes(b"no such thing")
    assert weight_sizes.weights_bytes(tmp_path / "broken.safetensors", 2) == 0


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


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 8))
def test_tiles_cover_a_side_and_overlap(length: int, most: int, overlap: int) -> None:
    ranges = decoding.tile_ranges(length, most, overlap)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == length
    assert len({end - start for start, end in ranges}) == 1
    assert all(end - start <= max(most, 2 * overlap + 1) for start, end in ranges)
    assert all(a[1] - b[0] >= overlap for a, b in itertools.pairwise(ranges))
    assert all(a[0] < b[0] for a, b in itertools.pairwise(ranges))


@pytest.mark.parametrize("name", ["svd", "wan"])
@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
def test_tiles_decode_at_most_1_3_times_the_pixels(name: str, quality: str) -> None:
    renderer: Any = renderer_class(name)({}, quality)
    scale = {"svd": 8, "wan": 16}[name]
    for width, height in ((480, 832), (544, 960), (576, 1024), (704, 1280)):
        if width * height > renderer.preset.max_pixels:
            continue
        side, other = height // scale, width // scale
        most = int(renderer.tile_pixels / (scale * scale * other))
        ranges = decoding.tile_ranges(side, most, decoding.OVERLAP // scale)
        assert sum(end - start for start, end in ranges) <= 1.3 * side


@pytest.mark.parametrize("size", [(40, 24), (24, 40)])
def test_tiles_are_blended_without_a_seam(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    scale = 16
    blur = torch.nn.AvgPool2d(5, 1, 2, count_include_pad=False)

    def decode(latents: torch.Tensor) -> Iterator[torch.Tensor]:
        # Its neighbours decide a pixel, but nothing beyond the overlap.
        for number in range(latents.shape[2]):
            large = torch.nn.functional.interpolate(blur(latents[:, :, number]), scale_factor=scale)
            yield large[:, :, None]

    latents = torch.rand(1, 3, 3, *size) * 2 - 1
    whole = list(decoding.decode_tiled(latents, decode, scale, 1 << 30))
    parts = list(decoding.decode_tiled(latents, decode, scale, 24 * 16 * scale * scale))
    assert len(whole) == len(parts) == 3
    assert whole[0].shape == (size[0] * scale, size[1] * scale, 3)
    differences = np.stack([np.abs(a.astype(int) - b) for a, b in zip(whole, parts, strict=True)])
    assert differences.mean() < 1.5
    # No step at an edge of a tile beyond those that the video has.
    steps = [np.abs(np.diff(np.stack(each).astype(int), axis=2)).max() for each in (whole, parts)]
    assert steps[1] <= steps[0] + 8


def test_wans_video_decoded_frame_by_frame_is_that_decoded_at_once() -> None:
    from diffusers import AutoencoderKLWan
    from otio_gvideo.renderers.diffusion.wan import decode_frames

    torch.manual_seed(0)
    for more in ({}, {"patch_size": 2, "in_channels": 12, "out_channels": 12, "is_residual": True}):
        vae = AutoencoderKLWan(
            base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, z_dim=4, **more
        ).eval()
        latents = torch.randn(1, 4, 4, 4, 6)
        with torch.inference_mode():
            whole = vae.decode(latents, return_dict=False)[0]
        made = torch.cat(list(decode_frames(vae, latents)), 2).clamp(-1, 1)
        assert torch.equal(made, whole)


def test_tiles_of_wans_vae_have_no_seam() -> None:
    from functools import partial

    from diffusers import AutoencoderKLWan
    from otio_gvideo.renderers.diffusion.wan import decode_frames

    torch.manual_seed(1)
    vae = AutoencoderKLWan(
        base_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        z_dim=4,
        temperal_downsample=[False] * 3,
    ).eval()
    # Smooth latents, as those of a picture.
    latents = torch.nn.functional.interpolate(torch.randn(1, 4, 2, 6, 4), size=(2, 40, 16))
    decode = partial(decode_frames, vae)
    whole, parts = (
        np.stack(list(decoding.decode_tiled(latents, decode, 8, pixels))).astype(int)
        for pixels in (1 << 30, 24 * 16 * 8 * 8)
    )
    assert np.abs(whole - parts).mean() < 0.2 * whole.std()
    rows, tiled_rows = (np.abs(np.diff(each, axis=1)).mean((0, 2, 3)) for each in (whole, parts))
    edges = [edge * 8 for tile in decoding.tile_ranges(40, 24, 6) for edge in tile][1:-1]
    assert len(edges) == 2
    for edge in edges:
        assert tiled_rows[edge - 1] <= 1.2 * rows.max()
