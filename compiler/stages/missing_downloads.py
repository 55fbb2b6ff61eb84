"""Weights that slots need and this machine lacks: requests to the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...renderers.base import RendererError
from ...renderers.diffusion.missing_weights import weights_state
from ...renderers.diffusion.model_settings import model_setup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.published import download_gb
from ...renderers.run.recipe import Recipe


@dataclass(frozen=True, slots=True)
class MissingDownload:
    """Weights that a renderer needs, for ``otio-gvideo models pull`` to fetch.

    Attributes:
        renderer: its name.
        source: repository or file on the hub.
        download_gb: about, of all its files; None if unknown.
    """

    renderer: str
    source: str
    download_gb: float | None

    def line(self) -> str:
        """Return it as text."""
        size = "" if self.download_gb is None else f"about {self.download_gb:.0f} GB of "
        return f"{size}{self.source}, by `otio-gvideo models pull {self.renderer}`"


def missing_downloads(recipes: Iterable[Recipe]) -> tuple[MissingDownload, ...]:
    """Return the weights that slots need and that no download has brought yet, each once."""
    found: dict[tuple[str, str], MissingDownload] = {}
    for recipe in recipes:
        name = recipe.renderer
        if name not in model_table():
            continue
        setup = model_setup(name, recipe.shot.settings, recipe.shot.quality)
        for source in setup.sources:
            try:
                is_missing = source.path is None and weights_state(source, setup).state != "here"
            except RendererError:
                continue  # Of another kind: compiling says so.
            if is_missing:
                one = MissingDownload(name, str(source), download_gb(source))
                found.setdefault((name, str(source)), one)
    return tuple(found.values())
