"""Words and transitions that an editor dropped or renamed are restored."""

from __future__ import annotations

import json

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.timeline.rate import time_range

from .edit import Edit
from .resolve import FPS, kinds, write_resolve


def test_words_are_retimed_with_the_narration(edit: Edit) -> None:
    voice = edit.timeline.tracks[1]
    whole = voice[0]
    tail = whole.deepcopy()
    # The narration from 1.5 s to 3 s is cut: "storm" is dropped, "hush" is 36 frames earlier.
    whole.source_range, tail.source_range = time_range(0, 36, FPS), time_range(72, 18, FPS)
    voice.append(tail)
    back = edit.back()
    words = back.timeline.metadata["otio_gvideo"]["words"]
    assert [(word["text"], word["start"]) for word in words] == [("Up", 0.5), ("hush", 1.7)]


def test_words_that_are_retimed_already_stay(edit: Edit) -> None:
    edit.timeline.metadata["otio_gvideo"]["words"] = [
        {"scene": "stairs", "text": "Up", "start": 0.1, "end": 0.2}
    ]
    voice = edit.timeline.tracks[1][0]
    voice.source_range = time_range(30, 60, FPS)
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    back = reimport(edit.folder / "edited.otio")
    assert [word["start"] for word in back.timeline.metadata["otio_gvideo"]["words"]] == [0.1]


def test_a_dissolve_with_metadata_stays_a_dissolve(edit: Edit) -> None:
    into = edit.transition_into("breath")
    into.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
    into.metadata["otio_gvideo"]["transition"] = "dissolve"
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    assert kinds(reimport(edit.folder / "edited.otio"))[1] == ("dissolve", 4, 4)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Edge Wipe", "wipe_left"), ("Dip To Color Dissolve", "fade_black"), ("Push", "push_left")],
)
def test_transitions_of_editors_become_ours(edit: Edit, name: str, kind: str) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    document = json.loads(path.read_text())
    transition = document["tracks"]["children"][0]["children"][1]
    transition |= {"name": name, "transition_type": "Custom_Transition"}
    path.write_text(json.dumps(document))
    back = reimport(path)
    assert kinds(back)[0] == (kind, 6, 6)
    assert back.warnings == []


def test_an_unknown_transition_is_reported_and_becomes_a_dissolve(edit: Edit) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    document = json.loads(path.read_text())
    transition = document["tracks"]["children"][0]["children"][1]
    transition |= {"name": "Venetian Blinds", "transition_type": "Custom_Transition"}
    path.write_text(json.dumps(document))
    back = reimport(path)
    assert kinds(back)[0] == ("dissolve", 6, 6)
    assert back.warnings == ["storm: unknown transition 'Venetian Blinds'; replaced by a dissolve"]
    assert back.timeline.tracks[0][1].name == "Venetian Blinds"


def test_a_size_from_an_editor_keeps_the_rest_of_the_format(edit: Edit) -> None:
    before = dict(edit.timeline.metadata["otio_gvideo"]["output"])
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    document = json.loads(path.read_text())
    document["metadata"]["otio_gvideo"] = {"output": {"width": 640, "height": 360}}
    path.write_text(json.dumps(document))
    back = reimport(path).timeline
    assert "fps" in before
    assert dict(back.metadata["otio_gvideo"]["output"]) == {**before, "width": 640, "height": 360}
