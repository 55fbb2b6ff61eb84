"""Who renders which slot: what the store lacks is made, side by side, and kept at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Protocol

from . import assemble
from .base import Frame, RendererError, renderer_class
from .engines import executor
from .recipe import Recipe, recipe_key, shot_from_recipe
from .store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """A slot and its recipe."""

    slot: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Rendered:
    """A slot's media. ``seconds`` is what making them took; 0 where they were there."""

    slot: str
    key: str
    path: Path
    reused: bool
    seconds: float


class WriteClip(Protocol):
    """Encodes frames to a file, whole or not at all."""

    def __call__(
        self,
        frames: Iterator[Frame],
        path: Path,
        *,
        width: int,
        height: int,
        fps: Fraction,
        idr: Sequence[int],
        encoding: dict[str, Any],
    ) -> object:
        """Write ``path``; start a group of pictures at each frame of ``idr``."""


def render_slots(
    jobs: Sequence[Job],
    store: Store,
    *,
    write_clip: WriteClip,
    workers: int | Literal["auto"] = "auto",
    engine: str = "local",
    force: bool = False,
    on_frames: Callable[[str, int, int], None] = lambda *_: None,
    on_finished: Callable[[Rendered], None] = lambda _: None,
) -> list[Rendered]:
    """Render what is missing.

    Each renderer instance serves one worker. The order of work changes no byte of a result, since a
    slot depends on its recipe alone.

    Args:
        jobs: the slots; two with the same key are made once.
        store: where media are looked for and kept.
        write_clip: the encoder.
        workers: slots at a time, as `engines.executor` takes it.
        engine: where: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: make all of them again.
        on_frames: called with (slot, frames made, all frames), from any thread, one at a time; on
            a cluster when a slot is finished.
        on_finished: called once for each slot as it is done, one at a time.

    Returns:
        One entry for each job, in the order of the jobs.

    Raises:
        RendererError: slots failed; the message names each. The others are finished and kept.
    """
    store.clear_leftovers()
    keys = [recipe_key(job.recipe) for job in jobs]
    lock = threading.Lock()
    done: dict[int, Rendered] = {}
    failures: dict[str, str] = {}
    to_make: dict[str, int] = {}

    def finish(index: int, rendered: Rendered) -> None:
        done[index] = rendered
        on_finished(rendered)

    for index, (job, key) in enumerate(zip(jobs, keys, strict=True)):
        found = None if force else store.find(job.slot, key)
        frames = int(job.recipe["frames"])
        if found is not None:
            on_frames(job.slot, frames, frames)
            finish(index, Rendered(job.slot, key, found, True, 0.0))
        elif key not in to_make:
            to_make[key] = index

    stop = threading.Event()

    def step(slot: str, made: int, total: int) -> None:
        if stop.is_set():
            raise _Stopped
        with lock:
            on_frames(slot, made, total)

    def submit(pool: Executor, key: str, index: int) -> Future[Rendered]:
        job = jobs[index]
        if engine != "local":
            return pool.submit(_render, job, key, store, write_clip)
        return pool.submit(
            _render, job, key, store, write_clip, lambda made, total: step(job.slot, made, total)
        )

    with executor(engine, workers) as pool:
        futures = {submit(pool, key, index): index for key, index in to_make.items()}
        try:
            for future in _as_completed(set(futures)):
                index = futures[future]
                try:
                    rendered = future.result()
                except RendererError as error:
                    failures[jobs[index].slot] = str(error)
                else:
                    frames = int(jobs[index].recipe["frames"])
                    with lock:
                        on_frames(rendered.slot, frames, frames)
                        finish(index, rendered)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for index, (job, key) in enumerate(zip(jobs, keys, strict=True)):
        first = to_make.get(key)
        if index not in done and first in done:
            finish(index, Rendered(job.slot, key, done[first].path, True, 0.0))
    if failures:
        raise RendererError("; ".join(f"{slot}: {what}" for slot, what in failures.items()))
    return [done[index] for index in range(len(jobs))]


class _Stopped(Exception):  # noqa: N818 - not an error: the run was interrupted
    """The run is over; this slot is left unfinished."""


def _as_completed(futures: set[Future[Rendered]]) -> Iterator[Future[Rendered]]:
    # Short waits let an interrupt through between them.
    while futures:
        finished, futures = wait(futures, timeout=0.2, return_when=FIRST_COMPLETED)
        yield from finished


def _render(
    job: Job,
    key: str,
    store: Store,
    write_clip: WriteClip,
    on_step: Callable[[int, int], None] = lambda *_: None,
) -> Rendered:
    started = time.perf_counter()
    recipe = job.recipe
    shot = shot_from_recipe(recipe)
    path = store.path_for(job.slot, key)
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        renderer = renderer_class(recipe["renderer"])(shot.settings, shot.quality)
        try:
            write_clip(
                assemble.frames(renderer, shot, on_step),
                path,
                width=shot.width,
                height=shot.height,
                fps=shot.fps,
                idr=recipe["idr"],
                encoding=recipe["encoding"],
            )
        finally:
            renderer.close()
        store.commit(path, key, dict(recipe))
    except OSError as error:
        raise RendererError(f"{path}: cannot be written: {error.strerror or error}") from error
    return Rendered(job.slot, key, path, False, time.perf_counter() - started)
