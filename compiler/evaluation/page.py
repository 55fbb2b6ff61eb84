"""An evaluation as a single HTML page with embedded images and previews."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from ...renderers.base import RendererError
from ...renderers.files.open_media import open_input
from ...renderers.image.stills import load_still
from ..errors import WorkError
from ..page.generator import generator_tag
from ..page.preview import preview_url
from ..page.thumbnails import picture_url
from ..timeline.slots import SlotClip
from .evaluation import Evaluation, Take, figures, means
from .table import COLUMNS, Column, shown

PREVIEW_WIDTH = 270
FRAMES = 5
"""Images of each take, from the first to the last frame."""
NOTEWORTHY = 0.05
"""Least relative difference of figures for the best to be marked."""
_JPEG_QUALITY = 80

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p.sub { opacity: .7; margin-top: .2rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child, th.name, td.name { text-align: left; }
td.best { color: var(--good); font-weight: 600; }
.asked { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; margin: 0 0 1rem; }
.asked .wide { flex: 1 1 28rem; } .takes { display: grid; gap: 1rem; }
.take { display: grid; grid-template-columns: 8.5rem 1fr; gap: 1rem; padding: .8rem;
  border: 1px solid var(--line); border-radius: .5rem; background: var(--soft); }
.take.picked { border-color: var(--good); }
.take video, .take img { width: 100%; display: block; border-radius: .25rem; }
.take h3 { margin: 0; font-size: 1rem; } .take p { margin: .1rem 0 .5rem; }
.strip { display: grid; grid-template-columns: repeat(5, minmax(0, 7.5rem)); gap: .3rem; }
.still { width: 8.5rem; border-radius: .25rem; }
.notice { color: #b35900; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
@media (max-width: 40rem) {
  .take { grid-template-columns: 1fr; } .take video { max-width: 60%; }
}
"""


def page_of(found: Evaluation, slots: Sequence[SlotClip]) -> str:
    """Return the HTML.

    Args:
        found: the evaluation.
        slots: of its takes.

    Raises:
        WorkError: media, or a still, cannot be decoded.
    """
    name = html.escape(found.timeline.stem)
    devices = "; ".join(sorted({take.made.device for take in found.takes}))
    where = html.escape(f"{found.timeline} on {devices}")
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{name}: renderers compared</title>',
        generator_tag(),
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style>",
        f"<h1>{name}: renderers compared</h1>",
        f'<p class="sub">{where}</p>',
        "<h2>On average</h2>",
        _table("take", means(found.takes)),
    ]
    for slot in slots:
        takes = [take for take in found.takes if take.slot == slot.name]
        if takes:
            parts += _slot(slot, takes, found.picked.get(slot.name))
    wrong = [f"{s}: {take}: {why}" for (s, take), why in found.failed.items()]
    wrong += [f"{one} was left out: {why}" for one, why in found.left_out.items()]
    if wrong:
        parts.append("<h2>Not made</h2><ul>")
        parts += [f"<li>{html.escape(line)}</li>" for line in wrong]
        parts.append("</ul>")
    parts.append("<h2>What the figures mean</h2><dl>")
    parts += [f"<dt>{column.title}</dt><dd>{column.explained}</dd>" for column in COLUMNS]
    parts.append("</dl></html>")
    return "\n".join(parts) + "\n"


def _slot(slot: SlotClip, takes: Sequence[Take], picked: str | None) -> list[str]:
    shot = slot.recipe.shot
    seconds = takes[0].frames / float(takes[0].fps)
    asked = f"{seconds:.1f} s, {shot.motion.camera} {shot.motion.amount:g}"
    prompt = f"; {shot.prompt}" if shot.prompt else ""
    stills = "".join(
        f'<img class="still" alt="keyframe" src="{_still(path)}"> '
        for path in dict.fromkeys(keyframe.image for keyframe in shot.keyframes)
    )
    parts = [
        f"<h2>{html.escape(slot.name)}</h2>",
        f'<p class="sub">{html.escape(asked + prompt)}</p>',
        f'<div class="asked"><div>{stills}</div>',
        _table("take", {take.name: figures(take) for take in takes}),
        '</div><div class="takes">',
    ]
    for take in takes:
        notice = (
            f'<p class="notice">{html.escape(take.made.notice)}</p>' if take.made.notice else ""
        )
        mark, kind = (", picked", "take picked") if take.name == picked else ("", "take")
        strip = "".join(f'<img alt="" src="{url}">' for url in _strip(take))
        media = take.made.path
        preview = preview_url(media, PREVIEW_WIDTH, media.parent, crf=28)
        parts.append(
            f'<div class="{kind}">'
            f'<video controls loop muted playsinline preload="metadata" src="{preview}">'
            f"</video><div><h3>{html.escape(take.name)}{mark}</h3>"
            f'<p class="sub">{html.escape(take.made.path.name)}</p>{notice}'
            f'<div class="strip">{strip}</div></div></div>'
        )
    return [*parts, "</div>"]


def _table(head: str, rows: Mapping[str, Mapping[str, float | None]]) -> str:
    columns = [c for c in COLUMNS if any(row[c.name] is not None for row in rows.values())]
    best = {column.name: _best(column, rows) for column in columns}
    titles = "".join(
        f'<th title="{html.escape(column.explained)}">{column.title}</th>' for column in columns
    )
    lines = [f'<div class="wide"><table><tr><th class="name">{head}</th>{titles}</tr>']
    for name, row in rows.items():
        cells = ""
        for column in columns:
            text = shown(column, row)
            mark = ' class="best"' if text == best[column.name] else ""
            cells += f"<td{mark}>{text}</td>"
        lines.append(f'<tr><td class="name">{html.escape(name)}</td>{cells}</tr>')
    return "\n".join([*lines, "</table></div>"])


def _best(column: Column, rows: Mapping[str, Mapping[str, float | None]]) -> str | None:
    """Return the best figure as text, if the difference is significant."""
    values = sorted(value for row in rows.values() if (value := row[column.name]) is not None)
    if column.higher_is_better is None or len(values) < 2:
        return None
    if values[-1] - values[0] < NOTEWORTHY * abs(values[-1]):
        return None
    return column.show(values[-1] if column.higher_is_better else values[0])


def _still(path: Path) -> str:
    try:
        picture = np.asarray(load_still(path))
    except RendererError as error:
        raise WorkError(str(error)) from error
    return _jpeg(picture)


def _jpeg(rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    size = (PREVIEW_WIDTH, max(1, round(PREVIEW_WIDTH * rgb.shape[0] / rgb.shape[1])))
    return picture_url(rgb, size, ".jpg", _JPEG_QUALITY)


def _strip(take: Take) -> list[str]:
    wanted = sorted({round(n * (take.frames - 1) / (FRAMES - 1)) for n in range(FRAMES)})
    try:
        with open_input(take.made.path) as container:
            return [
                _jpeg(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                for number, frame in enumerate(container.decode(video=0))
                if number in wanted
            ]
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise WorkError(f"{take.made.path}: its picture cannot be decoded: {error}") from error
