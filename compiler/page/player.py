"""The player of the page: plays the reel, or the timeline's media in order."""

from __future__ import annotations

import html

from ..backend.mux.cover import cover_path
from ..progress_clock import count
from .page_context import PageContext

_ICONS = {
    "previous": "M3 3h2v10H3zM14 3v10L6 8z",
    "back": "M11 3v10L4 8z",
    "on": "M5 3v10l7-5z",
    "next": "M11 3h2v10h-2zM2 3v10l8-5z",
    "sound": "M2 6h3l4-3v10l-4-3H2zM11 5.5a3.5 3.5 0 0 1 0 5z",
}


def player_html(context: PageContext, embedded: str) -> str:
    """Return the HTML section.

    Args:
        context: the page.
        embedded: a ``data:`` URL of the reel, to play instead of its file.
    """
    view = context.view
    reel = ""
    source = embedded or (context.url(view.reel) if view.reel is not None else "")
    if source:
        reel = (
            f'<video id="reel" src="{html.escape(source)}"{_poster(context, embedded)} controls '
            f'playsinline preload="metadata" aria-label="The reel"></video>'
        )
    stage = '<div id="stage" hidden></div><p id="cue" hidden></p>' if context.served else ""
    wide = " wide" if view.width > view.height else ""
    buttons = "".join(
        f'<button type="button" id="{name}" aria-label="{what}" title="{what}">'
        f'<svg viewBox="0 0 16 16" aria-hidden="true"><path d="{_ICONS[name]}"/></svg></button>'
        if name != "play"
        else '<button type="button" id="play" class="play" aria-label="Play" '
        'title="Play or pause (space)"><svg viewBox="0 0 16 16" aria-hidden="true">'
        '<path class="go" d="M4 2v12l10-6z"/><path class="halt" d="M3 2h4v12H3zM9 2h4v12H9z"/>'
        "</svg></button>"
        for name, what in (
            ("previous", "Previous cut (up)"),
            ("back", "Previous frame (left)"),
            ("play", ""),
            ("on", "Next frame (right)"),
            ("next", "Next cut (down)"),
            ("sound", "Mute (M)"),
        )
    )
    return (
        '<section class="player" aria-label="Player">'
        f'<div class="screen{wide}" id="screen" style="--ratio:{view.width}/{view.height}">'
        '<div class="absent" id="absent" hidden>no picture</div>'
        f'<div class="poster t0" id="poster"></div>{reel}{stage}</div>'
        f'<div class="clock"><output id="timecode">{context.clock.label(0)}</output>'
        f'<span id="frame">{count(view.frames, "frame")}</span><span id="speed"></span></div>'
        f'<div class="controls">{buttons}</div><p class="says" id="says"></p></section>'
    )


def _poster(context: PageContext, embedded: str) -> str:
    """Return the attribute that shows the reel's cover until it plays; empty without one."""
    view = context.view
    if embedded or view.reel is None or not view.has_cover:
        return ""
    cover = cover_path(view.reel)
    url = context.url(cover) if cover.is_file() else ""
    return f' poster="{html.escape(url)}"' if url else ""
