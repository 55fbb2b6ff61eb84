"""What a model needs on this machine, before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ..base import RendererError, Shot
from ..fit.planner import plan
from ..registry import renderer_class
from ..torch_device import pick_device
from .card import find_card, refuse_small_card, refuse_small_memory
from .diffusion_renderer import DiffusionRenderer
from .missing_weights import weight_problems
from .model_settings import ModelSetup


def requirement_problems(name: str, shots: Sequence[Shot], free_gb: float) -> list[str]:
    """Return a line for each reason why a renderer cannot run here, with the way out.

    Weights are checked first: torch is imported only if they are here.

    Args:
        name: of the renderer.
        shots: to render, of one quality and the same settings.
        free_gb: free main memory, for the CPU.
    """
    try:
        renderer = renderer_class(name)(shots[0].settings, shots[0].quality)
    except RendererError as error:
        return [str(error)]
    assert isinstance(renderer, DiffusionRenderer)
    problems = [*weight_problems(renderer.setup), *_package_problems(renderer.setup)]
    if problems:
        return problems
    try:
        if pick_device(renderer.setup.device, name) == "cpu":
            refuse_small_memory(renderer, free_gb)
        else:
            _refuse_card(renderer, shots)
    except RendererError as error:
        return [str(error)]
    return []


def _package_problems(setup: ModelSetup) -> list[str]:
    if setup.quantization == "int8" and find_spec("torchao") is None:
        return ["quantization int8 needs torchao: pip install torchao"]
    return []


def _refuse_card(renderer: DiffusionRenderer, shots: Sequence[Shot]) -> None:
    """Reject a card that does not fit the longest call."""
    card = find_card()
    calls = [call for shot in shots for call in plan(shot, renderer.limits).calls]
    if card is not None and calls:
        refuse_small_card(renderer, max(calls, key=lambda call: call.frames), card)
