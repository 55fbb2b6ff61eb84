"""What a setup of a model needs on this machine, before anything is loaded."""

from __future__ import annotations

from importlib.util import find_spec

from ..base import UnavailableError
from ..torch_device import pick_device
from .missing_weights import weight_problems
from .model_settings import ModelSetup


def requirement_problems(setup: ModelSetup) -> list[str]:
    """Return a line for each reason why a setup cannot run here, with the way out.

    Weights are checked first: torch is imported only if they are here.
    """
    problems = weight_problems(setup)
    if setup.quantization == "int8" and find_spec("torchao") is None:
        problems.append("quantization int8 needs torchao: pip install torchao")
    if problems:
        return problems
    try:
        pick_device(setup.device, setup.renderer)
    except UnavailableError as error:
        return [str(error)]
    return []
