"""The weights of models: what is on this machine, what would be downloaded, what fits its GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...renderers import base, registry
from ...renderers.base import QUALITIES
from ...renderers.diffusion.card import Card, fit_text, preset_gb
from ...renderers.diffusion.local_weights import cached_snapshot
from ...renderers.diffusion.missing_weights import weights_state
from ...renderers.diffusion.model_settings import ModelSetup, model_setup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.published import download_gb, is_gated
from ...renderers.diffusion.weight_source import WeightSource
from ...renderers.error_text import gigabytes
from ..errors import InputError
from ..script.config import Config
from ..speech.align.ctc_weights import LICENCE, MMS, PULL, model_fault, model_source


@dataclass(frozen=True, slots=True)
class ListedWeights:
    """Weights of a renderer.

    Attributes:
        source: repository, file or folder.
        state: ``here``, ``partial`` or ``missing``.
        fault: what is missing; empty if they are here.
        disk_bytes: of their files on this machine.
        download_gb: about, of all that `pull_models` fetches of them; None if unknown, or local.
        gated: whether a licence has to be accepted on the model's page.
    """

    source: str
    state: str
    fault: str
    disk_bytes: int
    download_gb: float | None
    gated: bool


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A renderer that runs a model.

    Attributes:
        renderer: its name.
        licence: of the default model; empty for another.
        weights: of all qualities.
        memory_gb: GPU memory of a full-size slot of ten seconds with full offloading, by quality;
            empty if unknown.
        fits: qualities that fit the free memory of this machine's GPU.
        memory: the same in words.
    """

    renderer: str
    licence: str
    weights: tuple[ListedWeights, ...]
    memory_gb: Mapping[str, float]
    fits: tuple[str, ...]
    memory: str

    def lines(self) -> Iterator[str]:
        """Yield it as text."""
        yield self.renderer + (f"  {self.licence}" if self.licence else "")
        for one in self.weights:
            size = gigabytes(one.disk_bytes)
            if one.state != "here":
                size = "" if one.download_gb is None else f"about {_rounded(one.download_gb)} GB"
            gated = " (gated)" if one.gated and one.state != "here" else ""
            yield f" {one.state:<8}{size:>12}  {one.source}{gated}"
            if one.state == "partial":
                yield f"{'':23}{one.fault}"
        yield f" GPU      {self.memory}"


def listed_renderer(name: str, config: Config, card: Card | None) -> ListedModel:
    """Return the weights of a renderer.

    Raises:
        InputError: its settings are wrong, or a package of the models is not installed.
    """
    sources: dict[WeightSource, ModelSetup] = {}
    for setup in setups_of(name, QUALITIES, config):
        for source in setup.sources:
            sources.setdefault(source, setup)
    is_default = "model" not in config.renderers.get(name, {})
    licence = model_table()[name]["weights"]["licence"] if is_default else ""
    try:
        needed = preset_gb(name, config.renderers.get(name, {}))
    except base.RendererError:
        needed = {}  # Weights are of another kind: their line says so.
    return ListedModel(
        renderer=name,
        licence=licence,
        weights=tuple(_weights(*pair) for pair in sources.items()),
        memory_gb={quality: round(gb, 1) for quality, gb in needed.items()},
        fits=tuple(q for q, gb in needed.items() if card is not None and gb <= card.free_gb),
        memory=fit_text(needed, card),
    )


def listed_align_model(config: Config) -> ListedModel:
    """Return the weights of the configured alignment model, else of MMS' aligner.

    Raises:
        InputError: the configured name is wrong.
    """
    model = config.alignment.get("model", MMS)
    try:
        source = model_source(model)
        folder = cached_snapshot(source) if source.path is None else source.path
        is_here = folder is not None and folder.is_dir()
        fault = model_fault(folder) if folder is not None and is_here else "is missing"
    except base.RendererError as error:
        raise InputError(config.problem(("alignment", "model"), str(error))) from error
    files = [file for file in folder.rglob("*") if file.is_file()] if folder and is_here else []
    weights = ListedWeights(
        source=str(source),
        state=("partial" if fault else "here") if is_here else "missing",
        fault=fault,
        disk_bytes=sum(file.stat().st_size for file in files),
        download_gb=download_gb(source) if source.path is None else None,
        gated=False,
    )
    licence = LICENCE if model == MMS else ""
    memory = "optional"
    return ListedModel(f"{PULL}{model}", licence, (weights,), {}, (), memory)


def _weights(source: WeightSource, setup: ModelSetup) -> ListedWeights:
    try:
        found = weights_state(source, setup)
    except base.RendererError as error:
        return ListedWeights(str(source), "partial", str(error), 0, None, False)
    size = download_gb(source) if source.path is None else None
    return ListedWeights(
        source=str(source),
        state=found.state,
        fault=found.fault,
        disk_bytes=found.disk_bytes,
        download_gb=size,
        gated=is_gated(source),
    )


def _rounded(gb: float) -> str:
    return f"{gb:.1f}" if gb < 10 else f"{gb:.0f}"


def setups_of(name: str, qualities: Sequence[str], config: Config) -> list[ModelSetup]:
    """Return a renderer's setups of some qualities.

    Raises:
        InputError: as of `listed_renderer`.
    """
    try:
        for quality in qualities:  # Some know which checkpoints they render.
            registry.renderer_class(name)(config.renderers.get(name, {}), quality)
        return [model_setup(name, config.renderers.get(name, {}), q) for q in qualities]
    except base.UnavailableError as error:
        raise InputError(str(error)) from error
    except base.RendererError as error:
        raise InputError(config.problem(("renderers", name), str(error))) from error
