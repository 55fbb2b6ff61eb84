"""Link slots to rendered media by key, in OpenTimelineIO's tools.

``otioconvert -i reel.otio -o x.otio -m otio_gvideo -M media=DIR`` links every slot to its media in
``DIR``, in place of its present ones; without the argument, ``OTIO_GVIDEO_MEDIA`` names the folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import opentimelineio as otio

VARIABLE = "OTIO_GVIDEO_MEDIA"


def link_media_reference(
    in_clip: otio.schema.Clip, media_linker_argument_map: dict[str, Any]
) -> otio.core.MediaReference:
    """Return the media of a clip, by the key of its recipe or in its file name."""
    from otio_gvideo.compiler.assembly.rendered_media import find_rendered  # noqa: PLC0415

    folders = media_linker_argument_map.get("media") or os.environ.get(VARIABLE, "")
    found = find_rendered(in_clip, [Path(one) for one in str(folders).split(os.pathsep) if one])
    if found is None:
        return in_clip.media_reference
    available = in_clip.media_reference.available_range
    return otio.schema.ExternalReference(str(found), available)
