"""The words of a reel as subtitle files, to lie beside a timeline in an editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import opentimelineio as otio

from ...backend.captions import Cue, captions_of, to_srt, to_vtt
from ...errors import InputError
from ..readings import size_of

ASS_HEADER = """\
[Script Info]
Title: {title}
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
ScaledBorderAndShadow: yes
WrapStyle: 2

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,{size},&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,\
-1,0,0,0,100,100,0,0,1,{line},0,2,{side},{side},{bottom},1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""Sub Station Alpha, version 4.00+ (http://www.tcax.org/docs/ass-specs.htm)."""


def write_srt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.srt``."""
    path.write_text(to_srt(_cues(timeline)), encoding="utf-8")
    return []


def write_vtt(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.vtt``."""
    path.write_text(to_vtt(_cues(timeline)), encoding="utf-8")
    return []


def write_ass(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.ass``, for a frame of the reel's own size."""
    width, height = size_of(timeline)
    header = ASS_HEADER.format(
        title=timeline.name,
        width=width,
        height=height,
        size=round(height / 24),
        side=round(width / 12),
        bottom=round(height / 6),
        line=max(1, round(height / 480)),
    )
    lines = [
        f"Dialogue: 0,{_time(cue.start)},{_time(cue.end)},Default,,0,0,0,,"
        + r"\N".join(_plain(line) for line in cue.text)
        for cue in _cues(timeline)
    ]
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    return []


def _cues(timeline: otio.schema.Timeline) -> Sequence[Cue]:
    cues = captions_of(timeline)
    if not cues:
        raise InputError(f"{timeline.name or 'the timeline'}: holds no words to make subtitles of")
    return cues


def _time(seconds: float) -> str:
    """``H:MM:SS.CC``."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _plain(text: str) -> str:
    """Text in which nothing is taken for a command."""
    return text.replace("\\", "\u29f5").replace("{", "(").replace("}", ")")
