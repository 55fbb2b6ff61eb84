"""Transitions between a picture and nothing: fades from and to black, a filter of MLT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import opentimelineio as otio

from ...timeline.layout import Placed, TrackTransition


@dataclass(frozen=True, slots=True)
class FilmFades:
    """The transitions at an item's ends on whose other side nothing is shown; None for others."""

    into: TrackTransition | None = None
    out: TrackTransition | None = None


def fades_of(items: Sequence[Placed], index: int) -> FilmFades:
    """Return the fades of an item of a picture track; none of an item that shows nothing."""
    placed = items[index]
    if not shows(placed):
        return FilmFades()
    before = items[index - 1] if index else None
    after = items[index + 1] if index + 1 < len(items) else None
    return FilmFades(
        placed.fade_in if before is None else placed.into if not shows(before) else None,
        placed.fade_out if after is None else placed.out if not shows(after) else None,
    )


def shows(placed: Placed) -> bool:
    """Whether an item is a clip or a nested timeline, and enabled."""
    return not isinstance(placed.item, otio.schema.Gap) and bool(placed.item.enabled)


def fade_filters(fades: FilmFades, at: int, frames: int, whole: int) -> Iterator[dict[str, Any]]:
    """Yield the properties of the fades of an entry.

    Frame ``k`` of a fade of ``n`` has the level ``(k + 1) / (n + 1)``, as in `encode.transitions`.

    Args:
        fades: of the item.
        at: frames of the item before the entry.
        frames: of the entry.
        whole: frames of the item.
    """
    if fades.into is not None and at < fades.into.frames:
        length = fades.into.frames
        level = f"0={(at + 1) / (length + 1):.6f};{length - at}=1"
        yield _values("fadeInBrightness", "fade_from_black", level)
    if fades.out is not None and at + frames > whole - fades.out.frames:
        length = fades.out.frames
        full = whole - length - 1 - at  # The last frame at full level, counted from the entry's.
        first = f"0={1 + full / (length + 1):.6f}" if full < 0 else f"0=1;{full}=1"
        yield _values("fadeOutBrightness", "fade_to_black", f"{first};{full + length + 1}=0")


def _values(shotcut: str, kdenlive: str, level: str) -> dict[str, Any]:
    return {
        "mlt_service": "brightness",
        "shotcut:filter": shotcut,
        "kdenlive_id": kdenlive,
        "level": level,
        "alpha": 1,
        "start": 1,
    }
