"""Compound clips, synchronized and multicam clips, nested sequences and stacks are opened."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.nested import open_timeline
from otio_gvideo.compiler.timeline.rate import time_range

from .edit import Edit
from .resolve import FPS, write_resolve

NESTED = "stairs and storm are now in the nested timeline Compound 1"


def compound(edit: Edit, *, sound: bool = True) -> None:
    """Put stairs and storm, and the narration under them, into a nested timeline."""
    voice = edit.timeline.tracks[1]
    inside = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for item in list(edit.track)[:3]:
        edit.track.remove(item)
        inside.append(item)
    stack = otio.schema.Stack("Compound 1", [inside], time_range(0, 70, FPS))
    if sound:
        said = voice[0].deepcopy()
        said.source_range = time_range(0, 70, FPS)
        voice[0].source_range = time_range(70, 20, FPS)
        voice.insert(0, otio.schema.Gap(source_range=time_range(0, 70, FPS)))
        stack.append(otio.schema.Track("A1", [said], kind=otio.schema.TrackKind.Audio))
    edit.track.insert(0, stack)


FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<fcpxml version="1.10">
  <resources>
    <format id="r0" width="96" height="160" frameDuration="1/24s"/>
    <effect id="e1" name="Cross Dissolve" uid="FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"/>
    <asset id="r1" name="stairs" start="0s" duration="46/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{stairs}"/></asset>
    <asset id="r2" name="storm" start="0s" duration="40/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{storm}"/></asset>
    <asset id="r3" name="breath" start="0s" duration="24/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{breath}"/></asset>
    <asset id="r4" name="voice" start="0s" duration="90/24s" hasAudio="1">
      <media-rep kind="original-media" src="file://{voice}"/></asset>
    {resources}
  </resources>
  <library><event name="E">
    <project name="reel"><sequence format="r0" duration="90/24s" tcStart="0s"><spine>
      {first}
      <transition name="wipe_left" offset="66/24s" duration="8/24s"/>
      <asset-clip ref="r3" name="breath" offset="70/24s" start="4/24s" duration="20/24s">
        <asset-clip ref="r4" name="voice" lane="-1" offset="4/24s" start="70/24s"
                    duration="20/24s"/></asset-clip>
    </spine></sequence></project>
  </event></library>
</fcpxml>
"""
STORY = """
  <asset-clip ref="r1" name="stairs" offset="{at}/24s" start="0s" duration="40/24s">
    <asset-clip ref="r4" name="voice" lane="-1" offset="0s" start="0s" duration="70/24s"/>
  </asset-clip>
  <transition name="Cross Dissolve" offset="{cut}/24s" duration="12/24s"/>
  <asset-clip ref="r2" name="storm" offset="{second}/24s" start="6/24s" duration="30/24s"/>
"""


def story(start: int) -> str:
    return STORY.format(at=start, cut=start + 34, second=start + 40)


def fcpxml_of(kind: str, edit: Edit) -> Path:
    resources, first = "", ""
    named = 'name="Compound 1" offset="0s" duration="70/24s"'
    if kind == "ref-clip":
        inside = f'<sequence format="r0" tcStart="3600s"><spine>{story(86400)}</spine></sequence>'
        resources = f'<media id="m1" name="Compound 1">{inside}</media>'
        first = f'<ref-clip ref="m1" {named} start="3600s"/>'
    elif kind == "sync-clip":
        first = f'<sync-clip {named} start="100/24s"><spine>{story(100)}</spine></sync-clip>'
    else:
        angles = (
            f'<mc-angle name="A" angleID="a">{story(0)}</mc-angle>'
            '<mc-angle name="B" angleID="b">'
            '<asset-clip ref="r3" name="breath" offset="0s" duration="24/24s"/></mc-angle>'
        )
        resources = f'<media id="m1"><multicam format="r0" tcStart="0s">{angles}</multicam></media>'
        first = f'<mc-clip ref="m1" {named}><mc-source angleID="a" srcEnable="all"/></mc-clip>'
    files = {c.name: c.media_reference.target_url for c in edit.track.find_clips()}
    path = edit.folder / "edited.fcpxml"
    voice = edit.folder / "voice.wav"
    path.write_text(FCPXML.format(**files, voice=voice, resources=resources, first=first))
    return path


