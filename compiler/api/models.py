"""Models: list and download the weights of the configured renderers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...renderers import base
from ...renderers.base import QUALITIES
from ...renderers.diffusion import download
from ...renderers.diffusion.card import find_card
from ...renderers.diffusion.hub_files import cache_folder
from ...renderers.diffusion.missing_weights import weights_state
from ...renderers.diffusion.model_settings import ModelSetup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.weight_source import WeightSource
from ...renderers.error_text import gigabytes
from ..errors import InputError, Problem, WorkError
from ..progress import Estimate, OnProgress, Progress, silent
from ..progress_clock import count as plural
from ..script.config import FILE_NAME
from ..script.renderer_settings import read_config
from ..speech.align.ctc_weights import MMS, PULL, model_source, plan_model_download
from ..stages.model_list import ListedModel, listed_align_model, listed_renderer, setups_of


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
    return [
        *(listed_renderer(name, settings, card) for name in model_table()),
        listed_align_model(settings),
    ]


def cache_summary() -> str:
    """Return the folder of downloaded weights, and its free space, in words."""
    folder, free = cache_folder(), download.free_bytes()
    return f"weights are kept in {folder} ({gigabytes(free)} free)"


def pull_models(
    renderers: Sequence[str],
    *,
    qualities: Sequence[str] | None = None,
    languages: Sequence[str] = (),
    config: Path | None = None,
    on_progress: OnProgress = silent,
) -> list[PulledWeights]:
    """Download the missing weights of renderers.

    Args:
        renderers: by name; ``align-mms``, or ``align-`` and the name of another alignment model.
        qualities: to download for. Default: all.
        languages: of the narrations, for alignment models with an adapter for each language.
        config: of this machine. Default: ``video_config.yaml`` in the current folder, else in the
            user's configuration folder.
        on_progress: called with the bytes of all downloads.

    Raises:
        InputError: there is no such renderer, or the configuration is wrong.
        WorkError: a download failed, or the disk is too small. The next call carries it on.
    """
    settings = read_config(config, Path.cwd() / FILE_NAME)
    aligning = [name for name in renderers if name.startswith(PULL)]
    renderers = [name for name in renderers if name not in aligning]
    unknown = [name for name in renderers if name not in model_table()]
    if unknown:
        hint = f"known: {', '.join(model_table())}, {PULL}{MMS}"
        raise InputError(
            Problem.general(f"{name!r} is not a renderer with a model", hint) for name in unknown
        )
    for name in aligning:
        try:
            model_source(name.removeprefix(PULL))
        except base.RendererError as error:
            raise InputError(str(error)) from error
    wanted = {
        (name, source): setup
        for name in renderers
        for setup in setups_of(name, qualities or QUALITIES, settings)
        for source in setup.sources
    }
    on_progress(Progress("download", 0, 1))
    try:
        planned = {
            (name, source): download.plan_download(source, setup)
            for (name, source), setup in wanted.items()
        }
        for name in aligning:
            one = plan_model_download(name.removeprefix(PULL), languages)
            planned[name, one.source] = one
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
            pins=_pins(source, wanted[name, source], one.commit) if name not in aligning else {},
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


def _yaml(value: object) -> str:
    """Return a value of `_pins` in YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {entry}" for name, entry in value.items()) + "}"
    return str(value)
