"""Options of the finished video, from the command line or from Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Reframe: TypeAlias = Literal["centre", "salient"]
"""Point that pictures are cropped around."""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Options of the finished video. Each one overrides the preset of the configuration.

    Attributes:
        preset: ``h264``, ``hevc``, ``av1``, ``prores``, ``gif``, ``webp``, or a preset of the
            configuration; empty for the configuration's default.
        sizes: width and height of each file, in pixels, even; empty for the preset's, else the
            timeline's.
        reframe: crop around the ``centre`` or around the ``salient`` region; None for the preset's,
            else ``salient`` if there are sizes.
        max_mb: size limit of each file, in megabytes (10⁶ bytes); None for the preset's.
        allow_missing: accept slates and silence in place of missing media.
        allow_network: fetch media at ``http`` and ``https`` URLs.
        keep_segments: keep encoded segments for the next run.
        clip_sound_db: mix in the sound of picture clips' own media at this level, unless the
            timeline states one; None leaves it out.
    """

    preset: str = ""
    sizes: tuple[tuple[int, int], ...] = ()
    reframe: Reframe | None = None
    max_mb: float | None = None
    allow_missing: bool = False
    allow_network: bool = False
    keep_segments: bool = True
    clip_sound_db: float | None = None
