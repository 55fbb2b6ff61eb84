"""Memory of generated video at full size, planned and simulated, without weights or a GPU.

    python benchmarks/memory.py [--model ltx …] [--quality standard …] [--seconds 5 …]
                                [--rung none …] [--card 8 12 16 24] [--all] [--json FILE]

Each model has its published shape (``benchmarks/models/``) and no weights. The real renderer loads
it, places it, encodes, denoises two steps and decodes on a simulated card (`simulation.Card`), on
each rung of the offload ladder. Prints the peak of encoding prompts and of placing the weights, in
GiB, the planned and the simulated peak of each phase of a call, and the cards that the plan fits;
`--json` writes these and the work of each phase in TFLOP. The phase that begins still has what the
one before left on the card. Exits with 1 if a planned peak lies below the simulated one or more
than 15 % above. `CONTEXT_GB` is added to the simulated peaks: it stands for what no simulation
shows, the device's context and workspaces.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import published_models
from otio_gvideo.renderers.base import Call, Keyframe, Motion, Shot
from otio_gvideo.renderers.diffusion import diffusion_renderer, offload, rung_cache
from otio_gvideo.renderers.diffusion.memory import CONTEXT_GB, LADDER
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class
from simulation import GIB, Card

HERE = Path(__file__).parent
STILL = HERE.parent / "examples" / "lighthouse" / "keyframes" / "ship.jpg"
QUALITIES = ("draft", "standard", "high")
CARDS = (8, 12, 16, 24)
DESKTOP_GB = 0.5
"""Memory of a card that is not free."""
PHASES = ("prompts", "load", "encode", "denoise", "decode")
ONCE, PLANNED = PHASES[:2], PHASES[2:]
"""Phases before the first call, and those of each call, which are planned."""
ABOVE = 1.15
"""Largest ratio of a planned to a simulated peak."""


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call of a renderer, in GiB and TFLOP.

    Attributes:
        model, quality, rung: what ran.
        width, height, frames: of the call.
        planned: by phase of a call.
        simulated: by phase, with the context.
        matmul, attention: work by phase; of two denoising steps a pass.
    """

    model: str
    quality: str
    rung: str
    width: int
    height: int
    frames: int
    planned: Mapping[str, float]
    simulated: Mapping[str, float]
    matmul: Mapping[str, float]
    attention: Mapping[str, float]

    @property
    def planned_gb(self) -> float:
        """The planned peak."""
        return max(self.planned.values())

    @property
    def simulated_gb(self) -> float:
        """The simulated peak of the phases that are planned."""
        return max(self.simulated[phase] for phase in self.planned)

    @property
    def ratio(self) -> float:
        """The planned peak over the simulated one."""
        return self.planned_gb / self.simulated_gb


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    wrong = 0
    found: list[SimulatedCall] = []
    print(
        f"{'':40}{'planned / simulated, GiB: peak':>32}"
        + "".join(f"{phase:>{9 if phase in ONCE else 15}}" for phase in PHASES)
        + f"{'ratio':>7}  fits"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.model:
            model = published_models.write_folder(
                published_models.description(name), Path(folder) / name, tiny=arguments.tiny
            )
            for quality in arguments.quality:
                for rung in arguments.rung:
                    for call in simulate(name, quality, rung, model, arguments):
                        found.append(call)
                        is_wrong = not 1.0 <= call.ratio <= ABOVE
                        wrong += is_wrong
                        print(line(call, arguments.card, is_wrong), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(call) for call in found], indent=1))
    return 1 if wrong else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    names = [path.stem for path in sorted((HERE / "models").glob("*.json"))]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", choices=names, help="of benchmarks/models")
    parser.add_argument("--quality", nargs="+", choices=QUALITIES, help="presets (standard)")
    parser.add_argument("--seconds", nargs="+", type=float, help="lengths of slots (5)")
    parser.add_argument("--rung", nargs="+", choices=LADDER, default=LADDER, help="of the ladder")
    parser.add_argument("--card", nargs="+", type=int, default=CARDS, help="GB of cards")
    parser.add_argument("--size", default="1080x1920", help="of the reel (1080x1920)")
    parser.add_argument("--all", action="store_true", help="all models, presets; 2, 5 and 10 s")
    parser.add_argument("--tiny", action="store_true", help="the same models, at minimal size")
    parser.add_argument("--json", type=Path, help="a file for the results")
    arguments = parser.parse_args(argv)
    arguments.model = arguments.model or (names if arguments.all else ["ltx"])
    arguments.quality = arguments.quality or (QUALITIES if arguments.all else ["standard"])
    arguments.seconds = arguments.seconds or ([2.0, 5.0, 10.0] if arguments.all else [5.0])
    return arguments


