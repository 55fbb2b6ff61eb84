"""Shotcut shows the markers of a timeline and of its clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.timeline.rate import time_range

from .sample_cut import cut, media


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001)])
def test_markers_are_at_their_frames_of_the_reel(tmp_path: Path, fps: Fraction) -> None:
    media(tmp_path, fps)
    timeline = cut(tmp_path, fps)
    clip = list(timeline.tracks[0].find_clips())[1]
    start = clip.source_range.start_time.value
    marked = time_range(int(start) + 2, 3, fps)
    clip.markers.append(otio.schema.Marker("in a clip", marked, otio.schema.MarkerColor.BLUE))
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    path = export_timeline(tmp_path / "cut.otio", editor="shotcut").path
    found = ElementTree.parse(path).findall(".//properties[@name='shotcut:markers']/properties")
    written = {}
    for marker in found:
        values = {one.get("name"): one.text or "" for one in marker}
        hours, minutes, seconds = map(Fraction, values["start"].split(":"))
        at = (hours * 3600 + minutes * 60 + seconds) * fps
        assert abs(at - round(at)) < Fraction(1, 20)
        written[values["text"]] = (round(at), values["color"])
    place = clip.parent().range_of_child(clip).start_time.value
    assert written.pop("in a clip") == (round(place) + 2, "#0000FF")
    assert {name: at for name, (at, _) in written.items()} == {
        marker.name: round(marker.marked_range.start_time.value)
        for marker in timeline.tracks.markers
    }


def test_a_timeline_without_markers_has_none(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    timeline = cut(tmp_path)
    timeline.tracks.markers.clear()
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    path = export_timeline(tmp_path / "cut.otio", editor="shotcut").path
    assert "shotcut:markers" not in path.read_text()
