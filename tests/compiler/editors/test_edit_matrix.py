"""What `diff` says of each edit, in each dialect, and what `render` makes for it.

The table in `docs/editors.md` is held equal to this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline

from . import edits
from .edit import Edit
from .resolve import write_resolve

DOCS = Path(__file__).parents[3] / "docs" / "editors.md"
DIALECTS = (
    "resolve",
    ".fcpxml",
    pytest.param(".xml", marks=pytest.mark.slow),
    pytest.param(".edl", marks=pytest.mark.slow),
)
CUTS = ("dissolve into storm removed", "wipe_left into breath removed")
"""Changes of edits that are made on plain cuts."""
NOTHING = ("nothing changed",)


@dataclass(frozen=True)
class Case:
    """An edit.

    Attributes:
        apply: makes it.
        says: the lines of `diff` about it.
        edl: those about the same edit in an EDL, if they differ.
        renders: the slots that `render` makes again.
        words: warnings of words that no longer lie over their pictures.
    """

    apply: Callable[[Edit], None]
    says: tuple[str, ...]
    edl: tuple[str, ...] | None = None
    renders: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


EDITS = {
    "trim the head": Case(
        edits.trim_head,
        ("stairs begins 5 frames later in its picture",
         "stairs is 5 frames shorter: 40 to 35 frames"),
        words=("the words of storm and breath are now 5 frames late for their pictures",),
    ),
    "trim the tail": Case(
        edits.trim_tail,
        ("breath ends 5 frames earlier in its picture",
         "breath is 5 frames shorter: 20 to 15 frames"),
    ),
    "ripple, with sound": Case(
        edits.ripple,
        ("storm ends 6 frames earlier in its picture",
         "storm is 6 frames shorter: 30 to 24 frames",
         "sound of A1: 1 to 2 clips, 2 changed",
         "the reel is 6 frames shorter: 90 to 84 frames"),
        edl=("storm ends 6 frames earlier in its picture",
             "storm is 6 frames shorter: 30 to 24 frames"),
    ),
    "roll": Case(
        edits.roll,
        ("stairs ends 3 frames later in its picture",
         "stairs is 3 frames longer: 40 to 43 frames",
         "storm begins 3 frames later in its picture",
         "storm is 3 frames shorter: 30 to 27 frames",
         "storm starts 3 frames later",
         "dissolve into storm 12 to 6 frames"),
    ),
    "slip": Case(
        edits.slip, ("breath slipped by 2 frames, to earlier frames of its picture", *CUTS)
    ),
    "slide": Case(
        edits.slide,
        ("stairs ends 2 frames earlier in its picture",
         "stairs is 2 frames shorter: 40 to 38 frames",
         "breath begins 2 frames earlier in its picture",
         "breath is 2 frames longer: 20 to 22 frames",
         "breath starts 2 frames earlier",
         *CUTS),
        words=("the words of storm are now 2 frames late for their picture",),
    ),
    "split": Case(edits.split, ("storm split after 12 frames",)),
    "delete": Case(
        edits.delete,
        ("storm removed", CUTS[1]),
        words=("the words of storm now lie over breath",
               "the words of breath now lie over no picture, 30 frames late for their picture"),
    ),
    "lift": Case(
        edits.lift,
        ("storm removed", CUTS[1]),
        words=("the words of storm now lie over no picture",),
    ),
    "swap": Case(
        edits.swap,
        ("stairs and storm swapped", *CUTS),
        words=("the words of stairs now lie over storm, 30 frames early for their picture",
               "the words of storm now lie over stairs, 40 frames late for their picture"),
    ),
    "insert a clip": Case(
        edits.insert,
        ("drone added at frame 40, 12 frames", *CUTS,
         "the reel is 12 frames longer: 90 to 102 frames"),
        words=("the words of breath now lie over storm, 12 frames early for their picture",
               "the words of storm are now 12 frames early for their picture"),
    ),
    "add a picture track": Case(
        edits.overlay,
        ("drone on V2 added at frame 48, 12 frames",),
        edl=NOTHING,
        words=("the words of storm now lie over drone.mov",),
    ),
    "replace": Case(
        edits.replace,
        ("storm removed", "drone added at frame 40, 30 frames", CUTS[1]),
        words=("the words of storm now lie over drone.mov",),
    ),
    "double speed": Case(
        edits.double_speed,
        ("storm plays at 200 % instead of 100 %", "storm is 15 frames shorter: 30 to 15 frames",
         *CUTS),
        words=("the words of breath now lie over no picture, 15 frames late for their picture",),
    ),
    "half speed": Case(
        edits.half_speed,
        ("storm plays at 50 % instead of 100 %", "storm is 30 frames longer: 30 to 60 frames",
         *CUTS, "the reel is 30 frames longer: 90 to 120 frames"),
        words=("the words of breath now lie over storm, 30 frames early for their picture",),
    ),
    "reverse": Case(edits.reverse, ("storm plays at -100 % instead of 100 %", *CUTS)),
    "freeze": Case(edits.freeze, ("storm plays at 0 % instead of 100 %", *CUTS)),
    "speed ramp": Case(
        edits.ramp,
        ("storm has a speed ramp: 24 frames at 50 %, 18 frames at 100 %", *CUTS,
         "the reel is 12 frames longer: 90 to 102 frames"),
        words=("the words of breath now lie over storm, 12 frames early for their picture",),
    ),
    "add a dissolve": Case(
        edits.add_dissolve,
        ("storm split after 12 frames", "dissolve of 8 frames into storm added"),
    ),
    "remove a dissolve": Case(edits.remove_dissolve, ("dissolve into storm removed",)),
    "lengthen a dissolve": Case(
        edits.lengthen_dissolve,
        ("dissolve into storm 12 to 20 frames",),
        # An event has no source timecode before the start of its file.
        edl=("storm slipped by 4 frames, to later frames of its picture",
             "dissolve into storm 12 to 20 frames"),
        renders=("to render: stairs, 50 frames (its media hold 46)",
                 "to render: storm, 44 frames (its media hold 40)"),
    ),
    "fade out": Case(
        edits.fade_out,
        ("dissolve of 8 frames out of breath added",),
        # On the way back from an EDL, a dissolve is centred on its cut.
        edl=("breath ends 4 frames earlier in its picture",
             "breath is 4 frames shorter: 20 to 16 frames",
             "dissolve of 8 frames out of breath added"),
    ),
    "disable a clip": Case(
        edits.disable,
        ("storm switched off",),
        edl=("storm removed", "dissolve of 12 frames out of stairs added",
             "wipe_left into breath is now dissolve"),
        words=("the words of storm now lie over no picture",),
    ),
    "mute": Case(edits.mute, ("voice switched off",), edl=NOTHING),
    "cut the sound": Case(
        edits.cut_sound, ("sound of A1: 1 to 1 clips, 1 changed",), edl=NOTHING
    ),
    "add a marker": Case(edits.mark, ("marker retake added at frame 50",), edl=NOTHING),
    "compound clip": Case(
        edits.nest,
        ("stairs and storm are now in the nested timeline Compound 1",),
        edl=("stairs removed", "storm removed", "wipe_left into breath is now dissolve"),
    ),
}  # fmt: skip


def edited(case: Case, dialect: str, folder: Path) -> tuple[Path, Path]:
    """Return the compiled timeline, and the edited one as a program of a dialect writes it."""
    edit = Edit(folder / "reel")
    case.apply(edit)
    compiled = edit.folder / "reel.otio"
    if dialect == "resolve":
        return compiled, write_resolve(edit.timeline, edit.folder / "edited.otio")
    (edit.folder / "sent").mkdir()
    plain = edit.folder / "sent" / "plain.otio"
    edit.timeline.to_json_file(str(plain))
    return compiled, export_timeline(plain, edit.folder / f"edited{dialect}").path


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", EDITS)
def test_each_edit_is_named_and_renders_what_it_needs(
    name: str, dialect: str, tmp_path: Path
) -> None:
    case = EDITS[name]
    diff = diff_timelines(*edited(case, dialect, tmp_path))
    says = case.edl if dialect == ".edl" and case.edl is not None else case.says
    said = [line for change in diff.changes for line in change.lines()] or list(NOTHING)
    assert said == list(says)
    assert tuple(map(str, diff.to_render)) == case.renders
    if dialect != ".edl":  # Its sound is that of the compiled timeline.
        assert [str(one) for one in diff.warnings if one.code == "sync"] == list(case.words)


def test_the_documentation_has_the_same_table() -> None:
    def joined(lines: tuple[str, ...]) -> str:
        return "; ".join([line for line in lines if line not in CUTS] or lines)

    rows = ["| edit | `diff` says | `.edl` | renders |", "|---|---|---|---|"]
    for name, case in EDITS.items():
        edl = "the same" if case.edl is None else joined(case.edl)
        renders = joined(case.renders).replace("to render: ", "") or "nothing"
        rows.append(f"| {name} | {joined(case.says)} | {edl} | {renders} |")
    assert "\n".join(rows) in DOCS.read_text("utf-8"), "\n".join(rows)
