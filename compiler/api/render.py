"""Render: a timeline's slots are filled, also after it was edited elsewhere."""

from __future__ import annotations

from pathlib import Path

from ..editors.bundle_media import copy_media, rename_media
from ..errors import InputError, Problem
from ..outputs import Outputs, refuse_unwritable, write_timeline
from ..progress import OnProgress, silent
from ..report import Report
from ..stages.bring_back import bring_back
from ..stages.clock import Clock, count
from ..stages.configured import read_config
from ..stages.exclusive import exclusive
from ..stages.render import Rendering, fill_slots, slots_made
from ..stages.timelines import report_of_timeline
from ..timeline.slots import slot_clips


def render_timeline(
    timeline: str | Path,
    *,
    output: str | Path | None = None,
    compiled: str | Path | None = None,
    media: str | Path | None = None,
    config: str | Path | None = None,
    engine: str = "local",
    force: bool = False,
    relative_media: bool = False,
    on_progress: OnProgress = silent,
) -> Report:
    """Fill the slots of a timeline that lack media, and name the media in the file.

    The timeline may come from an editor that dropped the recipes: they are found again, and slots
    that show more than their media hold are rendered again. Media go to ``media/`` beside the
    timeline; what is rendered already is used where it is.

    Args:
        timeline: ``.otio``, or any file that an editor writes.
        output: the ``.otio`` to write; the timeline itself, else a file named after it.
        compiled: the timeline that it was made from, where it is not near.
        media: a folder of rendered media, where they are not near.
        config, engine, force, relative_media, on_progress: as in `compile_script`.

    Raises:
        InputError, WorkError: as in `compile_script`.
    """
    path = Path(timeline).absolute()
    if output is not None and Path(output).suffix.lower() != ".otio":
        hint = f"name it {Path(output).stem}.otio, and export that"
        raise InputError(Problem("", 0, 0, "--output", "render writes an .otio file", hint))
    clock = Clock(on_progress)
    with clock.stage("read"):
        settings = read_config(config, path)
        returned = bring_back(
            path,
            compiled=Path(compiled).absolute() if compiled else None,
            media=Path(media).absolute() if media else None,
        )
        target = Path(output).absolute() if output else returned.output
        outputs = Outputs(target.parent, target.stem)
        refuse_unwritable(outputs, [slot.name for slot in slot_clips(returned.timeline)])
        report = report_of_timeline(returned.timeline, target)
        report.warnings += returned.notes
        clock.done("read", f"{count(report.frames, 'frame')}; {returned.summary}")
    with (
        exclusive(target, "render", on_progress),
        clock.stage("render"),
        report.kept_on_failure(),
    ):
        copy_media(rename_media(returned.timeline, outputs.media))
        try:
            fill_slots(
                returned.timeline,
                outputs,
                report,
                settings,
                Rendering(engine, force, relative_media, tuple(returned.library.folders)),
                on_progress,
            )
        finally:
            write_timeline(returned.timeline, target)
        clock.done("render", slots_made(report.slots))
    report.seconds = clock.seconds
    return report