def line(call: SimulatedCall, cards: Sequence[int], is_wrong: bool) -> str:
    """Return a call as a line of the table."""
    size = f"{call.width}x{call.height}x{call.frames}"
    phases = "".join(f"{call.simulated[phase]:>9.2f}" for phase in ONCE) + "".join(
        f"{call.planned[phase]:>7.2f} /{call.simulated[phase]:6.2f}" for phase in PLANNED
    )
    fits = [str(card) for card in cards if call.planned_gb <= card - DESKTOP_GB]
    return (
        f"{call.model:12}{call.quality:9}{call.rung:6}{size:>13}"
        f"{call.planned_gb:>23.2f} /{call.simulated_gb:6.2f}{phases}{call.ratio:>7.2f}  "
        + ", ".join(fits)
        + ("  WRONG" if is_wrong else "")
    )


def simulate(
    name: str, quality: str, rung: str, model: Path, arguments: argparse.Namespace
) -> Iterator[SimulatedCall]:
    """Run the calls of slots of each length on a rung of the offload ladder."""
    described = published_models.description(name)
    family = described.get("renderer", name)
    settings: dict[str, Any] = {
        "model": str(model),
        "device": "cuda",
        "offload": rung,
        "presets": {quality: _two_steps(family, quality)},
        **{key: str(model / beside) for key, beside in described["settings"].items()},
    }
    card = Card()
    with ExitStack() as stack:
        for target, attribute, value in (
            (diffusion_renderer, "pick_device", lambda *_: "cuda"),
            # This machine's experience says nothing about the card.
            (rung_cache, "read_entries", lambda _: {}),
            (diffusion_renderer.CallTimer, "keep", lambda *_: None),
            (offload, "place_pipeline", during(card, "load", offload.place_pipeline)),
        ):
            stack.enter_context(mock.patch.object(target, attribute, value))
        stack.enter_context(published_models.without_weights())
        stack.enter_context(card)
        renderer: Any = stack.enter_context(closing(renderer_class(family)(settings, quality)))
        mark_phases(renderer, card)
        seen: set[tuple[int, bool]] = set()
        for seconds in arguments.seconds:
            shot = _shot(arguments.size, seconds, quality, settings)
            for index, call in enumerate(plan(shot, renderer.limits).calls):
                if (call.frames, index > 0) not in seen:
                    seen.add((call.frames, index > 0))
                    yield _simulated(name, quality, rung, renderer, card, shot, call)


def _simulated(
    name: str, quality: str, rung: str, renderer: Any, card: Card, shot: Shot, call: Call
) -> SimulatedCall:
    once = Counter({phase: card.peaks[phase] for phase in ONCE})
    card.reset()
    before = [np.zeros((call.height, call.width, 3), np.uint8)] * call.overlap
    frames = sum(1 for _ in renderer.generate(shot, call, before, lambda *_: None))
    assert frames == call.frames
    card.phase = ""
    gc.collect()
    card.peaks |= once  # The larger of both.
    planned = renderer.plan(call, rung)
    return SimulatedCall(
        name,
        quality,
        rung,
        call.width,
        call.height,
        call.frames,
        {phase: getattr(planned, f"{phase}_gb") for phase in PLANNED},
        {phase: card.peaks[phase] / GIB + CONTEXT_GB for phase in PHASES},
        {phase: count / 1e12 for phase, count in card.matmul.items()},
        {phase: count / 1e12 for phase, count in card.attention.items()},
    )


def during(card: Card, phase: str, work: Any) -> Any:
    """Return some work that is measured as a phase."""

    def run(*args: Any, **kwargs: Any) -> Any:
        with card.during(phase):
            return work(*args, **kwargs)

    return run


def mark_phases(renderer: Any, card: Card) -> None:
    """Tell the card which phase of a call a renderer is in."""
    load, decode = renderer.load, renderer.decode

    def marked(parts: Any) -> Any:
        pipe = load(parts)
        for name in renderer.denoisers:
            denoiser = getattr(pipe, name, None)
            if denoiser is not None:
                denoiser.forward = during(card, "denoise", denoiser.forward)
        pipe.vae.encode = during(card, "encode", pipe.vae.encode)
        return pipe

    def decoded(*args: Any) -> Iterator[Any]:
        with card.during("decode"):
            yield from decode(*args)

    renderer.load, renderer.decode = marked, decoded
    renderer._encode = during(card, "prompts", renderer._encode)
    renderer.denoise = during(card, "encode", renderer.denoise)


def _two_steps(family: str, quality: str) -> dict[str, Any]:
    """Return the changes of a preset to two steps a pass: all are alike."""
    if family not in ("ltx", "ltx2"):
        return {"steps": 2}
    refine = {"refine": [909.4, 421.9]} if quality == "high" else {}
    return {"steps": 2, "timesteps": [1000.0, 725.0], **refine}


def _shot(size: str, seconds: float, quality: str, settings: Mapping[str, Any]) -> Shot:
    width, height = (int(side) for side in size.split("x"))
    frames = max(1, round(seconds * 24))
    return Shot(
        *(width, height, Fraction(24), frames, 0, 0, 0, frames, (Keyframe(STILL, 0),)),
        prompt="a schooner passes a lighthouse at night, clouds drift, waves roll",
        seed=1,
        motion=Motion(camera="push_in"),
        quality=quality,
        settings=settings,
    )


if __name__ == "__main__":
    sys.exit(main())
