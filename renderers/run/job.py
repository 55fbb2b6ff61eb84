"""Render one slot into the store, in any thread or process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from ..base import Frame, RendererError
from ..diffusion.presets import model_table
from ..files.atomic_file import scratch_folder
from ..files.speeds import processor, remember_rate
from ..fit.run_renderer import shot_megapixels
from .attempts import AttemptLog
from .guarded_render import guarded_render
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
        slot: its name.
        key: of its recipe.
        path: the file.
        reused: whether the store had it.
        seconds: render time; 0 if reused.
        attempt_log: None of a renderer without a guard.
    """

    slot: str
    key: str
    path: Path
    reused: bool
    seconds: float
    attempt_log: AttemptLog | None = None


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
        transitions: Sequence[range],
        encoding: Mapping[str, Any],
    ) -> object:
        """Write ``path`` with an IDR frame at each frame of ``idr``.

        ``transitions`` are the frames that a reel shows in transitions alone.
        """


def frames_in_transitions(recipe: Recipe) -> tuple[range, ...]:
    """Return the frames of a slot's media in its transitions: the handles, and part of the body.

    A transition takes as many frames of the body as of the handle, one more or one fewer, up to an
    IDR frame.
    """
    shot, end = recipe.shot, recipe.shot.frames
    into = max((place for place in recipe.idr if place <= 2 * shot.head + 1), default=0)
    out = min((place for place in recipe.idr if place >= end - 2 * shot.tail), default=end)
    found = range(into if shot.head else 0), range(out if shot.tail else end, end)
    return tuple(frames for frames in found if frames)


def render_slot(
    job: Job,
    key: str,
    store: Store,
    write_clip: WriteClip,
    previous: Path | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
    loaded: LoadedRenderers | None = None,
) -> Rendered:
    """Render a slot's media into the store.

    Args:
        job: the slot.
        key: of its recipe.
        store: where the media go.
        write_clip: the encoder.
        previous: the media of the slot that it continues.
        on_step: called with (frames rendered, all frames); may cancel by raising.
        loaded: the run's renderers; None in another process, which loads its own.

    Raises:
        RendererError: rendering or writing failed.
    """
    started = time.perf_counter()
    recipe = job.recipe
    shot = replace(recipe.shot, previous=previous)
    path = store.path_for(job.slot, key)
    own = LoadedRenderers() if loaded is None else loaded

    def write(frames: Iterator[Frame], to: Path) -> None:
        write_clip(
            frames,
            to,
            width=shot.width,
            height=shot.height,
            fps=shot.fps,
            idr=recipe.idr,
            transitions=frames_in_transitions(recipe),
            encoding=recipe.encoding,
        )

    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(store.folder) as folder:
            part = folder / path.name
            log = guarded_render(
                recipe.renderer, shot, part, own.renderer, write, on_step, chunks=store.chunks
            )
            store.put(part, job.slot, key, recipe.as_json(), log.as_json() if log else None)
    except OSError as error:
        raise RendererError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if loaded is None:
            own.close()
    seconds = time.perf_counter() - started
    is_one_attempt = log is None or len(log.attempts) == 1
    if recipe.renderer not in model_table() and is_one_attempt:
        remember_rate(processor(), recipe.renderer, shot_megapixels(shot), seconds)
    return Rendered(job.slot, key, path, False, seconds, log)