@pytest.mark.parametrize("dialect", ["resolve", ".xml", "ref-clip", "sync-clip", "mc-clip"])
def test_clips_in_a_nested_timeline_stay_the_same_clips(dialect: str, edit: Edit) -> None:
    if dialect.endswith("-clip"):
        path = fcpxml_of(dialect, edit)
    else:
        compound(edit)
        if dialect == "resolve":
            path = write_resolve(edit.timeline, edit.folder / "edited.otio")
        else:
            plain = edit.folder / "sent" / "plain.otio"
            plain.parent.mkdir()
            edit.timeline.to_json_file(str(plain))
            path = export_timeline(plain, edit.folder / f"edited{dialect}").path
    diff = diff_timelines(edit.folder / "reel.otio", path)
    assert diff.lines() == [NESTED, "sound of A1: 1 to 2 clips, 2 changed", "reused: 3 slots"]
    back = reimport(path)
    assert {one.use.slot.name for one in back.rebuilt} == {"stairs", "storm", "breath"}
    assert not back.foreign
    words = back.timeline.metadata["otio_gvideo"]["words"]
    assert [word["text"] for word in words] == ["Up", "storm", "hush"]
    shown = [
        (one.placed.item.name, one.placed.start, one.placed.frames, one.placed.media_start)
        for one in open_timeline(back.timeline, FPS)
        if isinstance(one.placed.item, otio.schema.Clip)
    ]
    assert shown == [
        ("stairs", 0, 40, 0),
        ("storm", 40, 30, 6),
        ("breath", 70, 20, 4),
        ("voice", 0, 70, 0),
        ("voice", 70, 20, 70),
    ]


def test_a_nested_timeline_is_trimmed_and_retimed_with_its_clips(edit: Edit) -> None:
    compound(edit, sound=False)
    edit.track[0].source_range = time_range(20, 20, FPS)
    edit.track[0].effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    shown = [
        (one.placed.item.name, one.placed.start, one.placed.frames, one.placed.media_start)
        for one in open_timeline(edit.timeline, FPS)
        if not one.is_sound
    ]
    assert shown == [("stairs", 0, 10, 20), ("storm", 10, 10, 6), ("breath", 20, 20, 4)]


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_a_nested_timeline_survives_fcpxml(speed: float, edit: Edit) -> None:
    compound(edit)
    if speed != 1:
        edit.track[0].effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
        edit.track[0].source_range = time_range(10, 30, FPS)
    before = edit.folder / "nested.otio"
    edit.timeline.to_json_file(str(before))
    sent = export_timeline(before, edit.folder / "sent.fcpxml")
    assert not any("nested" in line for line in sent.warnings)
    assert isinstance(read_timeline(sent.path).tracks[0][0], otio.schema.Stack)
    assert diff_timelines(before, sent.path).lines()[0] == "nothing changed"


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".aaf", ".edl"])
def test_a_nested_track_is_exported_as_a_nested_timeline_or_a_gap(suffix: str, edit: Edit) -> None:
    inside = otio.schema.Track("Inside", kind=otio.schema.TrackKind.Video)
    for item in list(edit.track)[:3]:
        edit.track.remove(item)
        inside.append(item)
    edit.track.insert(0, inside)
    before = edit.folder / "nested.otio"
    edit.timeline.to_json_file(str(before))
    sent = export_timeline(before, edit.folder / f"sent{suffix}")
    shown = [
        (one.placed.item.name, one.placed.start, one.placed.frames, len(one.inside))
        for one in open_timeline(read_timeline(sent.path, FPS if suffix == ".edl" else None), FPS)
        if not one.is_sound and isinstance(one.placed.item, otio.schema.Clip)
    ]
    inner = [("stairs", 0, 40, 1), ("storm", 40, 30, 1)]
    becomes_gap = suffix in (".aaf", ".edl")
    assert shown == [*([] if becomes_gap else inner), ("breath", 70, 20, 0)]
    said = f"Inside: a nested timeline; a gap in {suffix}"
    assert (said in sent.warnings) == becomes_gap


def test_a_compound_clip_that_holds_itself_is_refused(edit: Edit) -> None:
    path = fcpxml_of("ref-clip", edit)
    inside = '<ref-clip ref="m1" name="loop" offset="3600s" duration="1s"/>'
    path.write_text(path.read_text().replace("<spine>", f"<spine>{inside}", 1))
    with pytest.raises(InputError, match=r"edited\.fcpxml: is invalid: loop holds itself"):
        read_timeline(path)


def test_an_audition_shows_its_first_clip(edit: Edit) -> None:
    path = fcpxml_of("ref-clip", edit)
    text = path.read_text()
    shown = '<asset-clip ref="r3" name="breath" duration="70/24s"/>'
    other = '<asset-clip ref="r2" name="storm" duration="10/24s"/>'
    start, end = text.index("<ref-clip"), text.index('start="3600s"/>') + len('start="3600s"/>')
    path.write_text(f'{text[:start]}<audition offset="0s">{shown}{other}</audition>{text[end:]}')
    assert [clip.name for clip in read_timeline(path).tracks[0].find_clips()] == [
        "breath",
        "breath",
    ]
