"""Covers of earlier runs that are no longer asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..backend.mux.cover import cover_path
from ..files.atomic_output import write_errors
from ..files.protected_files import InputFile
from ..outputs.report_claims import is_claimed


def remove_old_covers(
    timeline: Path, videos: Iterable[Path], covers: Iterable[Path], inputs: Iterable[InputFile]
) -> None:
    """Delete covers beside videos that were made here and not edited since.

    Args:
        timeline: that the videos show.
        videos: of this run.
        covers: of this run, which stay.
        inputs: files that stay, too.

    Raises:
        WorkError: one cannot be deleted.
    """
    kept = {*covers, *(one.path.resolve() for one in inputs)}
    for cover in map(cover_path, videos):
        if kept.isdisjoint((cover, cover.resolve())) and is_claimed(timeline, cover):
            with write_errors(cover):
                cover.unlink()
