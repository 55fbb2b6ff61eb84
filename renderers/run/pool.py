"""Render the slots that the store lacks, concurrently, and keep each as soon as it is done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Literal

from ..base import RendererError, Shot, UnavailableError
from .attempts import attempt_log_of
from .engines import executor, gpu_need
from .job import Job, Rendered, WriteClip, render_slot
from .loaded_renderers import LoadedRenderers, SlotCancelledError, kind_of
from .motion_guard import attempt_shots
from .ray_cluster.executor import RayExecutor
from .ray_cluster.shared_folder import marked, render_slot_remotely
from .recipe import recipe_key
from .store import Store

MOST_NAMED = 3
"""Slots named for each reason of failure; others are counted."""


class SlotsError(RendererError):
    """Slots failed.

    Attributes:
        reasons: one-line errors, by slot.
        unavailable: slots whose renderer cannot run here at all.
        unexpected: slots that failed with an exception of no error type of ours: a bug.
    """

    def __init__(self, errors: Mapping[str, Exception]):
        self.reasons = {slot: _one_line(error) for slot, error in errors.items()}
        self.unavailable = {s for s, error in errors.items() if isinstance(error, UnavailableError)}
        self.unexpected = {slot for slot, error in errors.items() if _is_unexpected(error)}
        same: dict[str, list[str]] = {}
        for slot, why in self.reasons.items():
            same.setdefault(why, []).append(slot)
        super().__init__("; ".join(f"{_short_list(slots)}: {why}" for why, slots in same.items()))


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
    loaded: LoadedRenderers | None = None,
) -> list[Rendered]:
    """Render the missing slots.

    The schedule changes no byte of a result: a slot depends on its recipe alone, and on the media
    that it continues, which are rendered first.

    Args:
        jobs: the slots; those that share a key are rendered once.
        store: the media's store.
        write_clip: the encoder.
        workers: concurrent slots, as in `engines.executor`.
        engine: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: render all slots, ignoring the store.
        on_frames: called with (slot, frames rendered, all frames), from any thread, never
            concurrently; of a cluster only when a slot is finished.
        on_finished: called for each finished slot, never concurrently.
        loaded: renderers that stay loaded after the run; None to load and unload its own.

    Returns:
        One entry per job, in the order of the jobs.

    Raises:
        SlotsError: slots failed; all others are rendered and kept.
    """
    store.clear_leftovers()
    run = _Run(jobs, store, write_clip, on_frames, on_finished, loaded or LoadedRenderers())
    run.reuse_finished(force=force)
    is_local = engine == "local"
    pixels = max((job.recipe.shot.width * job.recipe.shot.height for job in jobs), default=1)
    with (
        executor(engine, workers, pixels) as pool,
        contextlib.nullcontext() if loaded is not None else contextlib.closing(run.loaded),
        contextlib.nullcontext() if is_local or run.is_done else marked(store.folder) as marker,
    ):
        try:
            run.render_missing(pool, marker, force=force)
        except BaseException:
            run.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return run.result()


class _Run:
    """The state of one `render_slots`."""

    def __init__(
        self,
        jobs: Sequence[Job],
        store: Store,
        write_clip: WriteClip,
        on_frames: Callable[[str, int, int], None],
        on_finished: Callable[[Rendered], None],
        loaded: LoadedRenderers,
    ):
        self.jobs = jobs
        self.keys = [recipe_key(job.recipe) for job in jobs]
        self.store = store
        self.write_clip = write_clip
        self.on_frames = on_frames
        self.on_finished = on_finished
        self.loaded = loaded
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._done: dict[int, Rendered] = {}
        self._failures: dict[str, Exception] = {}
        self._missing: dict[str, int] = {}
        """Index of the first job with each missing key."""

    def reuse_finished(self, *, force: bool) -> None:
        """Finish the jobs whose media the store has."""
        for index, (job, key) in enumerate(zip(self.jobs, self.keys, strict=True)):
            found = None if force else self.store.find(job.slot, key)
            if found is not None:
                self._finish(index, self._found(job.slot, key, found))
            else:
                self._missing.setdefault(key, index)

    @property
    def is_done(self) -> bool:
        """Whether no media are missing."""
        return not self._missing

    def render_missing(self, pool: Executor, marker: Path | None, *, force: bool) -> None:
        """Render missing media, each after the media that it continues; collect failures.

        Args:
            pool: the executor.
            marker: a file in the store's folder, if the pool is a cluster.
            force: whether a cluster ignores media in the store.
        """
        expected: dict[str, list[Shot]] = {}
        for key in self._missing:
            expected.setdefault(self._kind(key), []).extend(
                attempt_shots(self._job(key).recipe.shot)
            )
        self.loaded.expect(expected)
        # Slots of one model are adjacent, so that it is loaded once.
        waiting = sorted(self._missing, key=self._kind)
        running: dict[Future[Rendered], str] = {}
        while waiting or running:
            busy = {*waiting, *running.values()}
            for key in [key for key in waiting if self._job(key).recipe.follows not in busy]:
                waiting.remove(key)
                job = self._job(key)
                follows = job.recipe.follows
                previous = self.store.find(job.slot, follows) if follows else None
                if follows and previous is None:
                    self._failures[job.slot] = RendererError(
                        "the slot that it continues was not rendered"
                    )
                else:
                    running[self._submit(pool, key, previous, marker, force=force)] = key
            # Short waits let interrupts through.
            for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                self._settle(self._missing[running.pop(future)], future)

    def result(self) -> list[Rendered]:
        """Return one entry per job.

        Raises:
            SlotsError: slots failed.
        """
        for index, (job, key) in enumerate(zip(self.jobs, self.keys, strict=True)):
            first = self._missing.get(key)
            if index not in self._done and first in self._done:
                self._finish(index, self._found(job.slot, key, self._done[first].path))
        if self._failures:
            order = [job.slot for job in self.jobs if job.slot in self._failures]
            failures = {slot: self._failures[slot] for slot in order}
            failed = SlotsError(failures)
            # Of several failures, a bug needs the traceback most.
            shown = next((slot for slot in order if slot in failed.unexpected), order[0])
            raise failed from failures[shown]
        return [self._done[index] for index in range(len(self.jobs))]

    def _found(self, slot: str, key: str, path: Path) -> Rendered:
        return Rendered(slot, key, path, True, 0.0, attempt_log_of(path))

    def _job(self, key: str) -> Job:
        return self.jobs[self._missing[key]]

    def _kind(self, key: str) -> str:
        recipe = self._job(key).recipe
        return kind_of(recipe.renderer, recipe.shot)

    def _submit(
        self,
        pool: Executor,
        key: str,
        previous: Path | None,
        marker: Path | None,
        *,
        force: bool,
    ) -> Future[Rendered]:
        job = self._job(key)
        if marker is not None:
            assert isinstance(pool, RayExecutor)
            return pool.submit_on(
                gpu_need(job.recipe),
                render_slot_remotely,
                *(job, key, self.store, self.write_clip, previous, marker, force),
            )

        def on_step(done: int, total: int) -> None:
            if self.stop.is_set():
                raise SlotCancelledError
            with self._lock:
                self.on_frames(job.slot, done, total)

        return pool.submit(
            render_slot, job, key, self.store, self.write_clip, previous, on_step, self.loaded
        )

    def _settle(self, index: int, future: Future[Rendered]) -> None:
        try:
            rendered = future.result()
        except Exception as error:
            # Any failure is collected, so that other slots finish.
            self._failures[self.jobs[index].slot] = error
        else:
            self._finish(index, rendered)

    def _finish(self, index: int, rendered: Rendered) -> None:
        frames = self.jobs[index].recipe.shot.frames
        with self._lock:
            self._done[index] = rendered
            self.on_frames(rendered.slot, frames, frames)
            self.on_finished(rendered)


def _short_list(slots: Sequence[str]) -> str:
    """Join names; of many, only the first ones."""
    if len(slots) <= MOST_NAMED + 1:
        return ", ".join(slots)
    return f"{', '.join(slots[:MOST_NAMED])} and {len(slots) - MOST_NAMED} more"


def _one_line(error: Exception) -> str:
    """Return one-line error text; unexpected exceptions are prefixed with their type."""
    error = _origin(error)
    if _is_unexpected(error):
        return " ".join(f"unexpected {type(error).__name__}: {error}".split())
    return str(error) or type(error).__name__


def _is_unexpected(error: Exception) -> bool:
    """Whether an exception is of no error type of ours: its message is not meant for users."""
    error = _origin(error)
    own = __name__.partition(".")[0]
    is_ours = type(error).__module__.partition(".")[0] == own
    return not (is_ours or isinstance(error, RendererError))


def _origin(error: Exception) -> Exception:
    """Unwrap an exception of a Ray worker, whose text is a traceback."""
    cause = getattr(error, "cause", None)
    return _origin(cause) if isinstance(cause, Exception) else error
