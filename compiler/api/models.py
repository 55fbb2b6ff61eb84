"""Models: list and download the weights of the configured renderers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...renderers import base, registry
from ...renderers.base import QUALITIES
from ...renderers.diffusion import download
from ...renderers.diffusion.card import Card, find_card, fit_text, preset_gb
from ...renderers.diffusion.hub_files import cache_folder
from ...renderers.diffusion.missing_weights import weights_state
from ...renderers.diffusion.model_settings import ModelSetup, model_setup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.published import download_gb, is_gated
from ...renderers.diffusion.weight_source import WeightSource
from ...renderers.error_text import gigabytes
from ..errors import InputError, Problem, WorkError
from ..progress import Estimate, OnProgress, Progress, silent
from ..progress_clock import count as plural
from ..script.config import FILE_NAME, Config
from ..script.renderer_settings import read_config


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


@dataclass(frozen=True, slots=True)
class PulledWeights:
    """Downloaded weights.

    Attributes:
        renderer: that loads them.
        source: repository, file or folder.
        commit: of the repository; None for a local folder.
        path: on this machine.
        pins: settings of the renderer that pin them to the commit; empty if they are pinned.
    """

    renderer: str
    source: str
    commit: str | None
    path: Path
    pins: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "path": str(self.path)}


def list_models(*, config: Path | None = None) -> list[ListedModel]:
    """Return the weights of each renderer, and whether they are on this machine.

    Args:
        config: of this machine, as in `pull_models`.

    Raises:
        InputError: the configuration is wrong, or a package of the models is not installed.
    """
    settings = read_config(config, Path.cwd() / FILE_NAME)
    card = find_card()
    return [_listed(name, settings, card) for name in model_table()]


def cache_summary() -> str:
    """Return the folder of downloaded weights, and its free space, in words."""
    folder, free = cache_folder(), download.free_bytes()
    return f"weights are kept in {folder} ({gigabytes(free)} free)"


def pull_models(
    renderers: Sequence[str],
    *,
    qualities: Sequence[str] | None = None,
    config: Path | None = None,
    on_progress: OnProgress = silent,
) -> list[PulledWeights]:
    """Download the missing weights of renderers.

    Args:
        renderers: by name.
        qualities: to download for. Default: all.
        config: of this machine. Default: ``video_config.yaml`` in the current folder, else in the
            user's configuration folder.
        on_progress: called with the bytes of all downloads.

    Raises:
        InputError: there is no such renderer, or the configuration is wrong.
        WorkError: a download failed, or the disk is too small. The next call carries it on.
    """
    settings = read_config(config, Path.cwd() / FILE_NAME)
    unknown = [name for name in renderers if name not in model_table()]
    if unknown:
        hint = f"known: {', '.join(model_table())}"
        raise InputError(
            Problem.general(f"{name!r} is not a renderer with a model", hint) for name in unknown
        )
    wanted = {
        (name, source): setup
        for name in renderers
        for setup in _setups(name, qualities or QUALITIES, settings)
        for source in setup.sources
    }
    on_progress(Progress("download", 0, 1))
    try:
        planned = {
            (name, source): download.plan_download(source, setup)
            for (name, source), setup in wanted.items()
        }
        download.refuse_full_disk(list(planned.values()))
        _fetch(list(planned.values()), on_progress)
        for (_, source), setup in wanted.items():
            _refuse_incomplete(source, setup)
    except base.RendererError as error:
        raise WorkError(str(error)) from error
    return [
        PulledWeights(
            renderer=name,
            source=str(source),
            commit=one.commit,
            path=one.path,
            pins=_pins(source, wanted[name, source], one.commit),
        )
        for (name, source), one in planned.items()
    ]


def pulled_lines(pulled: Sequence[PulledWeights]) -> Iterator[str]:
    """Yield downloaded weights as text, then the settings that pin their revisions."""
    for one in pulled:
        at = f" at {one.commit[:12]}" if one.commit else ""
        yield f"{one.renderer:<12} {one.source.partition('@')[0]}{at}"
        yield f"             {one.path}"
    pins: dict[str, dict[str, Any]] = {}
    for one in pulled:
        pins.setdefault(one.renderer, {}).update(one.pins)
    pins = {name: own for name, own in pins.items() if own}
    if pins:
        yield "To pin these revisions, add to video_config.yaml:"
        yield "renderers:"
        for name, own in sorted(pins.items()):
            yield f"  {name}:"
            yield from (f"    {setting}: {_yaml(value)}" for setting, value in own.items())


def _fetch(downloads: Sequence[download.Download], on_progress: OnProgress) -> None:
    """Download files, and report the bytes of all of them."""
    sizes = {id(one): sum(one.missing.values()) for one in downloads}
    total = sum(sizes.values())
    files = sum(len(one.missing) for one in downloads)
    estimate = Estimate()
    done = 0

    def report(message: str = "") -> None:
        left_s = estimate.left_s(done, total)
        on_progress(Progress("download", min(done, total), max(total, 1), message, left_s=left_s))

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        report()

    if total:
        report(f"{gigabytes(total)} in {plural(files, 'file')}, to {cache_folder()}")
    for one in downloads:
        if one.repository is None:
            continue
        download.fetch(one, on_bytes)  # Of no files: the revision may refer to an earlier commit.
        if sizes[id(one)]:
            report(f"{one.source}: {gigabytes(sizes[id(one)])}")
    on_progress(Progress("download", 1, 1, "done" if total else "all weights are here"))


def _refuse_incomplete(source: WeightSource, setup: ModelSetup) -> None:
    """Reject downloaded weights that the renderer could not load."""
    found = weights_state(source, setup)
    if found.state != "here":
        raise WorkError(f"{source} is not a whole model: {found.fault}")


def _pins(source: WeightSource, setup: ModelSetup, commit: str | None) -> dict[str, Any]:
    """Return the settings that pin a source to a commit; none if they state it already."""
    if commit is None or source.revision == commit:
        return {}
    if source == setup.model:
        return {"revision": commit}
    value = {"model": source.model, "revision": commit}
    value |= {"file": source.file} if source.file else {}
    parts = {**setup.parts, "weights": setup.weights, "prompt_model": setup.prompt_model}
    return {name: value for name, part in parts.items() if part == source}


def _rounded(gb: float) -> str:
    return f"{gb:.1f}" if gb < 10 else f"{gb:.0f}"


def _yaml(value: object) -> str:
    """Return a value of `_pins` in YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {entry}" for name, entry in value.items()) + "}"
    return str(value)


def _listed(name: str, config: Config, card: Card | None) -> ListedModel:
    sources: dict[WeightSource, ModelSetup] = {}
    for setup in _setups(name, QUALITIES, config):
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


def _setups(name: str, qualities: Sequence[str], config: Config) -> list[ModelSetup]:
    try:
        for quality in qualities:  # Some know which checkpoints they render.
            registry.renderer_class(name)(config.renderers.get(name, {}), quality)
        return [model_setup(name, config.renderers.get(name, {}), q) for q in qualities]
    except base.UnavailableError as error:
        raise InputError(str(error)) from error
    except base.RendererError as error:
        raise InputError(config.problem(("renderers", name), str(error))) from error
