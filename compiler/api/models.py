"""Models: the weights that the configured renderers need, listed and fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..frontend.config import FILE_NAME, load_config
from ..stages.models import fetch_models, models_there


def list_models(*, config: Path | None = None) -> Iterator[str]:
    """What the configured renderers' models need, and whether it is here: line by line.

    Raises:
        InputError: the configuration is wrong, or what the models need is not installed.
    """
    return models_there(load_config(config, Path.cwd() / FILE_NAME))


def pull_models(
    renderers: Sequence[str],
    *,
    qualities: Sequence[str] | None = None,
    config: Path | None = None,
    bars: bool = False,
) -> Iterator[str]:
    """Fetch what renderers' models need: a line for each thing, as it is there.

    Args:
        renderers: by name.
        qualities: to fetch for; all of them unless they are given.
        config: the machine's configuration; else ``video_config.yaml`` in the current folder, else
            the user's own.
        bars: whether the hub's library shows what it fetches, on standard error.

    Raises:
        InputError: there is no such renderer, or the configuration is wrong.
        WorkError: something cannot be fetched. What was fetched is kept.
    """
    return fetch_models(
        renderers, qualities, load_config(config, Path.cwd() / FILE_NAME), bars=bars
    )
