"""Render: media for the slots of a timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers import base, pool
from ...renderers.store import Store
from ..backend.encode import Encoding, write_clip
from ..errors import InputError, Problem, WorkError
from ..frontend.config import Config
from ..outputs import Outputs
from ..progress import OnProgress, Progress
from ..report import Report, SlotReport
from ..timeline.slots import set_media, slot_clips
from .clock import count


@dataclass(frozen=True, slots=True)
class Rendering:
    """How slots are filled: where, whether again, and how their media are named."""

    engine: str
    force: bool
    relative_media: bool


def fill_slots(
    timeline: otio.schema.Timeline,
    outputs: Outputs,
    report: Report,
    config: Config,
    how: Rendering,
    on_progress: OnProgress,
) -> None:
    """Render what the slots lack; what is finished is named in the timeline, also on failure."""
    slots = list(slot_clips(timeline))
    by_name = {slot.name: slot for slot in slots}
    total = sum(int(slot.recipe["frames"]) for slot in slots)
    done: dict[str, int] = {}

    def on_frames(slot: str, frames: int, _: int) -> None:
        done[slot] = frames
        on_progress(Progress("render", sum(done.values()), total))

    def on_finished(rendered: pool.Rendered) -> None:
        slot = by_name[rendered.slot]
        set_media(slot, rendered.path, outputs.folder if how.relative_media else None)
        report.slots.append(
            SlotReport(
                name=rendered.slot,
                renderer=str(slot.recipe["renderer"]),
                key=rendered.key,
                media=rendered.path,
                reused=rendered.reused,
                seconds=rendered.seconds,
                made=rendered.made,
            )
        )
        if rendered.made is not None and rendered.made.notice:
            report.warnings.append(f"{rendered.slot}: {rendered.made.notice}")

    try:
        pool.render_slots(
            [pool.Job(slot.name, slot.recipe) for slot in slots],
            Store(outputs.media),
            write_clip=_write_clip,
            workers=config.workers,
            engine=how.engine,
            force=how.force,
            on_frames=on_frames,
            on_finished=on_finished,
        )
    except base.UnavailableError as error:
        raise InputError(Problem("", 0, 0, "", str(error))) from error
    except base.RendererError as error:
        raise WorkError(str(error)) from error
    order = {slot.name: index for index, slot in enumerate(slots)}
    report.slots.sort(key=lambda slot: order[slot.name])


def _write_clip(
    frames: Iterator[base.Frame],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int],
    encoding: dict[str, Any],
) -> object:
    """The encoder as the pool calls it, its settings as a recipe holds them."""
    return write_clip(
        frames, path, width=width, height=height, fps=fps, idr=idr, encoding=Encoding(**encoding)
    )


def slots_made(slots: Sequence[SlotReport]) -> str:
    """What was made and what was there, in a line."""
    reused = sum(slot.reused for slot in slots)
    return f"{count(len(slots), 'slot')}: {len(slots) - reused} made, {reused} reused"
