"""The time that a model's calls take: their work, and the speed of the card.

The speed is that of calls that were made before (`call_timer`), else that of a table of cards
(``cards.toml``), else unknown. PyTorch is not imported.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from ..base import Call
from ..files.speeds import Speed, processor, recall_speed
from .call_timer import DECODE, DENOISE, work_kind
from .diffusion_renderer import DiffusionRenderer
from .work import Work

MAKERS = ("NVIDIA ", "GeForce ", "Tesla ")
"""Left out of the names of cards in the table."""
ANSWER_S = 5.0
"""How long the driver may take to name its cards."""
PRECISE = 0.5
"""Speed of convolutions in 32 bits (TF32), of that in 16."""


@dataclass(frozen=True, slots=True)
class ModelTime:
    """The time of a slot's calls, one after the other.

    Attributes:
        seconds: without loading; None if unknown.
        source: of the device's speed.
        device: that they run on; None if unknown.
    """

    seconds: float | None
    source: Literal["measured", "table", "unknown"]
    device: str | None


def model_time(renderer: DiffusionRenderer, calls: Iterable[Call]) -> ModelTime:
    """Return the time that calls take on this machine."""
    setting, name = renderer.setup.device, None
    if setting == "cpu":
        name = processor()
    elif setting in ("auto", "cuda"):
        name = nvidia_card()
    works = [renderer.work(call) for call in calls]
    known = [work for work in works if work is not None]
    if len(known) < len(works):
        return ModelTime(None, "unknown", name)
    kind = work_kind(renderer.setup, renderer.half)
    denoise, decode = (recall_speed(f"{kind} {phase}", name) for phase in (DENOISE, DECODE))
    if denoise is not None and decode is not None:
        return ModelTime(_seconds(known, denoise, decode), "measured", denoise.device)
    rate = table_tflops(name) if name else None
    if name is None or rate is None or (renderer.setup.dtype or renderer.half) == "float32":
        return ModelTime(None, "unknown", name)
    slower = PRECISE if "vae" in renderer.precise else 1.0
    return ModelTime(_seconds(known, Speed(name, rate), Speed(name, rate * slower)), "table", name)


def _seconds(works: Iterable[Work], denoise: Speed, decode: Speed) -> float:
    return sum((w.encode + w.denoise) / denoise.rate + w.decode / decode.rate for w in works)


def table_tflops(card: str) -> float | None:
    """Return the TFLOP/s that models are expected to get of a card; None if it is not listed."""
    for maker in MAKERS:
        card = card.removeprefix(maker)
    peak = _table()["tflops"].get(card)
    return None if peak is None else float(peak * _table()["utilisation"])


@functools.cache
def nvidia_card() -> str | None:
    """Return the name of the NVIDIA card that PyTorch picks; None if the driver names none.

    Of several, it is the fastest: CUDA's own order.
    """
    shown, driver = os.environ.get("CUDA_VISIBLE_DEVICES"), shutil.which("nvidia-smi")
    if driver is None or shown in ("", "-1"):
        return None
    try:
        ran = subprocess.run(
            [driver, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=ANSWER_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return _fastest([line.strip() for line in ran.stdout.splitlines() if line.strip()])


def _fastest(cards: Sequence[str]) -> str | None:
    return max(cards, key=lambda card: table_tflops(card) or 0.0, default=None)


@functools.cache
def _table() -> Mapping[str, Any]:
    text = files(__package__).joinpath("cards.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
