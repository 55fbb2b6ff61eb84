"""The parts of the page that only a live one has: problems, the storyboard, takes, a dialog."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ...renderers.run.recipe import Recipe
from ..api.plan import SOURCES, CompilePlan, PlannedSlot
from ..errors import Problem
from ..progress_clock import count
from ..stages.slot_needs import duration
from .stored_takes import StoredTake

_AROUND = 2
"""Lines of the script to show before and after a problem."""


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """A slot of the storyboard.

    Attributes:
        planned: what rendering it takes.
        recipe: of it.
        still: URL of its first still.
        approval: what to approve; empty if it runs no model, or is approved.
        takes: its finished videos.
    """

    planned: PlannedSlot
    recipe: Recipe
    still: str
    approval: str
    takes: Sequence[StoredTake]


def problems_html(problems: Iterable[Problem], files: Mapping[str, Path]) -> str:
    """Return problems with the lines of their files.

    Args:
        problems: to show.
        files: paths of the files, by the names that problems have for them.
    """
    return "".join(
        f'<article class="problem"><p><b>{html.escape(_place(one))}</b> {html.escape(one.what)}'
        f"{f'<br>{html.escape(one.hint)}' if one.hint else ''}</p>"
        f"{_excerpt(one, files.get(one.file))}</article>"
        for one in problems
    )


def _place(problem: Problem) -> str:
    line = f":{problem.line}:{problem.column}" if problem.line else ""
    parts = (f"{problem.file}{line}" if problem.file else "", problem.where)
    return "".join(f"{part}: " for part in parts if part).strip()


def _excerpt(problem: Problem, file: Path | None) -> str:
    if not problem.line or file is None:
        return ""
    try:
        lines = file.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return ""
    first = max(1, problem.line - _AROUND)
    shown = []
    for number, line in enumerate(lines[first - 1 : problem.line + _AROUND], first):
        text = f"{number:>4}  {html.escape(line)}\n"
        shown.append(f"<mark>{text}</mark>" if number == problem.line else text)
    return f"<pre>{''.join(shown)}</pre>"


def board_html(slots: Sequence[BoardSlot], plan: CompilePlan) -> str:
    """Return the storyboard: a picture for each slot, its prompt, time and cost."""
    waiting = [slot for slot in slots if slot.approval]
    button = ""
    if waiting:
        names = html.escape(" ".join(slot.approval for slot in waiting))
        button = f'<button type="button" data-approve="{names}">Render all {len(waiting)}</button>'
    total = plan.total()
    told = f"{total.text()} to render" if total.slots else "every slot is rendered"
    cards = "".join(_card(slot, plan.fps) for slot in slots)
    is_open = " open" if waiting else ""
    return (
        f'<details class="board" id="board"{is_open}><summary>Storyboard: {html.escape(told)}'
        f'</summary><div class="board-bar">{button}</div><div class="cards">{cards}</div></details>'
    )


def _card(slot: BoardSlot, fps: Fraction) -> str:
    planned = slot.planned
    shot = slot.recipe.shot
    needs = planned.needs
    cost = "rendered"
    if not planned.is_rendered:
        parts = [count(needs.calls, "call")] if needs.calls else []
        if needs.seconds is not None:
            parts.append(f"about {duration(needs.seconds)} {SOURCES[needs.speed]}".strip())
        else:
            parts.append("no time known")
        parts += [f"{needs.needed_gb:.1f} GB"] if needs.needed_gb is not None else []
        cost = html.escape(", ".join(parts))
    cost += "".join(f"<br>{html.escape(line)}" for line in planned.crops)
    prompt = needs.prompt or shot.prompt
    button = ""
    if slot.approval:
        button = f'<button type="button" data-approve="{slot.approval}">Render it</button>'
    picture = f'<img src="{html.escape(slot.still)}" alt="" loading="lazy">' if slot.still else ""
    time = f"{float(planned.start / fps):.2f} s to {float(planned.end / fps):.2f} s"
    move = planned.camera.replace("_", " ")
    if planned.zoom > 1:
        move += f", {planned.zoom:g}x closer"
    return (
        f'<article class="card" data-slot="{html.escape(planned.name)}">{picture}'
        f"<h3>{html.escape(planned.name)}</h3><p>{time}<br>{html.escape(planned.renderer)}, "
        f"{html.escape(shot.quality)}, {move}<br><b>{cost}</b></p>"
        f'<p class="said">{html.escape(prompt)}</p>{button}</article>'
    )


def takes_html(
    slots: Sequence[BoardSlot], renderers: Sequence[str], url: Callable[[Path], str]
) -> str:
    """Return the takes of every slot side by side, and what to ask for instead."""
    return "".join(_takes(slot, renderers, url) for slot in slots)


def _takes(slot: BoardSlot, renderers: Sequence[str], url: Callable[[Path], str]) -> str:
    name = html.escape(slot.planned.name)
    takes = "".join(_take(slot, take, url(take.media)) for take in slot.takes)
    options = "".join(
        f"<option{' selected' if one == slot.recipe.renderer else ''}>{html.escape(one)}</option>"
        for one in renderers
    )
    return (
        f'<div class="slot-takes" data-slot="{name}" hidden><div class="top-line"><h2>Takes of '
        f'{name}</h2><button type="button" data-propose="seed">Again with another seed</button>'
        f'<label>Renderer <select data-renderer>{options}</select></label><button type="button" '
        'data-propose="renderer">This renderer</button></div>'
        f'<div class="cards">{takes or "<p>No video of this slot yet.</p>"}</div></div>'
    )


def _take(slot: BoardSlot, take: StoredTake, url: str) -> str:
    if take.is_current:
        button = "<b>in use</b>"
    elif not take.changes:
        button = "<small>its still, length or settings have changed</small>"
    else:
        button = (
            f'<button type="button" data-propose="take" data-take="{take.name}">Use this take'
            "</button>"
        )
    recipe = take.recipe
    told = f"{recipe.get('renderer')}, {recipe.get('quality')}, seed {recipe.get('seed')}"
    motion = slot.recipe.as_json()["motion"]
    stated = recipe.get("motion", {})
    changed = {key: value for key, value in stated.items() if value != motion.get(key)}
    moved = [f"{key} {value}".replace("_", " ") for key, value in changed.items()]
    told += f", {', '.join(moved)}" if moved else ""
    return (
        f'<article class="card take{" current" if take.is_current else ""}" '
        f'data-take="{take.name}"><video src="{html.escape(url)}" muted loop playsinline controls '
        f'preload="metadata"></video><p>{html.escape(told)}</p>{button}</article>'
    )
