"""The tables of the page: slots and sounds, to read, search and copy."""

from __future__ import annotations

import html

from .page_context import PageContext, badge
from .view_model import Block

_HEADS = '<th>State</th><th>In</th><th>Out</th><th class="n">Frames</th><th class="n">Seconds</th>'
"""Column heads shared by both tables."""


def tables_html(context: PageContext) -> str:
    """Return the HTML section."""
    rows = "".join(_line(context, n, b) for n, b in context.named(sound=False))
    heads = (
        f"<th></th><th>Slot</th>{_HEADS}<th>Words</th><th>Transition</th><th>Renderer</th>"
        "<th>Media</th>"
    )
    sounds = "".join(_sound_line(context, name, block) for name, block in context.named(sound=True))
    sound = ""
    if sounds:
        sound = (
            '<div class="top-line"><h2>Sound</h2></div><div class="wide-table"><table id="sounds">'
            f"<thead><tr><th>Clip</th>{_HEADS}<th>Media</th></tr></thead>"
            f"<tbody>{sounds}</tbody></table></div>"
        )
    return (
        '<section class="tables" aria-label="Slots as a table"><div class="top-line">'
        '<h2>Slots</h2><input type="search" id="filter" placeholder="Search slots" '
        'aria-label="Search slots"><button type="button" id="copy">Copy table</button></div>'
        f'<div class="wide-table"><table id="slots"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{sound}</section>"
    )


def _line(context: PageContext, name: str, block: Block) -> str:
    strip = context.strips.get(name)
    thumb = f'<span class="thumb t{strip[0][1]}"></span>' if strip else ""
    renderer = ", ".join(part for part in (block.renderer, block.quality) if part)
    return (
        f'<tr id="t-{name}"><td>{thumb}</td>{_cells(context, name, block)}'
        f'<td class="text">{html.escape(block.spoken)}</td><td>{html.escape(block.transition)}</td>'
        f"<td>{html.escape(renderer)}</td><td>{context.link(block.media)}</td></tr>"
    )


def _sound_line(context: PageContext, name: str, block: Block) -> str:
    cells = _cells(context, name, block)
    return f'<tr id="t-{name}">{cells}<td>{context.link(block.media)}</td></tr>'


def _cells(context: PageContext, name: str, block: Block) -> str:
    start, end = context.clock.label(block.start), context.clock.label(block.end - 1)
    return (
        f'<td><a href="#d-{name}">{html.escape(block.name or "(no name)")}</a></td>'
        f'<td>{badge(block.state)}</td><td>{start}</td><td>{end}</td><td class="n">{block.frames}'
        f'</td><td class="n">{float(block.frames / context.view.fps):.2f}</td>'
    )
