"""One slot's media, made and kept, in whatever thread or process does it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from ..base import Frame, Renderer, RendererError, Shot
from ..files.atomic_file import scratch_folder
from .attempts import AttemptLog
from .guarded_render import make_media
from .loaded_renderers import LoadedRenderers
from .recipe import Recipe
from .store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """A slot and its recipe."""

    slot: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Rendered:
    """A slot's media.

    Attributes:
        slot, key, path: what they are of, and where.
        reused: whether they were there.
        seconds: that making them took; 0 where they were there.
        made: what became of the recipe, where a model's video is guarded against standing still.
    """

    slot: str
    key: str
    path: Path
    reused: bool
    seconds: float
    made: AttemptLog | None = None


class WriteClip(Protocol):
    """Encodes frames to a file in a scratch folder, and reads it back."""

    def __call__(
        self,
        frames: Iterator[Frame],
        path: Path,
        *,
        width: int,
        height: int,
        fps: Fraction,
        idr: Sequence[int],
        encoding: Mapping[str, Any],
    ) -> object:
        """Write ``path``; start a group of pictures at each frame of ``idr``."""


def make_slot(
    job: Job,
    key: str,
    store: Store,
    write_clip: WriteClip,
    previous: Path | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
    models: LoadedRenderers | None = None,
) -> Rendered:
    """Make a slot's media and keep them.

    Args:
        job: the slot.
        key: of its recipe.
        store: where the media are kept.
        write_clip: the encoder.
        previous: the media of the slot that it follows.
        on_step: called with (frames made, all frames); may end the work by raising.
        models: the run's renderers; None in another process, which then has its own.

    Raises:
        RendererError: it cannot be made, or not be written.
    """
    started = time.perf_counter()
    recipe = job.recipe
    shot = replace(recipe.shot, previous=previous)
    path = store.path_for(job.slot, key)
    own = LoadedRenderers() if models is None else models

    def renderers(name: str, wanted: Shot) -> contextlib.AbstractContextManager[Renderer]:
        return own.renderer(name, wanted)

    def write(frames: Iterator[Frame], to: Path) -> None:
        write_clip(
            frames,
            to,
            width=shot.width,
            height=shot.height,
            fps=shot.fps,
            idr=recipe.idr,
            encoding=recipe.encoding,
        )

    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(store.folder) as folder:
            part = folder / path.name
            made = make_media(
                recipe.renderer, shot, part, renderers, write, on_step, chunks=store.chunks
            )
            store.put(part, job.slot, key, recipe.as_json(), made.as_json() if made else None)
    except OSError as error:
        raise RendererError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if models is None:
            own.close()
    return Rendered(job.slot, key, path, False, time.perf_counter() - started, made)
