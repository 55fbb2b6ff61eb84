"""The page of a script that is watched: the page of `view`, and what is live in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..api.plan import CompilePlan
from ..page.render import LivePage, render_page
from ..page.view_model import PageView
from .served_files import ServedFiles
from .storyboard import BoardSlot, board_html, takes_html

_NO_BOARD = '<details id="board" hidden></details>'
_DIALOG = (
    '<dialog id="proposal" aria-label="Change of the script"><pre id="diff"></pre>'
    '<div class="answers"><button type="button" id="cancel">Cancel</button>'
    '<button type="button" id="write">Write to the script</button></div></dialog>'
)


def live_page(
    view: PageView,
    version: int,
    served: ServedFiles,
    board: Sequence[BoardSlot] = (),
    plan: CompilePlan | None = None,
    animatic: Mapping[str, Any] | None = None,
    renderers: Sequence[str] = (),
) -> str:
    """Return the page's HTML.

    Args:
        view: the timeline; empty before the first one.
        version: of the page.
        served: the files that it may link to.
        board: the slots.
        plan: the slots still to render.
        animatic: of `animatic_of`.
        renderers: names to choose from.
    """
    storyboard = board_html(board, plan) if plan is not None else _NO_BOARD
    html = (
        '<section class="watch" id="watch" aria-live="polite">'
        f'<p id="status" data-version="{version}"></p>'
        '<progress id="share" max="1" hidden></progress></section>'
        '<section class="problems" id="problems" aria-label="Problems" hidden></section>'
        f"{storyboard}{_DIALOG}"
    )
    takes = takes_html(board, renderers, served.url)
    live = LivePage(
        served.url,
        html,
        f'<section class="takes" id="takes" aria-label="Takes">{takes}</section>',
        _asset("watch.js"),
        _asset("watch.css"),
        {"animatic": animatic} if animatic is not None else {},
    )
    return render_page(view, view.path, live=live)


def empty_view(script: Path) -> PageView:
    """Return a view of nothing, before a script was compiled."""
    from fractions import Fraction  # noqa: PLC0415

    return PageView(script, script.stem, 1080, 1920, Fraction(24), 0)


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8").strip()
