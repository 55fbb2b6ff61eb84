"""The words of a reel as subtitle files, to lie beside a timeline in an editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import opentimelineio as otio

from ...backend.captions.burn import to_ass
from ...backend.captions.cues import Cue, captions_of
from ...backend.captions.sidecars import to_srt, to_vtt
from ...errors import InputError
from ...timeline.properties import rate_of, size_of


def write_srt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.srt``."""
    path.write_text(to_srt(_cues(timeline)), encoding="utf-8", newline="\n")
    return []


def write_vtt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.vtt``."""
    path.write_text(to_vtt(_cues(timeline)), encoding="utf-8", newline="\n")
    return []


def write_ass(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.ass``, in the style that the timeline states, for a frame of the reel's own size."""
    _cues(timeline)
    path.write_text(
        to_ass(timeline, size_of(timeline), rate_of(timeline)), encoding="utf-8", newline="\n"
    )
    return []


def _cues(timeline: otio.schema.Timeline) -> Sequence[Cue]:
    cues = captions_of(timeline)
    if not cues:
        raise InputError(f"{timeline.name or 'the timeline'}: holds no words to make subtitles of")
    return cues
