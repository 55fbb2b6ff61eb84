"""The timeline of the page: a lane for each track, and for markers, captions and words.

``--s`` and ``--n`` hold starts and lengths in frames; the style sheet scales them to pixels, so
that zooming needs no new HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from ..progress_clock import count
from .page_context import PageContext, block_name, state_label
from .view_model import Block, CutTransition, PageMarker, Row, State, TextSpan

_TINTS = frozenset(
    {"pink", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "magenta", "black",
     "white"}
)  # fmt: skip


def timeline_html(context: PageContext) -> str:
    """Return the HTML section."""
    view = context.view
    lanes = [
        '<div class="lane ruler"><div class="head">Time</div><div class="body" id="ruler" '
        'role="slider" tabindex="0" aria-label="Playhead" aria-valuemin="0" '
        f'aria-valuemax="{view.frames - 1}" aria-valuenow="0" '
        f'aria-valuetext="{context.clock.label(0)}"><canvas></canvas></div></div>'
    ]
    if view.markers:
        lanes.append(_lane("marks", "Markers", "", [_mark(mark) for mark in view.markers]))
    first_sound = True
    for index, row in enumerate(view.rows):
        if not row.is_picture and first_sound:
            lanes += _text_lanes(context)
            first_sound = False
        lanes.append(_row(context, index, row))
    if first_sound:
        lanes += _text_lanes(context)
    return (
        '<section class="timeline" aria-label="Timeline"><div class="bar"><h2>Timeline</h2>'
        '<button type="button" id="out" aria-label="Zoom out" title="Zoom out (-)">−</button>'
        '<input type="range" id="zoom" min="0" max="100" value="0" aria-label="Zoom">'
        '<button type="button" id="in" aria-label="Zoom in" title="Zoom in (+)">+</button>'
        '<button type="button" id="fit" title="Fit (F)">Fit</button></div>'
        '<div class="scroll" id="scroll" tabindex="-1">'
        f'<div class="lanes" id="lanes" style="--frames:{view.frames}">'
        + "".join(lanes)
        + _cuts(context)
        + '<div class="playhead" id="playhead"></div></div></div>'
        '<div class="key"><span><kbd>space</kbd> play</span><span><kbd>←</kbd> <kbd>→</kbd> '
        "frame, with <kbd>⇧</kbd> second</span><span><kbd>↑</kbd> <kbd>↓</kbd> cut</span>"
        "<span><kbd>J</kbd> <kbd>K</kbd> <kbd>L</kbd> reverse, stop, play</span>"
        "<span><kbd>+</kbd> <kbd>−</kbd> <kbd>F</kbd> zoom, fit</span>"
        "<span><kbd>ctrl</kbd> wheel zoom</span><span><kbd>M</kbd> mute</span></div></section>"
    )


def _text_lanes(context: PageContext) -> Iterator[str]:
    for kind, title, said in (
        ("caption", "Captions", context.view.captions),
        ("word", "Words", context.view.words),
    ):
        if said:
            yield _lane(f"{kind}s", title, "", [_text_span(kind, one) for one in said])


def _text_span(kind: str, span: TextSpan) -> str:
    style, told = _at(span.start, span.end - span.start), span.text
    if span.confidence is not None:
        style += f";--p:{span.confidence:.2f}"
        told += f" ({span.confidence:.0%} certain)"
    return (
        f'<span class="at {kind}" style="{style}" title="{html.escape(told)}">'
        f"{html.escape(' '.join(span.text.split()))}</span>"
    )


def _mark(mark: PageMarker) -> str:
    tint = f";--tint:{mark.colour}" if mark.colour in _TINTS else ""
    told = f"{mark.name}: {mark.comment}" if mark.comment else mark.name
    return (
        f'<span class="at mark" style="{_at(mark.start, mark.frames)}{tint}" '
        f'title="{html.escape(told)}">{html.escape(mark.name)}</span>'
    )


def _row(context: PageContext, index: int, row: Row) -> str:
    inside = [
        _block(context, block_name(index, n), row, block) for n, block in enumerate(row.blocks)
    ]
    inside += [_join(join) for join in row.joins]
    kind = f"{'picture' if row.is_picture else 'sound'}{'' if row.enabled else ' off'}"
    if row.role in ("music", "effects"):
        kind += f" {row.role}"
    if row.peaks:
        inside.insert(0, f'<canvas class="wave" data-row="{index}"></canvas>')
    told = row.role or ("" if row.enabled else "switched off")
    return _lane(kind, row.name, told, inside)


def _join(join: CutTransition) -> str:
    frames = join.before + join.after
    told = f"{join.name}, {count(frames, 'frame')}: {join.before} before the cut, "
    return (
        f'<span class="at join" style="{_at(join.cut - join.before, frames)}" '
        f'title="{html.escape(told)}{join.after} after it">'
        f"<b>{html.escape(join.name)} {frames}</b></span>"
    )


def _block(context: PageContext, name: str, row: Row, block: Block) -> str:
    place = _at(block.start, block.frames)
    if block.state is State.GAP:
        what = f"gap, {count(block.frames, 'frame')}" if row.is_picture else ""
        return f'<span class="at gap" style="{place}" title="{what}">{what}</span>'
    told = [block.name or "(no name)", context.clock.label(block.start),
            count(block.frames, "frame"), state_label(block.state)]  # fmt: skip
    told += ["warning"] if block.warned else []
    strip = "".join(f'<i class="t{number}"></i>' for _, number in context.strips.get(name))
    if row.is_picture:
        colours = (entry.colour for entry in block.playlist if entry.colour)
        strip = strip or "".join(f'<i style="background:{colour}"></i>' for colour in colours)
        strip = f'<span class="strip">{strip}</span>'
    small = block.renderer or ""
    if block.state not in (State.RENDERED, State.MEDIA):
        small = state_label(block.state)
    warned = " warned" if block.warned else ""
    return (
        f'<button type="button" class="at block {block.state}{warned}" id="{name}" '
        f'style="{place}" data-s="{block.start}" data-name="{html.escape(block.name)}" '
        'aria-pressed="false" '
        f'aria-label="{html.escape(", ".join(told))}" title="{html.escape(", ".join(told))}">'
        f'{strip}<span class="name"><b>{html.escape(block.name)}</b>'
        f"<small>{html.escape(small)}</small></span></button>"
    )


def _cuts(context: PageContext) -> str:
    """Draw a line at every cut, from the picture down through the sound."""
    lines = []
    for cut in context.cuts:
        inside = any(w.start < cut - 1 and w.end > cut + 1 for w in context.view.words)
        lines.append(f'<i{" class=inside" if inside else ""} style="--s:{cut}"></i>')
    return f'<div class="cuts" aria-hidden="true">{"".join(lines)}</div>'


def _at(start: float, frames: float) -> str:
    return f"--s:{round(start, 2):.12g};--n:{round(frames, 2):.12g}"


def _lane(kind: str, name: str, told: str, inside: Sequence[str]) -> str:
    small = f"<small>{html.escape(told)}</small>" if told else ""
    return (
        f'<div class="lane {kind}"><div class="head">{html.escape(name)}{small}</div>'
        f'<div class="body">{"".join(inside)}</div></div>'
    )
