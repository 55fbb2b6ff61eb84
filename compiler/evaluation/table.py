"""An evaluation as a table of 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .evaluation import Evaluation, figures, means

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of the table and the page.

    Attributes:
        name: of the figure.
        title, explained: heading and explanation.
        show: formats a value.
        higher_is_better: None if neither is better.
    """

    name: str
    title: str
    explained: str
    show: Callable[[float], str]
    higher_is_better: bool | None = None


COLUMNS = (
    Column(
        "seconds_per_second",
        "s/s",
        "render time per second of video, in seconds; includes loading a model in its first slot",
        lambda value: f"{value:.2f}" if value < 100 else f"{value:.0f}",
        False,
    ),
    Column(
        "memory_mb",
        "MB",
        "peak memory of the process",
        lambda value: f"{value:.0f}",
        False,
    ),
    Column(
        "gpu_memory_mb",
        "GPU MB",
        "peak reserved memory of the device",
        lambda value: f"{value:.0f}",
        False,
    ),
    Column(
        "fidelity",
        "SSIM",
        "structural similarity to the keyframe at its frame, after alignment; 1 is identical",
        lambda value: f"{value:.3f}",
        True,
    ),
    Column(
        "flicker",
        "flick",
        "mean change of luma along the motion from frame to frame, in levels of 255",
        lambda value: f"{value:.2f}",
        False,
    ),
    Column(
        "first_second",
        "1st s",
        "motion in the first second, of the fastest tenth of the picture, in percent of its width "
        "per second",
        lambda value: f"{value:.2f}",
    ),
    Column("motion", "all", "the same over the whole slot", lambda value: f"{value:.2f}"),
    Column(
        "smoothness",
        "even",
        "evenness of motion; 1 is constant velocity",
        lambda value: f"{value:.2f}",
        True,
    ),
    Column(
        "drift",
        "drift",
        "distance of mean colours from the first to the last half second, in CIELAB; about 2 is "
        "visible",
        lambda value: f"{value:.1f}",
        False,
    ),
)


def as_lines(found: Evaluation) -> list[str]:
    """Return the table, its legend, and failures."""
    rows = [(take.slot, take.name, figures(take)) for take in found.takes]
    slots = {slot for slot, _, _ in rows}
    averages = means(found.takes)
    if len(slots) > 1:
        rows += [("mean", name, dict(row)) for name, row in averages.items()]
    columns = [c for c in COLUMNS if any(row[c.name] is not None for _, _, row in rows)]
    cells = [[shown(column, row) for column in columns] for _, _, row in rows]
    widths = [
        max(len(column.title), *(len(row[n]) for row in cells), 0) if cells else len(column.title)
        for n, column in enumerate(columns)
    ]
    # Names get the remaining width.
    left = max(16, WIDTH - sum(widths) - len(widths) - 1)
    longest = max((len(name) for _, name, _ in rows), default=4)
    second = min(longest, left - 6)
    first = min(left - second, max((len(slot) + 1 for slot, _, _ in rows), default=4))
    lines = []
    if rows:
        titles = [column.title.rjust(width) for column, width in zip(columns, widths, strict=True)]
        lines.append(" ".join(["slot".ljust(first), "take".ljust(second), *titles]))
    for (slot, name, _), row in zip(rows, cells, strict=True):
        mark = "*" if found.picked.get(slot) == name else ""
        texts = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
        head = [_cut(mark + slot, first), _cut(name, second)]
        lines.append(" ".join([*head, *texts]))
    if rows:
        lines += _legend(columns)
    lines += [f"{slot}: {take}: {why}" for (slot, take), why in found.failed.items()]
    return lines


def _legend(columns: list[Column]) -> list[str]:
    short: Mapping[str, str] = {
        "seconds_per_second": "s/s: render seconds per second of video",
        "fidelity": "SSIM: to the keyframe",
        "flicker": "flick: levels of 255",
        "first_second": "1st s, all: motion, % of the width per second",
        "smoothness": "even: of motion, 1 is best",
        "drift": "drift: of colour, CIELAB",
    }
    parts = [short[column.name] for column in columns if column.name in short]
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}; {part}" if lines[-1] else part
        if len(joined) > WIDTH:
            lines.append(part)
        else:
            lines[-1] = joined
    return lines


def shown(column: Column, row: Mapping[str, float | None]) -> str:
    """Format a figure; a dash if there is none."""
    value = row[column.name]
    return "-" if value is None else column.show(value)


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
