"""Models: list and download the weights of the configured renderers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...renderers import base, registry
from ...renderers.base import QUALITIES
from ...renderers.diffusion import download
from ...renderers.diffusion.model_settings import ModelSetup, model_setup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.weight_source import WeightSource
from ..errors import InputError, Problem, WorkError
from ..script.config import FILE_NAME, Config
from ..script.renderer_settings import read_config


def list_models(*, config: Path | None = None) -> Iterator[str]:
    """Yield lines with the weights of each renderer, and whether they are on this machine.

    Raises:
        InputError: the configuration is wrong, or a package of the models is not installed.
    """
    return _listed(read_config(config, Path.cwd() / FILE_NAME))


def pull_models(
    renderers: Sequence[str],
    *,
    qualities: Sequence[str] | None = None,
    config: Path | None = None,
    bars: bool = False,
) -> Iterator[str]:
    """Download the weights of renderers; yield a line for each finished download.

    Args:
        renderers: by name.
        qualities: to download for. Default: all.
        config: of this machine. Default: ``video_config.yaml`` in the current folder, else in the
            user's configuration folder.
        bars: show the hub library's progress bars on standard error.

    Raises:
        InputError: there is no such renderer, or the configuration is wrong.
        WorkError: a download failed. The next call reuses finished ones.
    """
    return _fetched(renderers, qualities, read_config(config, Path.cwd() / FILE_NAME), bars=bars)


def _listed(config: Config) -> Iterator[str]:
    for name in model_table():
        setups = _setups(name, QUALITIES, config)
        is_default = "model" not in config.renderers.get(name, {})
        yield name + (f"  ({model_table()[name]['weights']['licence']})" if is_default else "")
        for source in dict.fromkeys(source for setup in setups for source in setup.sources):
            yield f"  {'here' if download.is_local(source) else 'missing':<8} {source}"


def _fetched(
    names: Sequence[str], qualities: Sequence[str] | None, config: Config, *, bars: bool
) -> Iterator[str]:
    """Yield the finished downloads, then the settings that pin their revisions."""
    unknown = [name for name in names if name not in model_table()]
    if unknown:
        known = ", ".join(model_table())
        raise InputError(
            [
                Problem.general(f"{name!r} is not a renderer with a model", f"known: {known}")
                for name in unknown
            ]
        )
    setups = [(name, s) for name in names for s in _setups(name, qualities or QUALITIES, config)]
    pinned: dict[str, dict[str, str]] = {}
    done = set()
    for name, setup in setups:
        for source in setup.sources:
            if (name, source) in done:
                continue
            done.add((name, source))
            try:
                found = download.pull(source, setup, bars=bars)
            except base.RendererError as error:
                raise WorkError(str(error)) from error
            at = f" at {found.commit[:12]}" if found.commit else ""
            yield f"{name:<12} {source.model if source.file is None else source}{at}"
            yield f"             {found.path}"
            if found.commit and source.revision != found.commit:
                pinned[name] = pinned.get(name, {}) | _pins(source, setup, found.commit)
    pinned = {name: pins for name, pins in pinned.items() if pins}
    if pinned:
        yield "To pin these revisions, add to video_config.yaml:"
        yield "renderers:"
        for name, pins in sorted(pinned.items()):
            yield f"  {name}:"
            yield from (f"    {setting}: {value}" for setting, value in pins.items())


def _pins(source: WeightSource, setup: ModelSetup, commit: str) -> dict[str, str]:
    """Return the settings, as YAML values, that pin a source to a commit."""
    if source == setup.model:
        return {"revision": commit}
    file = f", file: {source.file}" if source.file else ""
    value = f"{{model: {source.model}, revision: {commit}{file}}}"
    parts = {**setup.parts, **({"weights": setup.weights} if setup.weights else {})}
    return {name: value for name, part in parts.items() if part == source}


def _setups(name: str, qualities: Sequence[str], config: Config) -> list[ModelSetup]:
    try:
        registry.renderer_class(name)
        return [model_setup(name, config.renderers.get(name, {}), q) for q in qualities]
    except base.UnavailableError as error:
        raise InputError(str(error)) from error
    except base.RendererError as error:
        raise InputError(config.problem(("renderers", name), str(error))) from error
