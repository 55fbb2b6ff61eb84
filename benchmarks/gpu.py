"""Speed of generated video on a GPU, and its VRAM.

    python benchmarks/gpu.py [--renderer ltx …] [--quality draft …] [--memory-gb 16] [--seconds 5]
                             [--folder FOLDER] [--device cuda] [--compile]

Speed depends on a model's shape, not on its training. So each model is built at its real size from
its published configuration (``benchmarks/models/``) with random weights, saved in the published
format, and run by the real renderer: prompts encoded, the encoder unloaded, the model loaded and
placed within the budget, denoised, decoded, interpolated, upscaled to 1080x1920 at 24 fps and
encoded to a file. PyTorch is limited to the budget (``set_per_process_memory_fraction``), so that a
call that is too large fails as on a smaller card.

Prints, for each model and preset, seconds of finished video for a second of work: of the first
slot, loading included, and of the next one; peak VRAM allocated and reserved; and the rung of the
offload ladder. The target is LTX-Video 2B, distilled, in ``draft`` and ``standard``: 1 or more.
LTX-2, LTX-Video 13B and Wan A14B need more main memory than a small machine has.

``--tiny`` builds the same models at minimal size, to try all of this without a GPU. The folder
takes 16 GB of disk for ``ltx``, 39 for ``ltx-13b``, 71 for ``ltx2``, 23 for ``wan``, 69 for
``wan-a14b``, 5 for ``svd`` and 3 for ``animatediff``, and is reused by the next run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import published_models
import torch
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.renderers.base import Expecting, Keyframe, Motion, Renderer, RendererError, Shot
from otio_gvideo.renderers.diffusion.memory import DESCRIBED
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class

HERE = Path(__file__).parent
STILL = HERE.parent / "examples" / "lighthouse" / "keyframes" / "ship.jpg"
QUALITIES = ("draft", "standard", "high")
TARGET = {("ltx", "draft"), ("ltx", "standard")}
"""Presets whose target is a second of video, or more, for a second of work."""
GB = 2**30


def main() -> int:
    arguments = _arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA device here; try: --device cpu --tiny", file=sys.stderr)
        return 1
    names = arguments.renderer or published_models.NAMES
    kind = "tiny" if arguments.tiny else "full"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = (arguments.folder or cache / "otio-gvideo" / "gpu-benchmark").absolute() / kind
    print(f"{_device(arguments.device)}; torch {torch.__version__}; {arguments.memory_gb:g} GB cap")
    print(
        f"{'':22}{'native':>14}{'calls':>6}{'first slot':>12}{'next slot':>12}"
        f"{'in use':>10}{'reserved':>10}  target"
    )
    missed = False
    for name in names:
        model = published_models.built(
            name, folder / name, tiny=arguments.tiny, device=arguments.device
        )
        for quality in arguments.quality or QUALITIES:
            try:
                found = timed(name, quality, model, arguments)
            except RendererError as error:
                print(f"{name + ' ' + quality:22} failed: {error}", flush=True)
                missed |= (name, quality) in TARGET
                continue
            mark = ""
            if (name, quality) in TARGET and not arguments.tiny:
                mark = "met" if found.next_slot >= 1 else "missed"
                missed |= mark == "missed"
            print(
                f"{name + ' ' + quality:22}{found.native:>14}{found.calls:>6}"
                f"{found.first_slot:>8.2f} s/s{found.next_slot:>8.2f} s/s"
                f"{found.in_use_gb:>7.1f} GB{found.reserved_gb:>7.1f} GB  {mark}",
                flush=True,
            )
            print(f"{'':22}{found.rung}", flush=True)
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = published_models.NAMES
    parser.add_argument("--renderer", nargs="+", choices=names, help="which models (all)")
    parser.add_argument("--quality", nargs="+", choices=QUALITIES, help="which presets (all)")
    parser.add_argument("--memory-gb", type=float, default=16.0, help="of the device (16)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a slot (5)")
    parser.add_argument("--size", default="1080x1920", help="of the finished video (1080x1920)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="to run on")
    parser.add_argument("--folder", type=Path, help="for the models; in the user's cache otherwise")
    parser.add_argument("--compile", action="store_true", help="compile the denoiser's blocks")
    parser.add_argument("--tiny", action="store_true", help="the same models, at minimal size")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Found:
    """A measurement: seconds of video for a second of work, and GiB of VRAM."""

    native: str
    calls: int
    first_slot: float
    next_slot: float
    in_use_gb: float
    reserved_gb: float
    rung: str


def timed(name: str, quality: str, model: Path, arguments: argparse.Namespace) -> Found:
    """Render two slots with different prompts, one after the other."""
    described = published_models.description(name)
    family = described.get("renderer", name)
    settings: dict[str, Any] = {
        "model": str(model),
        "device": arguments.device,
        "memory_gb": arguments.memory_gb,
        "compile": arguments.compile,
        **{key: str(model / beside) for key, beside in described["settings"].items()},
    }
    frames = max(1, round(arguments.seconds * 24))
    width, height = (int(side) for side in arguments.size.split("x"))
    shot = Shot(
        *(width, height, Fraction(24), frames, 0, 0, 0, frames, (Keyframe(STILL, 0),)),
        prompt="a schooner passes a lighthouse at night, clouds drift, waves roll",
        seed=1,
        motion=Motion(camera="push_in"),
        quality=quality,
        settings=settings,
    )
    shots = [shot, replace(shot, prompt="a gale, rain, forked lightning over the sea", seed=2)]
    on_gpu = arguments.device == "cuda"
    if on_gpu:
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, arguments.memory_gb * GB / total))
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    with contextlib.closing(renderer_class(family)(settings, quality)) as renderer:
        if isinstance(renderer, Expecting):
            renderer.expect(shots)
        seconds = [_make(renderer, each) for each in shots]
        planned = plan(shot, renderer.limits)
        model = getattr(renderer, "_model", None)
        where = "" if model is None else DESCRIBED[model.ladder.rung]
    call = planned.calls[0]
    return Found(
        native=f"{call.width}x{call.height}",
        calls=len(planned.calls),
        first_slot=frames / 24 / seconds[0],
        next_slot=frames / 24 / seconds[1],
        in_use_gb=torch.cuda.max_memory_allocated() / GB if on_gpu else 0.0,
        reserved_gb=torch.cuda.max_memory_reserved() / GB if on_gpu else 0.0,
        rung=where,
    )


def _make(renderer: Renderer, shot: Shot) -> float:
    """Render a slot to a file, and return the seconds that took."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        written = encode_frames(
            run_renderer.frames(renderer, shot, lambda *_: None),
            Path(folder) / "slot.mp4",
            **{"width": shot.width, "height": shot.height, "fps": shot.fps},
        )
    assert written == shot.frames
    return time.perf_counter() - started


def _device(device: str) -> str:
    if device != "cuda":
        return f"CPU, {os.cpu_count()} cores"
    there = torch.cuda.get_device_properties(0)
    return f"{there.name}, {there.total_memory / GB:.0f} GB"


if __name__ == "__main__":
    sys.exit(main())
