"""Render: fill the slots of a timeline with media."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ...renderers import base
from ...renderers.run import engines, pool
from ...renderers.run.job import Job, Rendered
from ...renderers.run.loaded_renderers import LoadedRenderers
from ...renderers.run.recipe import Recipe
from ...renderers.run.store import Store
from ..backend.encode.encoder import write_slot
from ..errors import InputError, Problem, WorkError
from ..notices import Notice
from ..outputs.paths import Outputs
from ..packages import fault_hint
from ..progress import Estimate, OnProgress, Progress
from ..progress_clock import count
from ..report import Report, SlotReport
from ..script.config import Config
from ..timeline.disclosure import disclose
from ..timeline.media import media_path
from ..timeline.slots import SlotClip, set_media, slot_clips
from ..timeline.takes import picked_take


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Options of rendering.

    Attributes:
        engine: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: render again on a cache hit.
        relative_media: write the paths of rendered media relative to the timeline.
        also: further folders of rendered media to reuse.
        wanted: whether to fill the slots of a recipe.
        on_rendered: called with the name of each finished slot and its media.
        loaded: renderers that stay loaded after the run; None to unload them.
    """

    engine: str
    force: bool
    relative_media: bool
    also: tuple[Path, ...] = ()
    wanted: Callable[[Recipe], bool] = lambda _: True
    on_rendered: Callable[[str, Path], None] = lambda *_: None
    loaded: LoadedRenderers | None = None


def refuse_engine(engine: str) -> None:
    """Reject an unknown or unavailable engine.

    Raises:
        InputError: there is no such engine, or a package is missing.
    """
    try:
        engines.refuse_engine(engine)
    except base.UnavailableError as error:
        raise InputError(Problem.option("--engine", str(error))) from error


def fill_slots(
    timeline: otio.schema.Timeline,
    outputs: Outputs,
    report: Report,
    config: Config,
    options: RenderOptions,
    on_progress: OnProgress,
) -> None:
    """Render the slots without media, and link finished media in the timeline, also on failure.

    A slot with a picked take is not rendered.
    """
    store = Store(outputs.media, options.also)
    slots, picked = slots_to_render(timeline, store, outputs.folder)
    report.slots.extend(picked)
    jobs = [Job(name, same[0].recipe) for name, same in slots.items()]
    jobs = [job for job in jobs if options.wanted(job.recipe)]
    total = sum(job.recipe.shot.frames for job in jobs)
    done: dict[str, int] = {}

    estimate = Estimate()

    def on_frames(slot: str, frames: int, of_slot: int) -> None:
        is_whole_at_once = frames == of_slot and slot not in done
        done[slot] = frames
        made = sum(done.values())
        left_s = None if is_whole_at_once else estimate.left_s(made, total)
        on_progress(Progress("render", made, total, slot=slot, left_s=left_s))

    def on_finished(rendered: Rendered) -> None:
        for slot in slots[rendered.slot]:
            set_media(slot, rendered.path, outputs.folder if options.relative_media else None)
        report.slots.append(
            SlotReport(
                name=rendered.slot,
                renderer=slots[rendered.slot][0].renderer,
                key=rendered.key,
                media=rendered.path,
                reused=rendered.reused,
                seconds=rendered.seconds,
                made=rendered.attempt_log,
            )
        )
        if rendered.attempt_log is not None and rendered.attempt_log.notice:
            what = f"{rendered.slot}: {rendered.attempt_log.notice}"
            report.warnings.append(Notice("fallback", what))
        options.on_rendered(rendered.slot, rendered.path)

    try:
        pool.render_slots(
            jobs,
            store,
            write_clip=write_slot,
            workers=config.workers,
            engine=options.engine,
            force=options.force,
            on_frames=on_frames,
            on_finished=on_finished,
            loaded=options.loaded,
        )
    except base.UnavailableError as error:
        raise InputError(str(error)) from error
    except base.RendererError as error:
        is_fault = isinstance(error, pool.SlotsError) and error.unexpected
        raise WorkError(f"{error}; {fault_hint()}" if is_fault else str(error)) from error
    finally:
        report.warnings += damage_warnings(store)
        disclose(timeline, outputs.folder)
    order = {name: index for index, name in enumerate(_by_job(slot_clips(timeline)))}
    report.slots.sort(key=lambda slot: order[slot.name])


def slots_to_render(
    timeline: otio.schema.Timeline, store: Store, folder: Path
) -> tuple[dict[str, list[SlotClip]], list[SlotReport]]:
    """Return the slots without a picked take by job, and an entry for each job with one.

    Args:
        timeline: with the slots.
        store: of their media, which need not exist.
        folder: of the timeline.
    """
    slots: dict[str, list[SlotClip]] = {}
    picked: list[SlotReport] = []
    for name, same in _by_job(slot_clips(timeline)).items():
        taken = [_picked(slot, store, folder) for slot in same]
        picked += [made for made in taken if made is not None][:1]
        left = [slot for slot, made in zip(same, taken, strict=True) if made is None]
        if left:
            slots[name] = left
    return slots, picked


def damage_warnings(store: Store) -> list[Notice]:
    """Return a warning for each damaged file of a store."""
    return [
        Notice("damaged", f"{path.name} was damaged ({how}) and is made again")
        for path, how in store.damaged.items()
    ]


def _by_job(clips: Iterable[SlotClip]) -> dict[str, list[SlotClip]]:
    """Group slots with the same recipe into one job, by job name.

    If an editor split a slot and lengthened one part, two recipes share a name; the second job's
    name gets a number.
    """
    jobs: dict[str, list[SlotClip]] = {}
    for slot in clips:
        name, number = slot.name, 2
        while name in jobs and jobs[name][0].stated != slot.stated:
            name = f"{slot.name}~{number}"
            number += 1
        jobs.setdefault(name, []).append(slot)
    return jobs


def _picked(slot: SlotClip, store: Store, folder: Path) -> SlotReport | None:
    """Return the picked take of a slot; None without one, or without its media."""
    reference = picked_take(slot)
    media = None if reference is None else media_path(reference, folder)
    key = None if media is None else store.key_of(media)
    if media is None or key is None:
        return None
    renderer = slot.clip.active_media_reference_key.rpartition(".")[0]
    return SlotReport(slot.name, renderer, key, media, True, 0.0)


def render_summary(slots: Sequence[SlotReport]) -> str:
    """Return a summary such as ``4 slots: 3 made, 1 reused``."""
    reused = sum(slot.reused for slot in slots)
    return f"{count(len(slots), 'slot')}: {len(slots) - reused} made, {reused} reused"
