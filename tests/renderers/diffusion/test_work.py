"""The work of calls, held against PyTorch's own count in models of full size on the meta device."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from otio_gvideo.renderers.base import Call, Keyframe
from otio_gvideo.renderers.diffusion.diffusion_renderer import DiffusionRenderer
from otio_gvideo.renderers.diffusion.work import Work
from otio_gvideo.renderers.registry import renderer_class

torch = pytest.importorskip("torch", reason="the extra [diffusion] is not installed")
pytest.importorskip("diffusers", reason="the extra [diffusion] is not installed")

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
MODELS = {
    "ltx-13b": "Lightricks/LTX-Video-0.9.8-13B-distilled",
    "wan-a14b": "Wan-AI/Wan2.2-I2V-A14B-Diffusers",
}
"""Of shapes that are not the default of their renderer."""


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("published_models")


def renderer(model: str, quality: str = "standard", **preset: Any) -> DiffusionRenderer:
    settings: dict[str, Any] = {"presets": {quality: preset}}
    if model in MODELS:
        settings["model"] = MODELS[model]
    made = renderer_class(model.partition("-")[0])(settings, quality)
    assert isinstance(made, DiffusionRenderer)
    return made


def call_of(width: int, height: int, frames: int, *keyframes: int) -> Call:
    keys = tuple(Keyframe(Path("still.jpg"), frame) for frame in keyframes or (0,))
    return Call(width, height, Fraction(24), frames, 0, keys, 0, 0)


def work_of(made: DiffusionRenderer, call: Call) -> Work:
    found = made.work(call)
    assert found is not None
    return found


def counted(run: Callable[[], Any]) -> float:
    """Return what PyTorch counts in a run on the meta device, in TFLOP."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with torch.no_grad(), torch.device("meta"), counter:
        result = run()
        if isinstance(result, Iterator):
            for _ in result:
                pass
    return float(counter.get_total_flops() / 1e12)


def meta(*shape: int) -> Any:
    return torch.empty(*shape, device="meta")


def ltx_pass(model: Any, width: int, height: int, frames: int) -> Any:
    count, high, wide = (frames - 1) // 8 + 1, height // 32, width // 32
    return model(
        hidden_states=meta(1, count * high * wide, 128),
        encoder_hidden_states=meta(1, 256, 4096),
        timestep=meta(1),
        encoder_attention_mask=None,
        num_frames=count,
        height=high,
        width=wide,
        rope_interpolation_scale=(8 / 24, 32, 32),
    )


def ltx2_pass(model: Any, width: int, height: int, frames: int) -> Any:
    count, high, wide = (frames - 1) // 8 + 1, height // 32, width // 32
    tokens, sound = count * high * wide, round(frames / 24 * 25)
    return model(
        hidden_states=meta(1, tokens, 128),
        audio_hidden_states=meta(1, sound, 128),
        encoder_hidden_states=meta(1, 1024, 4096),
        audio_encoder_hidden_states=meta(1, 1024, 2048),
        timestep=meta(1, tokens),
        audio_timestep=meta(1, sound),
        sigma=meta(1),
        audio_sigma=meta(1),
        num_frames=count,
        height=high,
        width=wide,
        fps=24.0,
        audio_num_frames=sound,
    )


