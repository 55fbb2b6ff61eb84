"""The JSON that the page's script reads; it takes everything else from the HTML."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from .page_context import Sheet, block_name
from .view_model import ShownSpan, State


def data_of(sheet: Sheet) -> dict[str, Any]:
    """Return the view as plain data; times are frames of the reel unless a name says seconds."""
    view = sheet.view
    if not view.frames:
        return {"frames": 0}
    return {
        "frames": view.frames,
        "fps": [view.fps.numerator, view.fps.denominator],
        "first": view.first,
        "counting": sheet.clock.counting,
        "cuts": sheet.cuts,
        "seen": [_seen(sheet, seen) for seen in view.seen],
        "heard": [
            {
                "u": sheet.url(one.path),
                "s": round(one.start_s, 5),
                "e": round(one.end_s, 5),
                "a": round(one.at_s, 5),
                "v": one.speed,
                "g": round(one.gain, 4),
            }
            for one in view.heard
        ],
        "captions": [
            {"s": round(c.start, 2), "e": round(c.end, 2), "t": " ".join(c.text.split())}
            for c in view.captions
        ],
        "strips": list(_strip_data(sheet)),
        "peaksPerS": view.peaks_per_s,
        "peaks": [base64.b64encode(row.peaks).decode() for row in view.rows],
    }


def _seen(sheet: Sheet, seen: ShownSpan) -> dict[str, Any]:
    part: dict[str, Any] = {"s": seen.start, "e": seen.end}
    if seen.path is not None:
        part |= {"u": sheet.url(seen.path), "m": seen.moves}
    if seen.moves:
        part |= {"a": round(float(seen.at_s), 6), "v": float(seen.speed)}
    return part | ({"c": seen.colour} if seen.colour else {})


def _strip_data(sheet: Sheet) -> Iterator[list[dict[str, Any]]]:
    for index, row in enumerate(sheet.view.rows):
        if row.is_picture and row.enabled:
            named = ((block_name(index, n), block) for n, block in enumerate(row.blocks))
            yield [
                {"s": block.start, "e": block.end, "t": sheet.strips.get(name)}
                for name, block in named
                if sheet.strips.get(name) and block.state is not State.OFF
            ]


def as_json(data: object) -> str:
    """Encode JSON for a ``script`` element: no text in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
