"""View: a timeline as a web page."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..editors.bundle_media import cached_media
from ..editors.formats.bundle_cache import KEPT_S
from ..editors.project_files import refuse_outside
from ..editors.read_timeline import read_timeline
from ..errors import InputError, Problem
from ..files.path_limits import names_of_file, refuse_unusable
from ..files.protected_files import refuse_inputs
from ..notices import Notice, parse_notice, waiting
from ..outputs.paths import write_text
from ..page.build_view import build_view
from ..page.generator import is_page
from ..page.preview import preview_url
from ..page.reel_files import FinishedReel, find_reel
from ..page.render import render_page
from ..page.view_model import Fact, PageView, State
from ..stages.input_files import NEW_NAME, inputs_of_timeline, timeline_file

EMBEDDED_WIDTH = 360
"""Width of an embedded reel in pixels."""
_EMBEDDED_CRF = 30
_EMBEDDED_SOUND_KBPS = 64
_OF_THE_RUN = ("edited", "damaged")
"""Codes of warnings that concern a past run only."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A page of a timeline.

    Attributes:
        path: of the page.
        warnings: about missing media, the finished reel, and the run that made it.
    """

    path: Path
    warnings: tuple[Notice, ...]


def view_timeline(
    timeline: str | Path,
    output: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    embed: bool = False,
    allow_outside: bool = False,
) -> Viewed:
    """Write a timeline as a web page.

    Args:
        timeline: any timeline, with or without rendered media.
        output: the page; by default ``<name>.html`` beside the timeline.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        embed: include a small copy of the finished reel.
        allow_outside: let that reel lie outside the timeline's project.

    Returns:
        The page, and warnings about missing media.

    Raises:
        InputError: the timeline cannot be read, or there is no reel to embed.
        WorkError: the page cannot be written.
    """
    path = Path(timeline).absolute()
    page = Path(output).absolute() if output else path.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(Problem.in_file(page, "is not an HTML file", "give -o X.html"))
    refuse_unusable(page.parent, names_of_file(page))
    if output is None and page.exists() and not is_page(page):
        what = "exists already, and was not written by otio-gvideo"
        raise InputError(Problem.in_file(page, what, NEW_NAME))
    loaded = read_timeline(path, fps, sequence)
    inputs = [*timeline_file(path), *inputs_of_timeline(loaded, path)]
    refuse_inputs([page], inputs, NEW_NAME)
    return Viewed(page, tuple(_write(loaded, path, page, embed, allow_outside)))


def _write(
    timeline: otio.schema.Timeline, path: Path, page: Path, embed: bool, allow_outside: bool
) -> list[Notice]:
    """Write the page of a timeline that was read from ``path``, and return its warnings."""
    view = build_view(timeline, path)
    if cached_media(timeline):
        what = (
            "the page plays media from the cache of opened bundles, which is cleared after "
            f"{KEPT_S // 86400} days"
        )
        view.notes.append(Notice("format", what))
    finished = find_reel(path, view.frames, view.fps)
    embedded = ""
    if embed:
        if finished.reel is None:
            why = finished.notes[0] if finished.notes else "no finished reel beside it"
            hint = f"run otio-gvideo flatten {path.name} -o {path.stem}.mp4"
            raise InputError(Problem.in_file(path, why, hint, where="--embed"))
        view.notes += refuse_outside(timeline, path, [finished.reel], allow=allow_outside)
        embedded = preview_url(
            finished.reel,
            EMBEDDED_WIDTH,
            page.parent,
            crf=_EMBEDDED_CRF,
            sound_kbps=_EMBEDDED_SOUND_KBPS,
        )
    _add_reel(view, finished)
    write_text(page, render_page(view, page, embedded))
    return view.notes


def _add_reel(view: PageView, finished: FinishedReel) -> None:
    """Add the finished reel and its report to a view, and warnings about missing media."""
    view.reel = finished.reel
    loudness = finished.report.get("loudness")
    if isinstance(loudness, dict):
        lufs, peak = loudness.get("integrated_lufs"), loudness.get("true_peak_dbtp")
        if isinstance(lufs, int | float) and isinstance(peak, int | float):
            view.facts.insert(0, Fact("Loudness", f"{lufs:.1f} LUFS, peak {peak:.1f} dBTP"))
    slots = sum(block.state is State.WAITING for block in view.blocks)
    if slots:
        view.notes.append(waiting(slots, view.path.name))
    lost = sum(block.state is State.MISSING for row in view.rows for block in row.blocks)
    if lost > 1:
        view.notes.insert(0, Notice("missing", f"{lost} clips lack their media"))
    told = finished.report.get("warnings")
    before = [parse_notice(str(line), "reel") for line in told] if isinstance(told, list) else []
    before = [notice for notice in before if notice.code not in _OF_THE_RUN]
    listed = {f"{doubt.scene}: {doubt}" for doubt in view.doubts or ()}
    lines = [line for line in (*finished.notes, *before) if line not in listed]
    view.notes += [line for line in lines if line not in view.notes]
