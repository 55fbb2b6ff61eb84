"""The timeline of a script, for programs that read scripts through OpenTimelineIO."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio

from ..assembly.rendered_media import link_rendered
from ..outputs.paths import outputs_beside
from ..progress import silent
from ..progress_clock import ProgressClock
from ..stages.edit import build_edit
from ..stages.read import read_script


def timeline_of_script(script: str | Path, *, allow_outside: bool = False) -> otio.schema.Timeline:
    """Return the timeline of a script, with the media that are rendered already. Writes nothing.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    clock, media = ProgressClock(silent), outputs_beside(path, None).media
    _, timeline = build_edit(read_script(path, None, None, None, allow_outside, clock, media=media))
    link_rendered(timeline, [media])
    return timeline
