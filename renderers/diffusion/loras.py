"""LoRAs: the ones of a shot, and applying exactly those to a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..base import Lora, Motion, RendererError, Shot
from ..error_text import one_line
from .loading import Pipeline
from .local_weights import local_file
from .memory import is_out_of_memory
from .model_settings import ModelSetup
from .weight_source import WeightSource, reject_pickle


def loras_of(shot: Shot, setup: ModelSetup) -> list[tuple[Path, float]]:
    """Return the LoRAs of a shot and their weights: the setup's, its camera move's, its own.

    Raises:
        UnavailableError: one of the setup's is not on this machine.
        RendererError: one is a pickle, or is missing.
    """
    loras = [(local_file(lora.source, setup), lora.weight) for lora in setup.loras]
    camera = camera_lora(shot.motion, setup.camera_loras)
    if camera is not None:
        loras.append((local_file(camera[0], setup), camera[1]))
    return loras + [(_checked_path(lora), lora.weight) for lora in shot.motion.loras]


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

    def apply(self, pipe: Pipeline, loras: Sequence[tuple[Path, float]]) -> Pipeline:
        """Activate exactly these LoRAs at their weights, and return the pipeline.

        Raises:
            RendererError: one does not fit the pipeline.
        """
        active = [(path, weight) for path, weight in loras if weight]
        if not active and not self._names:
            return pipe
        for path, _ in active:
            if path not in self._names:
                self._load(pipe, path)
        if active:
            pipe.enable_lora()
            pipe.set_adapters(
                [self._names[path] for path, _ in active], [weight for _, weight in active]
            )
        else:
            pipe.disable_lora()
        return pipe

    def _load(self, pipe: Pipeline, path: Path) -> None:
        name = f"lora_{len(self._names)}"
        try:
            pipe.load_lora_weights(
                str(path.parent),
                weight_name=path.name,
                adapter_name=name,
                local_files_only=True,
                use_safetensors=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise
            what = one_line(error)
            raise RendererError(f"{path}: no LoRA for {self._renderer}: {what[:200]}") from error
        self._names[path] = name


def _checked_path(lora: Lora) -> Path:
    """Return a LoRA's path.

    Raises:
        RendererError: it is a pickle, or is missing.
    """
    reject_pickle(str(lora.path))
    if not lora.path.is_file():
        raise RendererError(f"{lora.path}: LoRA not found")
    return lora.path
