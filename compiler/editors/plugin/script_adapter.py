"""Read scripts as timelines: ``otioconvert -i script.gvideo.yaml -o reel.otio``.

OpenTimelineIO loads this file by its path, so it imports the package by its name.
"""

from __future__ import annotations

import opentimelineio as otio


def read_from_file(filepath: str, allow_outside: bool = False) -> otio.schema.Timeline:
    """Return the timeline of a script, with media that are already rendered.

    Args:
        filepath: the YAML file.
        allow_outside: let it name files outside its folder.

    Raises:
        OTIOError: the script is invalid; the message has a line for each problem.
    """
    from otio_gvideo.compiler.api.script_timeline import timeline_of_script  # noqa: PLC0415
    from otio_gvideo.compiler.errors import CompileError  # noqa: PLC0415

    try:
        return timeline_of_script(filepath, allow_outside=allow_outside)
    except CompileError as error:
        raise otio.exceptions.OTIOError(str(error)) from error
