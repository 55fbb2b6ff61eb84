"""Files whose root is not a timeline."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError

SECOND = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(24, 24))


def clip(name: str) -> otio.schema.Clip:
    return otio.schema.Clip(name, source_range=SECOND)


ROOTS = {
    "clip": clip("a"),
    "track": otio.schema.Track("V1", [clip("a")]),
    "stack": otio.schema.Stack("cut", [otio.schema.Track("V1", [clip("a")])]),
    "collection of clips": otio.schema.SerializableCollection("bin", [clip("a")]),
    "collection of a timeline": otio.schema.SerializableCollection(
        "bin", [otio.schema.Timeline("cut", tracks=[otio.schema.Track("V1", [clip("a")])])]
    ),
}


@pytest.mark.parametrize("name", ROOTS)
def test_what_lasts_is_read_as_a_timeline(name: str, tmp_path: Path) -> None:
    path = tmp_path / "root.otio"
    otio.adapters.write_to_file(ROOTS[name], str(path))
    timeline = read_timeline(path)
    (track,) = timeline.video_tracks()
    assert [item.name for item in track] == ["a"]
    assert timeline.duration() == SECOND.duration


@pytest.mark.parametrize(
    ("items", "what"),
    [
        (
            [otio.schema.Timeline("day"), otio.schema.Timeline("night")],
            "holds 2 timelines ('day', 'night'); choose one with --sequence NAME",
        ),
        ([], "holds no timeline and no clips"),
    ],
)
def test_a_collection_without_one_timeline_is_named(
    items: list[otio.core.SerializableObject], what: str, tmp_path: Path
) -> None:
    path = tmp_path / "bin.otio"
    collection = otio.schema.SerializableCollection("bin", items)
    otio.adapters.write_to_file(collection, str(path))
    with pytest.raises(InputError) as caught:
        read_timeline(path)
    assert str(caught.value) == f"{path}: {what}"
