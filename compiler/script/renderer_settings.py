"""Configured: the machine's configuration, its renderers and their settings among those there are.

The configuration's schema cannot know them: other packages add renderers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...renderers.registry import renderer_names
from ...renderers.run.settings import settings_of
from ..errors import InputError, Problem
from .config import Config, load_config
from .schema_check import nearest


def read_config(explicit: str | Path | None, beside: Path) -> Config:
    """The configuration that is named, else the one that is found, as `load_config` finds it.

    Raises:
        InputError: it is wrong, or names a renderer or a setting that there is not; names all.
    """
    config = load_config(Path(explicit) if explicit else None, beside)
    problems = sorted(_unknown(config))
    if problems:
        raise InputError(problems)
    return config


def _unknown(config: Config) -> Iterator[Problem]:
    names = renderer_names()
    for name, settings in config.renderers.items():
        if name not in names:
            what = f"there is no renderer {name!r}"
            yield config.problem(("renderers", name), what, nearest(name, names), at_key=True)
            continue
        known = settings_of(name)
        if known is None:
            continue
        for key in settings.keys() - set(known):
            hint = nearest(key, sorted(known)) if known else f"{name} has none"
            what = f"there is no setting {key!r}"
            yield config.problem(("renderers", name, key), what, hint, at_key=True)
