"""The JSON that the page's script reads; it takes everything else from the HTML."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from .page_context import PageContext, block_name
from .view_model import PlaylistEntry, State


def json_data(context: PageContext) -> dict[str, Any]:
    """Return the view as plain data; times are frames of the reel unless a name says seconds."""
    view = context.view
    if not view.frames:
        return {"frames": 0}
    return {
        "frames": view.frames,
        "fps": [view.fps.numerator, view.fps.denominator],
        "first": view.first,
        "counting": context.clock.counting,
        "cuts": context.cuts,
        "seen": [_seen(context, entry) for entry in view.playlist],
        "heard": [
            {
                "u": context.url(one.path),
                "s": round(one.start_s, 5),
                "e": round(one.end_s, 5),
                "a": round(one.at_s, 5),
                "v": one.speed,
                "g": round(one.gain, 4),
            }
            for one in view.sounds
        ],
        "captions": [
            {"s": round(c.start, 2), "e": round(c.end, 2), "t": " ".join(c.text.split())}
            for c in view.captions
        ],
        "words": [{"s": round(w.start, 2), "e": round(w.end, 2), "t": w.text} for w in view.words],
        "strips": list(_strip_data(context)),
        "peaksPerS": view.peaks_per_s,
        "peaks": [base64.b64encode(row.peaks).decode() for row in view.rows],
    }


def _seen(context: PageContext, entry: PlaylistEntry) -> dict[str, Any]:
    part: dict[str, Any] = {"s": entry.start, "e": entry.end}
    if entry.path is not None:
        part |= {"u": context.url(entry.path), "m": entry.is_video}
    if entry.is_video:
        part |= {"a": round(float(entry.at_s), 6), "v": float(entry.speed)}
    return part | ({"c": entry.colour} if entry.colour else {})


def _strip_data(context: PageContext) -> Iterator[list[dict[str, Any]]]:
    for index, row in enumerate(context.view.rows):
        if row.is_picture and row.enabled:
            named = ((block_name(index, n), block) for n, block in enumerate(row.blocks))
            yield [
                {"s": block.start, "e": block.end, "t": context.strips.get(name)}
                for name, block in named
                if context.strips.get(name) and block.state is not State.OFF
            ]


def as_json(data: object) -> str:
    """Encode JSON for a ``script`` element: no text in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
