"""LoRAs: which ones a shot wears, and a pipeline in them and in no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base import Lora, RendererError, Shot
from . import motion
from .loading import Pipeline, is_out_of_memory
from .local_weights import file_of
from .model_settings import ModelSetup, refuse_pickle


def loras_of(shot: Shot, setup: ModelSetup) -> list[tuple[Path, float]]:
    """The LoRAs that a shot wears, with their weights: the setup's, its camera move's, its own.

    Raises:
        UnavailableError: one of the setup's is not on this machine.
        RendererError: one is a pickle, or is missing.
    """
    worn = [(file_of(lora.source, setup), lora.weight) for lora in setup.loras]
    moving = motion.camera_lora(shot.motion, setup.camera_loras)
    if moving is not None:
        worn.append((file_of(moving[0], setup), moving[1]))
    return worn + [(_safe(lora), lora.weight) for lora in shot.motion.loras]


class LoraSet:
    """The LoRAs that are loaded into a pipeline, each under a name of its own."""

    def __init__(self, renderer: str):
        self._renderer = renderer
        self._names: dict[Path, str] = {}

    def clear(self) -> None:
        """The pipeline is gone, and what it wore with it."""
        self._names.clear()

    def dress(self, pipe: Pipeline, loras: Sequence[tuple[Path, float]]) -> Pipeline:
        """The pipeline with these LoRAs at their weights, and no others.

        Raises:
            RendererError: one does not fit the pipeline.
        """
        wanted = [(path, weight) for path, weight in loras if weight]
        if not wanted and not self._names:
            return pipe
        for path, _ in wanted:
            if path not in self._names:
                self._put_on(pipe, path)
        if wanted:
            pipe.enable_lora()
            pipe.set_adapters(
                [self._names[path] for path, _ in wanted], [weight for _, weight in wanted]
            )
        else:
            pipe.disable_lora()
        return pipe

    def _put_on(self, pipe: Pipeline, path: Path) -> None:
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
            what = " ".join(str(error).split())
            raise RendererError(f"{path}: no LoRA for {self._renderer}: {what[:200]}") from error
        self._names[path] = name


def _safe(lora: Lora) -> Path:
    """A LoRA's path, unless it is a pickle.

    Raises:
        RendererError: it is one, or is missing.
    """
    refuse_pickle(str(lora.path))
    if not lora.path.is_file():
        raise RendererError(f"{lora.path}: there is no such LoRA")
    return lora.path