def wan_pass(model: Any, width: int, height: int, frames: int) -> Any:
    side = 16 if model.config.in_channels == 48 else 8
    size = (1, model.config.in_channels, (frames - 1) // 4 + 1, height // side, width // side)
    return model(
        hidden_states=meta(*size), timestep=meta(1), encoder_hidden_states=meta(1, 512, 4096)
    )


def svd_pass(model: Any, width: int, height: int, frames: int) -> Any:
    return model(
        meta(1, frames, 8, height // 8, width // 8),
        torch.tensor(1.0, device="meta"),
        meta(1, 1, 1024),
        meta(1, 3),
    )


def counted_pass(what: dict[str, Any], shapes: Any, forward: Any, size: tuple[int, ...]) -> float:
    """Return the work of a transformer's pass: of one layer, and as much more for each other."""

    def of(layers: int) -> float:
        config = {**what["config"], "num_layers": layers}
        denoiser = shapes.shaped({**what, "config": config})
        return counted(lambda: forward(denoiser, *size))

    one, two = of(1), of(2)
    return one + (what["config"]["num_layers"] - 1) * (two - one)


@pytest.mark.parametrize(
    ("model", "forward", "size"),
    [
        ("ltx", ltx_pass, (480, 832, 49)),
        ("ltx", ltx_pass, (1088, 1920, 241)),
        ("ltx-13b", ltx_pass, (544, 960, 121)),
        ("ltx2", ltx2_pass, (544, 960, 121)),
        ("ltx2", ltx2_pass, (1088, 1920, 129)),
        ("wan", wan_pass, (704, 1280, 121)),
        ("wan-a14b", wan_pass, (480, 832, 81)),
    ],
)
def test_a_pass_is_as_much_work_as_pytorch_counts(
    shapes: Any, model: str, forward: Any, size: tuple[int, int, int]
) -> None:
    what = shapes.description(model)["parts"]["transformer"]
    distilled = {"timesteps": [1000.0]} if model.startswith("ltx") else {"steps": 1}
    made = renderer(model, **distilled, guidance=1.0)
    planned = work_of(made, call_of(*size)).denoise
    assert planned == pytest.approx(counted_pass(what, shapes, forward, size), rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(576, 1024, 25), (384, 704, 14)])
def test_a_pass_of_svd_is_as_much_work_as_pytorch_counts(
    shapes: Any, size: tuple[int, int, int]
) -> None:
    unet = shapes.shaped(shapes.description("svd")["parts"]["unet"]).to("meta")
    planned = work_of(renderer("svd", steps=1, guidance=1.0), call_of(*size)).denoise
    assert planned == pytest.approx(counted(lambda: svd_pass(unet, *size)), rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [16, 40, 81])
def test_overlapping_windows_of_freenoise_are_counted(shapes: Any, frames: int) -> None:
    from diffusers import UNetMotionModel
    from diffusers.pipelines.free_noise_utils import AnimateDiffFreeNoiseMixin
    from otio_gvideo.renderers.diffusion.animatediff import CONTEXT, STRIDE

    described = shapes.description("animatediff")
    adapter = shapes.shaped(described["beside"]["adapter"])
    with torch.device("meta"):
        unet = UNetMotionModel.from_unet2d(
            shapes.shaped(described["parts"]["unet"]), adapter, load_weights=False
        )
    pipe = type("Pipe", (AnimateDiffFreeNoiseMixin,), {"device": "meta", "dtype": torch.float32})()
    pipe.unet, pipe.motion_adapter = unet, adapter
    pipe.enable_free_noise(context_length=CONTEXT, context_stride=STRIDE)
    counts = counted(lambda: unet(meta(1, 4, frames, 85, 48), meta(1), meta(frames, 77, 768)))
    made = renderer("animatediff", steps=1, guidance=1.0)
    assert work_of(made, call_of(384, 680, frames)).denoise == pytest.approx(counts, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "size"), [("ltx", (480, 832, 49)), ("ltx", (544, 960, 121)), ("ltx2", (544, 960, 49))]
)
def test_decoding_and_encoding_of_ltx_are_counted(
    shapes: Any, model: str, size: tuple[int, int, int]
) -> None:
    from otio_gvideo.renderers.diffusion.ltx_vae import decode_latents, encode_clip

    width, height, frames = size
    vae = shapes.shaped(shapes.description(model)["parts"]["vae"]).eval()
    latents = meta(1, 128, (frames - 1) // 8 + 1, height // 32, width // 32)
    time = meta(1) if vae.config.timestep_conditioning else None
    planned = work_of(renderer(model), call_of(*size))
    decoded = counted(lambda: decode_latents(vae.decoder, latents, time))
    assert planned.decode == pytest.approx(decoded, rel=0.03)
    encoded = counted(lambda: encode_clip(vae.encoder, meta(1, 3, 1, height, width)))
    assert planned.encode == pytest.approx(encoded, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["wan", "wan-a14b"])
def test_decoding_of_wan_is_counted_with_the_overlaps_of_its_tiles(shapes: Any, model: str) -> None:
    from otio_gvideo.renderers.diffusion.decoding import frame_tiles
    from otio_gvideo.renderers.diffusion.wan import decode_frames

    vae = shapes.shaped(shapes.description(model)["parts"]["vae"]).eval()
    scale, made, call = 16 if model == "wan" else 8, renderer(model), call_of(704, 1280, 21)
    tiles = frame_tiles(1280 // scale, 704 // scale, scale, made.tile_pixels)
    assert len(tiles) > 1
    planned = work_of(made, call)
    of_tile = counted(
        lambda: decode_frames(
            vae, meta(1, vae.config.z_dim, 6, tiles[0][1] - tiles[0][0], 704 // scale)
        )
    )
    assert planned.decode == pytest.approx(len(tiles) * of_tile, rel=0.03)
    clip = meta(1, 3, 1 if model == "wan" else 21, 1280, 704)
    assert planned.encode == pytest.approx(counted(lambda: vae.encode(clip)), rel=0.03)


@pytest.mark.slow
def test_decoding_of_animatediff_is_counted(shapes: Any) -> None:
    vae = shapes.shaped(shapes.description("animatediff")["parts"]["vae"]).eval()
    planned = work_of(renderer("animatediff"), call_of(384, 680, 20))
    decoded = counted(lambda: vae.decode(meta(1, 4, 85, 48)))
    assert planned.decode == pytest.approx(20 * decoded, rel=0.03)
    encoded = counted(lambda: vae.encode(meta(1, 3, 680, 384)))
    assert planned.encode == pytest.approx(20 * encoded, rel=0.03)


@pytest.mark.slow
def test_decoding_of_svd_is_counted_with_the_overlap_of_its_tiles(shapes: Any) -> None:
    from otio_gvideo.renderers.diffusion.decoding import frame_tiles
    from otio_gvideo.renderers.diffusion.svd import DECODED

    vae = shapes.shaped(shapes.description("svd")["parts"]["vae"]).eval().to("meta")
    made = renderer("svd")
    tiles = frame_tiles(128, 72, 8, made.tile_pixels)
    assert len(tiles) > 1
    latents = meta(DECODED, 4, tiles[0][1] - tiles[0][0], 72)
    of_tile = counted(lambda: vae.decode(latents, num_frames=DECODED))
    planned = work_of(made, call_of(576, 1024, 14)).decode
    assert planned == pytest.approx(len(tiles) * of_tile * 14 / DECODED, rel=0.03)


def test_high_begins_at_half_the_size_and_refines_at_all_of_it() -> None:
    high, standard = renderer("ltx", "high"), renderer("ltx")
    call, small = call_of(1088, 1920, 121), call_of(544, 960, 121)
    first = work_of(standard, small).denoise
    of_pass = work_of(renderer("ltx", timesteps=[1000.0]), call).denoise
    assert work_of(high, call).denoise == pytest.approx(first + 3 * of_pass)
    assert work_of(high, call).encode > work_of(standard, small).encode * 5


@pytest.mark.parametrize(
    ("model", "one", "guided", "passes"),
    [
        ("ltx", {"guidance": 1.0}, {"guidance": 3.0}, 2),
        ("wan", {"guidance": 1.0}, {"guidance": 5.0}, 2),
        ("wan-a14b", {"guidance": 1.0, "guidance_2": 1.0}, {"guidance": 3.5}, 2),
        ("svd", {"guidance": 1.0}, {"guidance": 3.0}, 2),
        ("animatediff", {"guidance": 1.0}, {"guidance": 7.5}, 2),
        ("ltx2", {"guidance": 1.0}, {"guidance": 3.0, "stg": 1.0, "modality": 3.0}, 4),
        ("ltx2", {"guidance": 1.0}, {"guidance": 3.0}, 2),
    ],
)
def test_guidance_takes_further_passes(
    model: str, one: dict[str, float], guided: dict[str, float], passes: int
) -> None:
    call = call_of(384, 640, 25)
    alone = work_of(renderer(model, **one), call).denoise
    assert work_of(renderer(model, **guided), call).denoise == pytest.approx(passes * alone)


def test_a_guide_is_encoded_whole_and_leaves_out_the_first_timesteps() -> None:
    call = call_of(544, 960, 121)
    plain, guided = work_of(renderer("ltx"), call), work_of(renderer("ltx", guide=0.4), call)
    assert guided.denoise == pytest.approx(plain.denoise / 7)
    assert guided.encode > 50 * plain.encode


def test_a_continued_call_encodes_the_frames_before_and_each_keyframe() -> None:
    made, call = renderer("ltx"), call_of(544, 960, 121)
    plain = work_of(made, call)
    more = work_of(made, replace(call_of(544, 960, 121, 60, 120), overlap=17))
    assert more.encode == pytest.approx(plain.encode * (18 + 2 * 2) / 2, rel=0.01)
    assert more.denoise > plain.denoise
