"""The panel of the page: all facts about each item."""

from __future__ import annotations

import html

from .page_context import PageContext, badge
from .view_model import Block, Fact, Group


def panel_html(context: PageContext) -> str:
    """Return the HTML section; the script shows one item, without a script all show."""
    details = "".join(
        _detail(context, name, block)
        for name, block in (*context.named(sound=False), *context.named(sound=True))
    )
    return (
        '<aside class="panel" id="panel" aria-label="Selected item" tabindex="0">'
        f'<p class="hint" id="hint">Choose a clip in the timeline.</p>{details}</aside>'
    )


def _detail(context: PageContext, name: str, block: Block) -> str:
    groups = "".join(_group(context, group) for group in block.groups)
    title = html.escape(block.name or "(no name)")
    return (
        f'<article class="detail" id="d-{name}" aria-label="{title}"><h3>{title} '
        f"{badge(block.state)}</h3>"
        f'<div class="groups">{groups}</div></article>'
    )


def _group(context: PageContext, group: Group) -> str:
    title = html.escape(group.title)
    facts = "".join(_fact(context, fact) for fact in group.facts)
    if group.folded:
        return f'<details class="group"><summary>{title}</summary><dl>{facts}</dl></details>'
    return f'<section class="group"><h4>{title}</h4><dl>{facts}</dl></section>'


def _fact(context: PageContext, fact: Fact) -> str:
    text = html.escape(fact.text)
    if fact.kind == "code":
        text = f"<pre>{text}</pre>" if "\n" in fact.text else f"<code>{text}</code>"
    if fact.file is not None:
        link = context.link(fact.file)
        text = f"{link}<br>{text}" if text else link
    kind = fact.kind if fact.label else f"{fact.kind} only"
    label = f"<dt>{html.escape(fact.label)}</dt>" if fact.label else ""
    return f'{label}<dd class="{kind.strip()}">{text}</dd>'
