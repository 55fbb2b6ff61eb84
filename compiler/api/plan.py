"""Plan: what compiling a script would come to; nothing is written."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio

from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store
from ..assembly.rendered_media import link_rendered
from ..outputs.paths import outputs_beside
from ..progress import silent
from ..progress_clock import ProgressClock, count
from ..script.model import Quality
from ..stages.edit import lay_out
from ..stages.edit_warnings import warnings_of
from ..stages.read import read_script
from ..stages.render import calls_of
from ..timeline.slots import slot_clips


def plan_script(
    script: str | Path,
    *,
    output: str | Path | None = None,
    config: str | Path | None = None,
    renderer: str | None = None,
    quality: Quality | None = None,
    allow_outside: bool = False,
) -> list[str]:
    """Return the plan of `compile_script`, and write nothing.

    Args:
        script: the YAML file.
        output: the output folder, as in `compile_script`.
        config: the configuration; else ``video_config.yaml`` beside the input, else in the user's
            configuration folder.
        renderer: the renderer of every scene; by default the script's.
        quality: the quality of every scene; by default the script's.
        allow_outside: let the script name files outside its folder.

    Returns:
        A line for each slot and for each call of a model, then the first warnings, as `Notice`.

    Raises:
        InputError: the script, its files or the configuration are wrong.
    """
    path = Path(script).absolute()
    front = read_script(path, config, renderer, quality, allow_outside, ProgressClock(silent))
    schedule, timeline = lay_out(front)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    store = Store(outputs.media, read=False)
    scenes = {scene.id: scene for scene in schedule.scenes}
    lines = [f"{outputs.timeline}: {count(schedule.frames, 'frame')} at {float(schedule.fps):g}"]
    for slot in slot_clips(timeline):
        recipe = slot.recipe
        state = "reuse" if store.find(slot.name, recipe_key(recipe)) else "render"
        start = scenes[slot.scene].start / schedule.fps
        lines.append(
            f"{state:<7} {slot.name:<20} {float(start):7.2f} s  {recipe['frames']:4} frames  "
            f"{recipe['renderer']} {recipe['motion']['camera']}"
        )
        lines += [f"        {line}" for line in calls_of(recipe)]
    return [*lines, *warnings_of(front, schedule, timeline)]


def timeline_of_script(script: str | Path, *, allow_outside: bool = False) -> otio.schema.Timeline:
    """The timeline of a script, with the media that are rendered already; nothing is written.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    front = read_script(path, None, None, None, allow_outside, ProgressClock(silent))
    _, timeline = lay_out(front)
    link_rendered(timeline, [outputs_beside(path, None).media])
    return timeline
