"""Drafts: slots rendered small and fast, a preview of the finished ones, and frames of clips."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ...renderers.base import RendererError
from ...renderers.run import pool
from ...renderers.run.job import Job, Rendered
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import Store
from ..backend.encode.encoder import write_slot
from ..errors import InputError, WorkError
from ..files.file_version import file_version
from ..media.probe import probe
from ..stages.frame_stills import frame_still
from .served_files import small_still

_SHARE = 4
"""Sides of a finished frame to those of a draft."""
_LEAST = 64
"""Least width of a draft, in pixels."""
_DIGITS = 24


class Drafts:
    """Drafts, in a folder of their own that `close` deletes."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="otio-gvideo-drafts-"))

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder

    def render(
        self,
        slots: Sequence[tuple[str, Recipe]],
        workers: int | Literal["auto"],
        on_drafted: Callable[[], None],
    ) -> None:
        """Render drafts of slots without a model, each as soon as it is done.

        A slot that fails has none: rendering it in full reports the error.
        """
        jobs = [Job(name, _small(recipe)) for name, recipe in slots]

        def finished(rendered: Rendered) -> None:
            if not rendered.reused:
                on_drafted()

        try:
            pool.render_slots(
                jobs, Store(self._folder, read=False), write_clip=write_slot, workers=workers,
                on_finished=finished,
            )  # fmt: skip
        except pool.SlotsError:
            return

    def find(self, slot: str, recipe: Recipe) -> Path | None:
        """Return the draft of a slot; None if there is none yet."""
        return Store(self._folder, read=False).find(slot, recipe_key(_small(recipe)))

    def frame_of(self, video: Path, at: Fraction) -> Path | None:
        """Save a small copy of a video's frame, unless it exists; None if it cannot be read.

        Args:
            video: the file.
            at: seconds from its first picture.
        """
        version = hashlib.sha256(f"{file_version(video)} {at}".encode(errors="surrogateescape"))
        path = self._folder / f"{version.hexdigest()[:_DIGITS]}.jpg"
        if not path.exists():
            with suppress(InputError, WorkError, RendererError, OSError):
                info = probe(video).video
                first = info.delay if info is not None else Fraction(0)
                full = frame_still(video, first + at, self._folder)
                path.write_bytes(small_still(full))
                full.unlink()
        return path if path.exists() else None

    def close(self) -> None:
        """Delete them."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _small(recipe: Recipe) -> Recipe:
    shot = recipe.shot
    width = max(_LEAST, shot.width // _SHARE // 2 * 2)
    height = max(2, round(shot.height * width / shot.width / 2) * 2)
    small = replace(shot, width=min(width, shot.width), height=min(height, shot.height))
    return replace(recipe, shot=small, follows=None)
