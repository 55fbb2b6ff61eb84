"""Check the renderers and settings of a configuration, which its schema cannot know.

Other packages add renderers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...renderers.registry import renderer_names
from ...renderers.run.settings import settings_of
from ..errors import InputError, Problem
from .config import Config, load_config
from .shown_values import nearest


def read_config(explicit: str | Path | None, beside: Path) -> Config:
    """Read and check the configuration, as `load_config` finds it.

    Raises:
        InputError: it is invalid; lists all unknown renderers and settings.
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
            what = f"{name!r} is not a renderer"
            yield config.problem(("renderers", name), what, nearest(name, names), at_key=True)
            continue
        known = settings_of(name)
        if known is None:
            continue
        for key in settings.keys() - set(known):
            hint = nearest(key, sorted(known)) if known else f"{name} has none"
            what = f"{key!r} is not a setting"
            yield config.problem(("renderers", name, key), what, hint, at_key=True)
