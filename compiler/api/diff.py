"""Diff: what changed from one timeline to another."""

from __future__ import annotations

from pathlib import Path

from ...renderers.run.store import Store
from ..editors.compare import compare
from ..editors.reimport import bring_back, to_render


def diff_timelines(before: str | Path, after: str | Path) -> list[str]:
    """What changed from one timeline to another, and what would be rendered, one line each;
    last, as `Notice`, what the files did not hold.

    Args:
        before: a timeline, such as was compiled.
        after: the same after an edit, in any format that is read.

    Raises:
        InputError: one of them cannot be read.
    """
    old_path, new_path = Path(before).absolute(), Path(after).absolute()
    old = bring_back(old_path)
    new = bring_back(new_path, compiled=old_path if old_path.suffix.lower() == ".otio" else None)
    lines = compare(old.timeline, new.timeline, new.fps) or ["nothing changed"]
    store = Store(new.output.parent / "media", new.library.folders, read=False)
    return [*lines, *to_render(new, store), *dict.fromkeys((*old.notes, *new.notes))]
