"""Whether the weights of a model are on this machine and whole; nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..base import RendererError
from .local_weights import cached_snapshot
from .model_settings import ModelSetup
from .published import is_gated
from .single_file import has_vae
from .weight_files import INDEX, file_fault, part_faults, pipeline_faults
from .weight_source import SAFE_SUFFIX, WeightSource, reject_pickle

DENOISERS = ("transformer", "unet")
"""Parts that a single file replaces."""


@dataclass(frozen=True, slots=True)
class WeightsState:
    """Weights of a setup on this machine.

    Attributes:
        source: of the weights.
        state: ``missing``, ``partial`` or ``here``.
        fault: what is missing; empty if they are here.
        path: their folder or file; None if they are missing.
    """

    source: WeightSource
    state: Literal["here", "partial", "missing"]
    fault: str = ""
    path: Path | None = None

    @property
    def disk_bytes(self) -> int:
        """Bytes of their files on this machine."""
        if self.path is None:
            return 0
        files = self.path.rglob("*") if self.path.is_dir() else [self.path]
        return sum(file.stat().st_size for file in files if file.is_file())


def weights_state(source: WeightSource, setup: ModelSetup) -> WeightsState:
    """Return whether weights are here and whole.

    Args:
        source: one of the setup's `ModelSetup.sources`.
        setup: of the model they belong to.

    Raises:
        RendererError: they are pickles, or of another kind.
    """
    if source.path is not None and source.path.suffix:
        reject_pickle(source.path.name)
        fault = file_fault(source.path)
        state: Literal["missing", "partial"] = "partial" if source.path.exists() else "missing"
        return WeightsState(source, state if fault else "here", fault, source.path)
    folder = cached_snapshot(source) if source.path is None else source.path
    if folder is None or not folder.is_dir():
        return WeightsState(source, "missing", "is missing")
    if source.file is not None:
        file = folder / source.file
        fault = file_fault(file)
        if fault and not file.is_file():
            return WeightsState(source, "missing", fault)
        return WeightsState(source, "partial" if fault else "here", fault, file)
    faults = list(_folder_faults(source, setup, folder))
    return WeightsState(source, "partial" if faults else "here", _joined(faults), folder)


def weight_problems(setup: ModelSetup) -> list[str]:
    """Return a line for each source of a setup that is missing or incomplete, with the way out.

    A language model is not needed for prompts that it wrote.
    """
    sources = (source for source in setup.sources if source != setup.prompt_model)
    return [problem for source in sources if (problem := _problem(source, setup))]


def replaced_parts(setup: ModelSetup) -> tuple[str, ...]:
    """Return the parts of a pipeline whose weights come from the setup's single files."""
    second = ("transformer_2",) if "weights_2" in setup.parts else ()
    if setup.weights is None:
        return second
    if weights_state(setup.weights, setup).state != "here":
        # It may have a VAE: its own absence is reported instead.
        return (*DENOISERS, *second, "vae")
    return (*DENOISERS, *second, *(("vae",) if has_vae(setup.weights, setup) else ()))


def _problem(source: WeightSource, setup: ModelSetup) -> str:
    try:
        found = weights_state(source, setup)
    except RendererError as error:
        return str(error)
    if found.state == "here":
        return ""
    is_missing = found.state == "missing"
    if source.path is not None:
        kind = "file" if source.path.suffix else "folder"
        return f"{source.path}: {f'model {kind} not found' if is_missing else found.fault}"
    pull = f"otio-gvideo models pull {setup.renderer}"
    if not is_missing:
        return f"{source} is incomplete ({found.fault}); fetch the rest: {pull}"
    if is_gated(source):
        page = f"https://huggingface.co/{source.model}"
        pull = f"accept its licence at {page}, set HF_TOKEN, then {pull}"
    return f"{source} is not on this machine; fetch it: {pull}"


def _folder_faults(source: WeightSource, setup: ModelSetup, folder: Path) -> Iterator[str]:
    """Yield what is missing in the folder of one of a setup's sources."""
    if source == setup.model:
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            what = "of a diffusers pipeline" if source.path is not None else ""
            yield f"no {INDEX}" + (f": not a folder {what}" if what else "")
            return
        yield from pipeline_faults(folder, index, setup.variant, replaced_parts(setup))
    elif source == setup.parts.get("upsampler"):
        yield from _model_faults(folder, "latent_upsampler/")
    elif source in (*map(setup.parts.get, ("adapter", "controlnet")), setup.prompt_model):
        yield from _model_faults(folder, "")
    elif not any(folder.glob(f"*{SAFE_SUFFIX}")):
        yield f"*{SAFE_SUFFIX} is missing"


def _model_faults(folder: Path, part: str) -> Iterator[str]:
    """Yield what is missing of a model with a configuration of its own."""
    if not (folder / part / "config.json").is_file():
        yield f"{part}config.json is missing"
    else:
        yield from (f"{part}{fault}" for fault in part_faults(folder / part))


def _joined(faults: list[str]) -> str:
    """Join faults; of many, the first ones and the number of others."""
    shown = ", ".join(faults[:2])
    return shown if len(faults) <= 2 else f"{shown} and {len(faults) - 2} more"
