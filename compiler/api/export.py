"""Export: a timeline as the file of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..editors.dialects import EDITORS
from ..stages.export import export, output_for
from ..stages.timelines import read_timeline


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for another program, and what is otherwise in it than in the timeline."""

    path: Path
    notes: list[str]


def export_timeline(
    timeline: str | Path, output: str | Path | None = None, *, editor: str | None = None
) -> Exported:
    """Write a timeline as the file of another program.

    Args:
        timeline: any timeline, with or without rendered media.
        output: what to write; its suffix says in which format. Without it, what the editor likes
            best, beside the timeline.
        editor: one of `EDITORS`, for whose reader it is written.

    Raises:
        InputError: the timeline cannot be read, or nothing writes such a file.
        WorkError: the file cannot be written.
    """
    path = Path(timeline).absolute()
    target, program = (
        output_for(path, editor)
        if output is None
        else (
            Path(output).absolute(),
            EDITORS[editor] if editor is not None else None,
        )
    )
    loaded = read_timeline(path)
    return Exported(target, export(loaded, path.parent, target, program))
