"""The user's own folders for this program, as each system has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "OTIO_GVIDEO_CACHE"
"""Names another folder for `cache_folder`."""
_NAME = "otio-gvideo"


def config_folder() -> Path:
    """Where configuration is looked for."""
    return _folder("XDG_CONFIG_HOME", ".config", "APPDATA", "Application Support")


def cache_folder() -> Path:
    """Where results are kept that can be made again, unless `CACHE_VARIABLE` names a folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return _folder("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA", "Caches")


def _folder(variable: str, fallback: str, windows: str, library: str) -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get(windows) or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / library
    else:
        base = Path(os.environ.get(variable) or Path.home() / fallback)
    return base / _NAME
