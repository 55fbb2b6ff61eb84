"""Who renders which slot: what the store lacks is made, side by side, and kept at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Literal

from ..base import RendererError, Shot, UnavailableError
from .attempts import made_of
from .engines import executor
from .job import Job, Rendered, WriteClip, make_slot
from .loaded_renderers import LoadedRenderers, kind_of
from .motion_guard import tries_of
from .ray_cluster.shared_folder import make_slot_there, marked
from .recipe import recipe_key
from .store import Store

NAMED = 3
"""Slots that failed for one reason and are named; of the others their number is told."""


class SlotsError(RendererError):
    """Slots failed, each for a reason of its own.

    Attributes:
        reasons: by slot, in a line each.
        unavailable: the slots whose renderer cannot run here at all.
        unexpected: the slots whose error is nobody's message for users, but a fault.
    """

    def __init__(self, errors: Mapping[str, Exception]):
        self.reasons = {slot: _said(error) for slot, error in errors.items()}
        self.unavailable = {s for s, error in errors.items() if isinstance(error, UnavailableError)}
        self.unexpected = {slot for slot, error in errors.items() if _is_unexpected(error)}
        same: dict[str, list[str]] = {}
        for slot, why in self.reasons.items():
            same.setdefault(why, []).append(slot)
        super().__init__("; ".join(f"{_listed(slots)}: {why}" for why, slots in same.items()))


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

    The order of work changes no byte of a result, since a slot depends on its recipe alone, and on
    the media of the slot that it follows, which are made first.

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
        SlotsError: slots failed; the others are finished and kept.
    """
    store.clear_leftovers()
    run = _Run(jobs, store, write_clip, on_frames, on_finished)
    run.take_what_is_there(force=force)
    is_local = engine == "local"
    pixels = max((job.recipe.shot.width * job.recipe.shot.height for job in jobs), default=1)
    with (
        executor(engine, workers, pixels) as pool,
        contextlib.closing(run.models),
        contextlib.nullcontext() if is_local or run.is_done else marked(store.folder) as marker,
    ):
        try:
            run.make_the_rest(pool, marker, force=force)
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
    ):
        self.jobs = jobs
        self.keys = [recipe_key(job.recipe) for job in jobs]
        self.store = store
        self.write_clip = write_clip
        self.on_frames = on_frames
        self.on_finished = on_finished
        self.models = LoadedRenderers()
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._done: dict[int, Rendered] = {}
        self._failures: dict[str, Exception] = {}
        self._to_make: dict[str, int] = {}
        """Key of a recipe to the first job that has it."""

    def take_what_is_there(self, *, force: bool) -> None:
        """Finish the jobs whose media the store holds; the others are to be made."""
        for index, (job, key) in enumerate(zip(self.jobs, self.keys, strict=True)):
            found = None if force else self.store.find(job.slot, key)
            if found is not None:
                self._finish(index, self._found(job.slot, key, found))
            else:
                self._to_make.setdefault(key, index)

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be made."""
        return not self._to_make

    def make_the_rest(self, pool: Executor, marker: Path | None, *, force: bool) -> None:
        """Make what is to be made, each after what it follows; failures are kept for later.

        Args:
            pool: where.
            marker: in the store's folder, if the pool is a cluster.
            force: whether the cluster makes what the store has.
        """
        expected: dict[str, list[Shot]] = {}
        for key in self._to_make:
            expected.setdefault(self._kind(key), []).extend(tries_of(self._job(key).recipe.shot))
        self.models.expect(expected)
        # Slots of one model stand together, so that it is loaded once.
        waiting = sorted(self._to_make, key=self._kind)
        running: dict[Future[Rendered], str] = {}
        while waiting or running:
            busy = {*waiting, *running.values()}
            for key in [key for key in waiting if self._job(key).recipe.follows not in busy]:
                waiting.remove(key)
                job = self._job(key)
                follows = job.recipe.follows
                previous = self.store.find(job.slot, follows) if follows else None
                if follows and previous is None:
                    self._failures[job.slot] = RendererError("what it continues is not rendered")
                else:
                    running[self._submit(pool, key, previous, marker, force=force)] = key
            # Short waits let an interrupt through between them.
            for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                self._settle(self._to_make[running.pop(future)], future)

    def result(self) -> list[Rendered]:
        """One entry for each job.

        Raises:
            SlotsError: some failed.
        """
        for index, (job, key) in enumerate(zip(self.jobs, self.keys, strict=True)):
            first = self._to_make.get(key)
            if index not in self._done and first in self._done:
                self._finish(index, self._found(job.slot, key, self._done[first].path))
        if self._failures:
            order = [job.slot for job in self.jobs if job.slot in self._failures]
            failures = {slot: self._failures[slot] for slot in order}
            failed = SlotsError(failures)
            # Of several, a fault is what a traceback is wanted of.
            shown = next((slot for slot in order if slot in failed.unexpected), order[0])
            raise failed from failures[shown]
        return [self._done[index] for index in range(len(self.jobs))]

    def _found(self, slot: str, key: str, path: Path) -> Rendered:
        return Rendered(slot, key, path, True, 0.0, made_of(path))

    def _job(self, key: str) -> Job:
        return self.jobs[self._to_make[key]]

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
            return pool.submit(
                make_slot_there, job, key, self.store, self.write_clip, previous, marker, force
            )

        def on_step(made: int, total: int) -> None:
            if self.stop.is_set():
                raise _Stopped
            with self._lock:
                self.on_frames(job.slot, made, total)

        return pool.submit(
            make_slot, job, key, self.store, self.write_clip, previous, on_step, self.models
        )

    def _settle(self, index: int, future: Future[Rendered]) -> None:
        try:
            rendered = future.result()
        except Exception as error:
            # Whatever it is, the others' work must not be lost over it.
            self._failures[self.jobs[index].slot] = error
        else:
            self._finish(index, rendered)

    def _finish(self, index: int, rendered: Rendered) -> None:
        frames = self.jobs[index].recipe.shot.frames
        with self._lock:
            self._done[index] = rendered
            self.on_frames(rendered.slot, frames, frames)
            self.on_finished(rendered)


def _listed(slots: Sequence[str]) -> str:
    """Names in a line that stays short, however many there are."""
    if len(slots) <= NAMED + 1:
        return ", ".join(slots)
    return f"{', '.join(slots[:NAMED])} and {len(slots) - NAMED} more"


def _said(error: Exception) -> str:
    """An error in one line; one that is nobody's message for users with its type."""
    error = _origin(error)
    if _is_unexpected(error):
        return " ".join(f"unexpected {type(error).__name__}: {error}".split())
    return str(error) or type(error).__name__


def _is_unexpected(error: Exception) -> bool:
    """Whether an error was raised by no one who wrote its message for users."""
    error = _origin(error)
    own = __name__.partition(".")[0]
    is_ours = type(error).__module__.partition(".")[0] == own
    return not (is_ours or isinstance(error, RendererError))


def _origin(error: Exception) -> Exception:
    """What a worker raised: Ray wraps it, and its own text is the worker's traceback."""
    cause = getattr(error, "cause", None)
    return _origin(cause) if isinstance(cause, Exception) else error


class _Stopped(Exception):  # noqa: N818 - not an error: the run was interrupted
    """The run is over; this slot is left unfinished."""
