"""What can be set of each renderer in the machine's configuration, known without loading it."""

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
"""Read by what surrounds a renderer, not by itself."""


def settings_of(name: str) -> Collection[str] | None:
    """The settings that a renderer takes; None where it does not say.

    One of another package says so by a class attribute ``takes``, a collection of their names;
    those of the guard and of the frame rate's conversion need not be among them.
    """
    if name in _OWN:
        return _OWN[name]
    if name in model_table():
        return SETTINGS
    try:
        takes = getattr(registry.renderer_class(name), "takes", None)
    except base.UnavailableError:
        return None  # Whoever uses it is told why.
    return None if takes is None else _OF_ANY_MODEL | set(takes)
