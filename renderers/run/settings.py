"""The settings of each renderer in the configuration, known without loading it."""

from __future__ import annotations

from collections.abc import Collection

from .. import base, registry
from ..diffusion.model_settings import SETTINGS
from ..diffusion.presets import model_table

_OWN: dict[str, Collection[str]] = {
    "camera": (),
    "parallax": ("depth_model", "revision", "device"),
}
_OF_ANY_MODEL = frozenset({"motion_guard", "rife", "presets"})
"""Read around a renderer, not by it."""


def settings_of(name: str) -> Collection[str] | None:
    """Return the names of a renderer's settings; None if they are unknown.

    Renderers of other packages list them in the class attribute ``takes``; those of the motion
    guard and of frame interpolation are implied.
    """
    if name in _OWN:
        return _OWN[name]
    if name in model_table():
        return SETTINGS
    try:
        takes = getattr(registry.renderer_class(name), "takes", None)
    except base.UnavailableError:
        return None  # Using it reports the error.
    return None if takes is None else _OF_ANY_MODEL | set(takes)
