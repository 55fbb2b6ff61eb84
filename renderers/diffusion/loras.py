"""LoRAs: the ones of a shot, and applying exactly those to a pipeline."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base import Lora, Motion, RendererError, Shot
from ..error_text import one_line
from .loading import Pipeline
from .local_weights import local_file
from .memory import is_out_of_memory
from .model_settings import ModelSetup
from .weight_source import WeightSource, reject_pickle

EXPERTS = {"high": "transformer", "low": "transformer_2"}
"""The experts of Wan 2.2 A14B, at high and at low noise, and their names in the pipeline."""


@dataclass(frozen=True, slots=True)
class ShotLora:
    """A LoRA of a shot.

    Attributes:
        path: of its file.
        weight: 1 is full strength.
        expert: one of `EXPERTS`; None for every denoiser.
    """

    path: Path
    weight: float
    expert: str | None = None


def loras_of(shot: Shot, setup: ModelSetup) -> list[ShotLora]:
    """Return the LoRAs of a shot: the setup's, its camera move's, its own.

    Raises:
        UnavailableError: one of the setup's is not on this machine.
        RendererError: one is a pickle, or is missing.
    """
    loras = []
    for lora in setup.loras:
        path = local_file(lora.source, setup)
        loras.append(ShotLora(path, lora.weight, lora.expert or expert_of(path)))
    camera = camera_lora(shot.motion, setup.camera_loras)
    if camera is not None:
        loras.append(ShotLora(local_file(camera[0], setup), camera[1]))
    for own in shot.motion.loras:
        loras.append(ShotLora(_checked_path(own), own.weight, expert_of(own.path)))
    return loras


def expert_of(path: Path) -> str | None:
    """Return the expert that a LoRA's file name states, as in ``high_noise_model.safetensors``."""
    found = re.search(r"(high|low)[_-]?noise", path.name, re.IGNORECASE)
    return None if found is None else found[1].lower()


def camera_lora(
    motion: Motion, configured: Mapping[str, WeightSource]
) -> tuple[WeightSource, float] | None:
    """Return the motion LoRA of a camera move and its weight; None without one.

    The published ones move far at weight 1, so that the default amount of 0.3 maps to 0.7.
    """
    source = configured.get(motion.camera)
    if source is None or motion.amount == 0:
        return None
    return source, round(min(1.0, 0.55 + 0.5 * motion.amount), 3)


class LoraSet:
    """The LoRAs loaded into a pipeline, each as an adapter with a name of its own."""

    def __init__(self, renderer: str):
        self._renderer = renderer
        self._names: dict[Path, str] = {}

    def clear(self) -> None:
        """Forget the adapters of a pipeline that was unloaded."""
        self._names.clear()

    def apply(self, pipe: Pipeline, loras: Sequence[ShotLora]) -> Pipeline:
        """Activate exactly these LoRAs at their weights, and return the pipeline.

        Raises:
            RendererError: one does not fit the pipeline.
        """
        active = [lora for lora in loras if lora.weight]
        if not active and not self._names:
            return pipe
        has_experts = getattr(pipe, "transformer_2", None) is not None
        for lora in active:
            if lora.path not in self._names:
                self._load(pipe, lora, has_experts)
        if has_experts:
            for expert, part in EXPERTS.items():
                model = getattr(pipe, part)
                own = [lora for lora in active if lora.expert in (None, expert)]
                if own:
                    model.enable_lora()
                    model.set_adapters(
                        [self._names[lora.path] for lora in own], [lora.weight for lora in own]
                    )
                elif getattr(model, "peft_config", None):
                    model.disable_lora()
        elif active:
            pipe.enable_lora()
            pipe.set_adapters(
                [self._names[lora.path] for lora in active], [lora.weight for lora in active]
            )
        else:
            pipe.disable_lora()
        return pipe

    def _load(self, pipe: Pipeline, lora: ShotLora, has_experts: bool) -> None:
        name = f"lora_{len(self._names)}"
        own = [expert for expert in EXPERTS if lora.expert in (None, expert)]
        where = [{"load_into_transformer_2": expert == "low"} for expert in own]
        try:
            for into in where if has_experts else [{}]:
                pipe.load_lora_weights(
                    str(lora.path.parent),
                    weight_name=lora.path.name,
                    adapter_name=name,
                    local_files_only=True,
                    use_safetensors=True,
                    **into,
                )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            if is_out_of_memory(error):
                # Nothing of it may stay, as it is loaded again.
                with contextlib.suppress(Exception):
                    pipe.delete_adapters(name)
                raise
            what = one_line(error)
            raise RendererError(
                f"{lora.path}: no LoRA for {self._renderer}: {what[:200]}"
            ) from error
        self._names[lora.path] = name


def _checked_path(lora: Lora) -> Path:
    """Return a LoRA's path.

    Raises:
        RendererError: it is a pickle, or is missing.
    """
    reject_pickle(str(lora.path))
    if not lora.path.is_file():
        raise RendererError(f"{lora.path}: LoRA not found")
    return lora.path
