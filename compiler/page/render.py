"""Write a `PageView` as one self-contained HTML file that plays the media beside it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..progress_clock import count
from ..timeline.confidence import LEAST_CUT
from .generator import generator_tag
from .json_data import as_json, json_data
from .lanes import timeline_html
from .page_context import PageContext, state_label
from .panel import panel_html
from .player import player_html
from .tables import tables_html
from .thumbnail_strips import Strips, draw_strips
from .view_model import Fact, PageView, State

_MOST_OPEN = 4
"""Notes that are not folded."""
_NO_ICON = '<link rel="icon" href="data:,">'
"""Browsers ask a server for one otherwise."""


@dataclass(frozen=True, slots=True)
class LivePage:
    """What a page has that a server keeps current.

    Attributes:
        url: returns the URL of a file, empty if it must not be sent.
        html: before the player.
        takes: before the tables.
        script, style: added to the page's own.
        data: added to the page's JSON.
    """

    url: Callable[[Path], str]
    html: str
    takes: str
    script: str
    style: str
    data: Mapping[str, Any] = field(default_factory=dict)


def render_page(
    view: PageView, page: Path, embedded: str = "", live: LivePage | None = None
) -> str:
    """Return the page's HTML.

    Args:
        view: its content.
        page: its path; links to media are relative to it.
        embedded: a ``data:`` URL of the reel, to play instead of its file.
        live: what a server adds to it; None for a file.
    """
    named = list(PageContext(view, page.parent, Strips()).named(sound=False))
    served = live.url if live is not None else None
    context = PageContext(view, page.parent, draw_strips(view, named), served)
    script = "\n".join([_asset("view.js").strip(), *([live.script] if live else [])])
    style = "\n".join([_asset("view.css").strip(), *([live.style] if live else [])])
    data = json_data(context) | dict(live.data if live else {})
    title = html.escape(view.title)
    parts = {
        "generator": generator_tag(),
        "icon": _NO_ICON if live else "",
        "policy": _policy(script, "connect-src 'self'; " if live else ""),
        "title": f"{title}: timeline",
        "heading": title,
        "style": f"{style}\n{_picture_rules(context)}",
        "facts": _facts(context),
        "notes": _notes(context) + _doubts(context),
        "live": live.html if live else "",
        "player": player_html(context, embedded) if view.frames else "",
        "timeline": timeline_html(context) if view.frames else "",
        "panel": panel_html(context) if view.frames else "",
        "takes": live.takes if live else "",
        "tables": tables_html(context) if view.frames else "",
        "made_by": f"{html.escape(view.path.name)}, by otio-gvideo {version('otio-gvideo')}",
        "data": as_json(data),
        "script": script,
    }
    # In one pass, since inserted text may look like a placeholder.
    return re.sub(r"<!-- (\w+) -->", lambda found: parts[found[1]], _asset("view.html"))


def _policy(script: str, more: str) -> str:
    """Content security policy: run the page's own script, load local media, nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; {more}script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src 'self' file: data:; media-src 'self' file: data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _picture_rules(context: PageContext) -> str:
    rules = [
        f".t{n}{{background-image:url({url})}}" for n, url in enumerate(context.strips.pictures)
    ]
    return "\n".join(rules)


def _facts(context: PageContext) -> str:
    view = context.view
    rate = f"{float(view.fps):.6g} fps"
    if view.fps.denominator != 1:
        rate += f" ({view.fps.numerator}/{view.fps.denominator})"
    shown = [
        Fact("Length", f"{context.clock.seconds(view.frames)}, {count(view.frames, 'frame')}"),
        Fact("Size", f"{view.width}×{view.height}"),
        Fact("Rate", rate),
    ]
    if view.first:
        shown.append(Fact("Starts at", context.clock.label(0)))
    states: Counter[State] = Counter(b.state for b in view.blocks if b.state is not State.GAP)
    listed = ", ".join(f"{states[state]} {state_label(state)}" for state in State if states[state])
    if listed:
        shown.append(Fact("Picture", listed))
    if view.words:
        shown.append(Fact("Words", str(len(view.words))))
    if view.doubts is not None and not view.doubts:
        shown.append(Fact("Cuts", f"each at least {float(LEAST_CUT):.0%} certain"))
    items = "".join(
        f"<div><dt>{html.escape(fact.label)}</dt><dd>{html.escape(fact.text)}</dd></div>"
        for fact in [*shown, *view.facts]
    )
    return f'<dl class="meta">{items}</dl>'


def _notes(context: PageContext) -> str:
    notes = context.view.notes
    if not notes:
        return ""
    lost = any(block.state is State.MISSING for row in context.view.rows for block in row.blocks)
    kind = "notes missing" if lost else "notes"
    lines = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    told = f"<ul>{lines}</ul>" if len(notes) > 1 else f"<p>{html.escape(notes[0])}</p>"
    if len(notes) > _MOST_OPEN:
        summary = f"{count(len(notes), 'note')}: {html.escape(notes[0])}, …"
        told = f"<details><summary>{summary}</summary>{told}</details>"
    return f'<section class="{kind}" aria-label="Notes">{told}</section>'


def _doubts(context: PageContext) -> str:
    """List the scenes to listen to first, as links to their first slots."""
    doubts = context.view.doubts
    if not doubts:
        return ""
    lines = []
    for doubt in doubts:
        frame = doubt.at_s * float(context.view.fps)
        inside = (n for n, b in context.named(sound=False) if b.start <= frame < b.end)
        block, scene = next(inside, None), html.escape(doubt.scene)
        link = scene if block is None else f'<a href="#d-{block}">{scene}</a>'
        lines.append(f"<li>{link}: {html.escape(doubt.place)}</li>")
    return (
        '<section class="notes listen" aria-label="Scenes to listen to first">'
        f"<h2>Scenes to listen to first</h2><ol>{''.join(lines)}</ol></section>"
    )


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")
