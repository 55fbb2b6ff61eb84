"""Diff: the changes between two timelines, and the slots to render for them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from ...renderers.run.store import Store
from ..editors.changes import Change
from ..editors.clip_sound_tracks import add_clip_sounds
from ..editors.compare import compare
from ..editors.read_timeline import WITHOUT_RATE, OtherSequenceError, refuse_rate
from ..editors.reimport import SlotToRender, reimport, slots_to_render
from ..editors.words_against_pictures import words_moved
from ..notices import Notice
from ..progress_clock import count
from ..timeline.media_timecode import share_ranges


@dataclass(frozen=True, slots=True)
class TimelineDiff:
    """The difference of two timelines.

    Attributes:
        changes: in the order of the reel, kind by kind.
        to_render: slots of the second timeline without finished media.
        reused: number of its slots with finished media.
        warnings: losses of the files' formats, and words that were moved against their pictures.
    """

    changes: list[Change]
    to_render: list[SlotToRender]
    reused: int
    warnings: tuple[Notice, ...]

    def lines(self) -> list[str]:
        """Return the difference as text, without the warnings."""
        lines = [line for change in self.changes for line in change.lines()]
        return [
            *(lines or ["nothing changed"]),
            *map(str, self.to_render),
            f"reused: {count(self.reused, 'slot')}",
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the difference as `--json` prints it."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "to_render": [slot.as_json() for slot in self.to_render],
            "reused": self.reused,
            "warnings": [{"warning": str(one), "code": one.code} for one in self.warnings],
        }


def diff_timelines(
    before: str | Path,
    after: str | Path,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
) -> TimelineDiff:
    """Return the changes from one timeline to another, and the slots to render for them.

    Args:
        before: a timeline, such as a compiled one.
        after: the same after an edit, in any format that can be read.
        fps: frame rate of an ``.edl``, which states none; by default the compiled timeline's.
        sequence: name of the timeline, for files that hold several. If only one of the files holds
            it, the other must hold a single timeline.

    Raises:
        InputError: one of them cannot be read, or neither holds the sequence.
    """
    old_path, new_path = Path(before).absolute(), Path(after).absolute()
    refuse_rate([old_path, new_path], fps)
    read_old = partial(reimport, old_path, _rate_for(old_path, fps))
    compiled = old_path if old_path.suffix.lower() == ".otio" else None
    read_new = partial(reimport, new_path, _rate_for(new_path, fps), compiled=compiled)
    try:
        old = read_old(sequence=sequence)
    except OtherSequenceError as error:
        try:
            new = read_new(sequence=sequence)
        except OtherSequenceError:
            raise error from None
        old = read_old()
    else:
        try:
            new = read_new(sequence=sequence)
        except OtherSequenceError:
            new = read_new()
    share_ranges(old.timeline, new.timeline)
    for one, path in ((old, old_path), (new, new_path)):  # Editors have them on a track.
        add_clip_sounds(one.timeline, path.parent)
    store = Store(new.output.parent / "media", new.known_slots.folders, read=False)
    to_render, reused = slots_to_render(new, store)
    moved = words_moved(old.timeline, new.timeline, old.fps, new.fps)
    warnings = tuple(dict.fromkeys((*old.warnings, *new.warnings, *moved)))
    changes = compare(old.timeline, new.timeline, old.fps, new.fps)
    return TimelineDiff(changes, to_render, reused, warnings)


def _rate_for(path: Path, fps: Fraction | None) -> Fraction | None:
    return fps if path.suffix.lower() in WITHOUT_RATE else None
