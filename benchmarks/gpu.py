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
LTX-2 is not among the models: its 19 billion parameters do not fit into 16 GB.

``--tiny`` builds the same models at minimal size, to try all of this without a GPU. The folder
takes 16 GB of disk for ``ltx``, 23 for ``wan``, 5 for ``svd`` and 3 for ``animatediff``, and is
reused by the next run.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import shutil
import string
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

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
SPREAD = 0.02
"""Standard deviation of weights: small, so that activations stay finite."""
SHARD = "4GB"


def main() -> int:
    arguments = _arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA device here; try: --device cpu --tiny", file=sys.stderr)
        return 1
    names = arguments.renderer or sorted(path.stem for path in (HERE / "models").glob("*.json"))
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
        model = built(name, folder / name, tiny=arguments.tiny, device=arguments.device)
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
    names = [path.stem for path in sorted((HERE / "models").glob("*.json"))]
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
    described = json.loads((HERE / "models" / f"{name}.json").read_text(encoding="utf-8"))
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
    with contextlib.closing(renderer_class(name)(settings, quality)) as renderer:
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


def built(name: str, folder: Path, *, tiny: bool, device: str) -> Path:
    """Return the folder of a model with random weights; build it if it is missing."""
    described = json.loads((HERE / "models" / f"{name}.json").read_text(encoding="utf-8"))
    stamp = folder / "built.json"
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == described:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    print(f"building {name} in {folder} …", file=sys.stderr, flush=True)
    torch.manual_seed(0)
    _save_pipeline(described, folder, tiny, device)
    for beside, what in described["beside"].items():
        if "pipeline" in what:
            _save_pipeline(what, folder / beside, tiny, device, folder)
        else:
            _save_part(what, folder / beside, tiny, device)
    stamp.write_text(json.dumps(described), encoding="utf-8")
    return folder


def _save_pipeline(
    described: Mapping[str, Any],
    folder: Path,
    tiny: bool,
    device: str,
    whole: Path | None = None,
) -> None:
    """Save a pipeline's parts and its index, as ``save_pretrained`` would."""
    import diffusers  # noqa: PLC0415 - slow to import

    folder.mkdir(parents=True)
    index: dict[str, Any] = {
        "_class_name": described["pipeline"],
        "_diffusers_version": diffusers.__version__,
        **described.get("index", {}),
    }
    for part, what in described["parts"].items():
        if what.get("made") == "none":
            index[part] = [None, None]
        elif "same_as" in what:
            assert whole is not None
            shutil.copytree(whole / what["same_as"], folder / part, copy_function=os.link)
            other = json.loads((whole / "model_index.json").read_text(encoding="utf-8"))
            index[part] = other[what["same_as"]]
        elif "made" in what:
            made = tokenizer(what["made"])
            made.save_pretrained(folder / part)
            index[part] = ["transformers", type(made).__name__]
        else:
            _save_part(what, folder / part, tiny, device)
            index[part] = what.get("index", [what["library"], what["class"]])
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _save_part(what: Mapping[str, Any], folder: Path, tiny: bool, device: str) -> None:
    if what["class"].endswith("Scheduler"):
        getattr(importlib.import_module(what["library"]), what["class"])(
            **what["config"]
        ).save_pretrained(folder)
        return
    model = shaped(what, tiny=tiny)
    dtype = torch.float32 if tiny else torch.bfloat16
    # bfloat16 from the start: the largest text encoder takes 23 GB in float32.
    model = model.to(dtype).to_empty(device=device)
    with torch.no_grad():
        for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if not tensor.is_floating_point():
                tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape))
            elif tensor.ndim == 1 and key.endswith("weight"):
                tensor.fill_(1.0)
            elif tensor.ndim == 1:
                tensor.zero_()
            else:
                tensor.normal_(0.0, SPREAD)
    model.save_pretrained(folder, max_shard_size=SHARD)


def shaped(what: Mapping[str, Any], *, tiny: bool = False) -> Any:
    """Return a model in its published shape on the meta device, without memory."""
    config = {**what["config"], **(what.get("tiny", {}) if tiny else {})}
    kind = getattr(importlib.import_module(what.get("module", what["library"])), what["class"])
    with torch.device("meta"):
        if what["library"] == "transformers":
            return kind(kind.config_class(**config)).eval()
        return kind(**config)


def tokenizer(kind: str) -> Any:
    """Return a tokenizer of letters; any will do for random weights."""
    import transformers  # noqa: PLC0415 - slow to import
    from transformers.convert_slow_tokenizer import bytes_to_unicode  # noqa: PLC0415

    if kind == "clip_image":
        return transformers.CLIPImageProcessor(
            crop_size={"height": 224, "width": 224}, size={"shortest_edge": 224}
        )
    if kind == "clip":
        letters = list(bytes_to_unicode().values())
        tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
        vocab = {token: number for number, token in enumerate(tokens)}
        return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)
    letters = ["▁", *string.ascii_letters, *string.digits, *".,;:!?-'\"()"]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(letter, -float(number + 2)) for number, letter in enumerate(letters)]
    return transformers.T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=512)


def _device(device: str) -> str:
    if device != "cuda":
        return f"CPU, {os.cpu_count()} cores"
    there = torch.cuda.get_device_properties(0)
    return f"{there.name}, {there.total_memory / GB:.0f} GB"


if __name__ == "__main__":
    sys.exit(main())
