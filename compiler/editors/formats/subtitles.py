"""Subtitle files of a reel's words, for editors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import opentimelineio as otio

from ...backend.captions.burn import to_ass
from ...backend.captions.cues import Cue, captions_of
from ...backend.captions.sidecars import to_srt, to_vtt
from ...errors import InputError
from ...timeline.properties import rate_of, size_of
from .base import write_text


def write_srt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.srt``."""
    write_text(path, to_srt(_cues(timeline)))
    return []


def write_vtt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.vtt``."""
    write_text(path, to_vtt(_cues(timeline)))
    return []


def write_ass(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.ass`` in the timeline's caption style and frame size."""
    _cues(timeline)
    write_text(path, to_ass(timeline, size_of(timeline), rate_of(timeline)))
    return []


def _cues(timeline: otio.schema.Timeline) -> Sequence[Cue]:
    """Return the captions of a timeline.

    Raises:
        InputError: it has no words.
    """
    cues = captions_of(timeline)
    if not cues:
        raise InputError(f"{timeline.name or 'the timeline'}: holds no words to make subtitles of")
    return cues
