"""The user's configuration and cache folders for this program, as each system has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from platformdirs import user_cache_dir, user_config_dir

CACHE_VARIABLE = "OTIO_GVIDEO_CACHE"
"""Environment variable that overrides `cache_folder`."""
_NAME = "otio-gvideo"


def config_folder() -> Path:
    """Return the folder of the user's configuration; need not exist."""
    folder = _at_home(partial(user_config_dir, _NAME, appauthor=False, roaming=True))
    return _earlier(folder, "Application Support")


def cache_folder() -> Path:
    """Return the folder of cached results: `CACHE_VARIABLE`, else the system's; need not exist."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override).expanduser().absolute()
    return _earlier(
        _at_home(partial(user_cache_dir, _NAME, appauthor=False, opinion=False)), "Caches"
    )


def _at_home(find: Callable[[], str]) -> Path:
    """Return a folder; of a user without a home, as in some containers, one that cannot exist."""
    nowhere = Path(os.devnull, _NAME)
    try:
        folder = Path(find())
    except RuntimeError:
        return nowhere
    return folder if folder.is_absolute() else nowhere


def _earlier(folder: Path, library: str) -> Path:
    """Return the folder that earlier releases used on macOS if it is the only one there.

    They ignored the XDG variables, which platformdirs heeds on macOS, too.
    """
    if sys.platform == "darwin" and not folder.exists():
        earlier = Path.home() / "Library" / library / _NAME
        return earlier if earlier.exists() else folder
    return folder
