"""The takes of a slot are its finished videos, also those that only an edited timeline names."""

from __future__ import annotations

import shutil
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.compile import compile_script
from otio_gvideo.compiler.outputs.paths import Outputs, outputs_beside
from otio_gvideo.compiler.timeline.slots import SlotClip, slot_clips
from otio_gvideo.compiler.timeline.takes import set_take
from otio_gvideo.compiler.watch.stored_takes import StoredTake, takes_of_slot
from otio_gvideo.renderers.run.recipe import recipe_key


@pytest.fixture
def compiled(folder: Path) -> Outputs:
    """A reel whose slot ``b`` was rendered with two moves; the second is in use."""
    script = folder / "small.yaml"
    compile_script(script, until="media")
    script.write_text(script.read_text().replace("push_in", "pan_left"))
    compile_script(script, until="media")
    return outputs_beside(script, None)


def slot(timeline: otio.schema.Timeline) -> SlotClip:
    return next(one for one in slot_clips(timeline) if one.name == "b")


def takes(outputs: Outputs) -> list[StoredTake]:
    recipe = slot(otio.adapters.read_from_file(str(outputs.timeline))).recipe
    return takes_of_slot(outputs, "b", recipe, recipe_key(recipe))


def test_a_take_says_what_the_script_must_say_for_it(compiled: Outputs) -> None:
    current, earlier = takes(compiled)
    assert (current.is_current, current.changes) == (True, {})
    assert (earlier.is_current, earlier.changes) == (False, {("motion", "camera"): "push_in"})


def test_a_take_that_only_an_edited_timeline_names_is_offered(compiled: Outputs) -> None:
    _, earlier = takes(compiled)
    elsewhere = compiled.folder / "from the editor"
    elsewhere.mkdir()
    for file in earlier.media.parent.glob(f"{earlier.media.stem}.*"):
        shutil.move(file, elsewhere)
    assert len(takes(compiled)) == 1
    edited = otio.adapters.read_from_file(str(compiled.timeline))
    set_take(slot(edited), "camera.standard", elsewhere / earlier.media.name)
    otio.adapters.write_to_file(edited, str(compiled.folder / "edited.otio"))
    (compiled.folder / "broken.otio").write_text("{")
    current, moved = takes(compiled)
    assert current.is_current
    assert moved.media == elsewhere / earlier.media.name
    assert moved.changes == earlier.changes
