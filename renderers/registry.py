"""Find renderers by name: built in, or of the entry-point group ``otio_gvideo.renderers``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from typing import cast

from .base import Renderer, UnavailableError

_BUILT_IN = {
    "animatediff": "otio_gvideo.renderers.diffusion.animatediff:AnimateDiffRenderer",
    "camera": "otio_gvideo.renderers.camera.camera:CameraRenderer",
    "ltx": "otio_gvideo.renderers.diffusion.ltx:LtxRenderer",
    "ltx2": "otio_gvideo.renderers.diffusion.ltx2:Ltx2Renderer",
    "parallax": "otio_gvideo.renderers.parallax.parallax:ParallaxRenderer",
    "svd": "otio_gvideo.renderers.diffusion.svd:SvdRenderer",
    "wan": "otio_gvideo.renderers.diffusion.wan:WanRenderer",
}
_DIFFUSION = (
    *("torch", "diffusers", "transformers", "accelerate", "peft", "ftfy", "safetensors"),
    *("sentencepiece", "google.protobuf"),
)
_NEEDS = dict.fromkeys(("animatediff", "ltx", "ltx2", "svd", "wan"), _DIFFUSION)
"""Packages of the extra `diffusion` that a built-in renderer needs."""
STILL_RENDERERS = frozenset({"camera", "parallax"})
"""Renderers that move a camera over stills: they show a framing as it is, stand still if asked to,
and read no files but those of the script."""
ENTRY_POINT_GROUP = "otio_gvideo.renderers"


def renderer_names() -> tuple[str, ...]:
    """Return the names of all renderers, built in or installed by other packages, sorted."""
    return tuple(sorted({*_BUILT_IN, *(entry.name for entry in _installed())}))


def _installed() -> EntryPoints:
    return _found(entry_points, tuple(sys.path))


@lru_cache(maxsize=8)
def _found(find: Callable[..., EntryPoints], _: tuple[str, ...]) -> EntryPoints:
    """Search all installed packages, which takes 50 ms, once for a search path."""
    return find(group=ENTRY_POINT_GROUP)


def renderer_class(name: str) -> type[Renderer]:
    """Import a renderer.

    Raises:
        UnavailableError: the renderer is unknown, or a package is missing.
    """
    if name in _BUILT_IN:
        missing = [package for package in _NEEDS.get(name, ()) if not _is_installed(package)]
        if missing:
            packages = ", ".join(module.rpartition(".")[2] for module in missing)
            raise UnavailableError(
                f"the renderer {name} needs {packages}: pip install 'otio-gvideo[diffusion]'"
            )
        module, _, attribute = _BUILT_IN[name].partition(":")
        return cast("type[Renderer]", getattr(import_module(module), attribute))
    for entry in _installed():
        if entry.name == name:
            try:
                return cast("type[Renderer]", entry.load())
            except (ImportError, AttributeError) as error:
                package = entry.dist.name if entry.dist else entry.value
                raise UnavailableError(
                    f"the renderer {name} of the package {package} cannot be loaded: {error}"
                ) from error
    raise UnavailableError(f"{name!r} is not a renderer; known: {', '.join(renderer_names())}")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # Its parent package is missing.
        return False
