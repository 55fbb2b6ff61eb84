"""Sidecar files: SubRip, which has no standard, and WebVTT (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

import html
from collections.abc import Iterable

from .cues import Cue


def to_srt(cues: Iterable[Cue]) -> str:
    """Return cues as SubRip: numbered, with times as in ``00:00:01,000``."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        + "\n".join(cue.text)
        + "\n"
        for number, cue in enumerate(cues, 1)
    )


def to_vtt(cues: Iterable[Cue]) -> str:
    """Return cues as WebVTT, above the lower fifth, where players and apps have their buttons."""
    blocks = [
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')} line:78%,end align:center\n"
        + "\n".join(html.escape(line, quote=False) for line in cue.text)
        + "\n"
        for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _clock(time: float, point: str) -> str:
    milliseconds = round(time * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"
