"""Time and memory of generated video on a GPU: planned, simulated and measured.

    python benchmarks/gpu.py [--renderer ltx …] [--quality draft …] [--seconds 2 5 10]
                             [--memory-gb 16] [--folder FOLDER] [--device cuda] [--compile]

Speed depends on a model's shape, not on its training. So each model is built at its real size from
its published configuration (``benchmarks/models/``) with random weights, saved in the published
format, and run by the real renderer: prompts encoded, the encoder unloaded, the model loaded and
placed, denoised, decoded, interpolated, upscaled to 1080x1920 at 24 fps and encoded to a file. With
``--memory-gb``, PyTorch is limited to a budget (``set_per_process_memory_fraction``), so that a
call that is too large fails as on a smaller card.

Prints, for each model, preset and length of a slot: memory in GiB, as planned, as simulated on the
same step of the offload ladder (``benchmarks/memory.py``; not with a budget) and as reserved by
PyTorch; and seconds, as `otio-gvideo plan` tells them, of the first slot with loading, and of the
next one. The target is a second of work, or less, for a second of video of LTX-Video 2B, distilled,
in ``draft`` and ``standard``; the exit status is 1 if it is missed, and 2 without a GPU. LTX-2,
LTX-Video 13B and Wan A14B need more main memory than a small machine has.

``--tiny`` builds the same models at minimal size, to try all of this without a GPU. The folder
takes 16 GB of disk for ``ltx``, 39 for ``ltx-13b``, 71 for ``ltx2``, 23 for ``wan``, 69 for
``wan-a14b``, 5 for ``svd`` and 3 for ``animatediff``, and is reused by the next run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
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
from otio_gvideo.renderers.base import Keyframe, Motion, Renderer, RendererError, Shot
from otio_gvideo.renderers.diffusion.card_speed import model_time
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE
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
        return 2
    kind = "tiny" if arguments.tiny else "full"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = (arguments.folder or cache / "otio-gvideo" / "gpu-benchmark").absolute() / kind
    limit = f"; {arguments.memory_gb:g} GB at most" if arguments.memory_gb else ""
    print(f"{_device(arguments.device)}; torch {torch.__version__}{limit}")
    print(
        f"{'':32}{'GiB: planned / simulated / measured':>52}{'s: planned / first / next slot':>34}"
    )
    missed = False
    with tempfile.TemporaryDirectory() as own:
        # Speeds and steps of the ladder that this machine learns are those of the benchmark alone.
        os.environ[CACHE_VARIABLE] = own
        for name in arguments.renderer or published_models.NAMES:
            model = published_models.built(
                name, folder / name, tiny=arguments.tiny, device=arguments.device
            )
            for quality in arguments.quality or QUALITIES:
                for seconds in arguments.seconds:
                    missed |= not _report(name, quality, seconds, model, arguments)
    return 1 if missed else 0


def _report(
    name: str, quality: str, seconds: float, model: Path, arguments: argparse.Namespace
) -> bool:
    """Measure a slot, print a line, and return whether no target is missed."""
    has_target = (name, quality) in TARGET and not arguments.tiny
    cell = f"{name:12}{quality:9}{seconds:>4g} s"
    try:
        found = measured(name, quality, seconds, model, arguments)
    except RendererError as error:
        print(f"{cell} failed: {error}", flush=True)
        return not has_target
    simulated = None
    if arguments.memory_gb is None:
        simulated = simulated_gb(name, quality, seconds, found.rung, arguments)
    is_met = found.next_s <= seconds
    memory = " / ".join(_number(gb) for gb in (found.planned_gb, simulated, found.reserved_gb))
    time_s = " / ".join(_number(each) for each in (found.planned_s, found.first_s, found.next_s))
    mark = f"  {'met' if is_met else 'missed'}" if has_target else ""
    print(f"{cell}{found.calls:>26}{memory:>31}{time_s:>34}  {found.rung}{mark}", flush=True)
    return is_met or not has_target


def _number(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:>7.2f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = published_models.NAMES
    parser.add_argument("--renderer", nargs="+", choices=names, help="which models (all)")
    parser.add_argument("--quality", nargs="+", choices=QUALITIES, help="which presets (all)")
    parser.add_argument("--memory-gb", type=float, help="budget (all that the device has)")
    parser.add_argument(
        "--seconds", nargs="+", type=float, default=[2.0, 5.0, 10.0], help="of slots (2 5 10)"
    )
    parser.add_argument("--size", default="1080x1920", help="of the finished video (1080x1920)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="to run on")
    parser.add_argument("--folder", type=Path, help="for the models; in the user's cache otherwise")
    parser.add_argument("--compile", action="store_true", help="compile the denoiser's blocks")
    parser.add_argument("--tiny", action="store_true", help="the same models, at minimal size")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class MeasuredSlot:
    """A slot's memory and time, planned and measured.

    Attributes:
        calls: in words.
        planned_gb, reserved_gb: peaks; None without a card, or for an unknown plan.
        planned_s, first_s, next_s: of the calls, of a slot with loading, and of the next one.
        rung: of the offload ladder.
    """

    calls: str
    planned_gb: float
    reserved_gb: float | None
    planned_s: float | None
    first_s: float
    next_s: float
    rung: str


def measured(
    name: str, quality: str, seconds: float, model: Path, arguments: argparse.Namespace
) -> MeasuredSlot:
    """Render two slots with different prompts, one after the other."""
    described = published_models.description(name)
    family = described.get("renderer", name)
    settings: dict[str, Any] = {
        "model": str(model),
        "device": arguments.device,
        "memory_gb": arguments.memory_gb or "auto",
        "compile": arguments.compile,
        **{key: str(model / beside) for key, beside in described["settings"].items()},
    }
    frames = max(1, round(seconds * 24))
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
        budget = arguments.memory_gb or total / GB
        torch.cuda.set_per_process_memory_fraction(min(1.0, budget * GB / total))
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    renderer: Any = renderer_class(family)(settings, quality)
    with contextlib.closing(renderer):
        calls = plan(shot, renderer.limits).calls
        planned_s = model_time(renderer, calls).seconds
        renderer.expect(shots)
        first_s, next_s = (_make(renderer, each) for each in shots)
        rung = renderer._model.ladder.rung
        planned_gb = max(renderer.plan(call, rung).peak_gb for call in calls)
    return MeasuredSlot(
        calls=f"{len(calls)} of {calls[0].width}x{calls[0].height}x{calls[0].frames}",
        planned_gb=planned_gb,
        reserved_gb=torch.cuda.max_memory_reserved() / GB if on_gpu else None,
        planned_s=planned_s,
        first_s=first_s,
        next_s=next_s,
        rung=rung,
    )


def simulated_gb(
    name: str, quality: str, seconds: float, rung: str, arguments: argparse.Namespace
) -> float | None:
    """Return the peak of the same slot on a simulated card; None if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls.json"
        command = [
            *(sys.executable, str(HERE / "memory.py"), "--model", name, "--quality", quality),
            *("--seconds", f"{seconds:g}", "--rung", rung, "--size", arguments.size),
            *("--json", str(calls), *(["--tiny"] if arguments.tiny else [])),
        ]
        subprocess.run(command, capture_output=True, check=False)
        if not calls.is_file():
            return None
        found = json.loads(calls.read_text(encoding="utf-8"))
    return max(call["simulated"][phase] for call in found for phase in call["planned"])


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
