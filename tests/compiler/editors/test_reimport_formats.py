"""Files as editors write them are reimported."""

from __future__ import annotations

from pathlib import Path

from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.timeline.rate import time

from .edit import Edit
from .resolve import FPS, START, clips, kinds


def test_an_edl_as_resolve_writes_it(edit: Edit) -> None:
    names = [Path(c.media_reference.target_url).name for c in edit.track.find_clips()]
    lines = [
        "TITLE: Timeline 1",
        "FCM: NON-DROP FRAME",
        "",
        "001  AX       V     C        00:00:00:00 00:00:01:16 01:00:00:00 01:00:01:16  ",
        f"* FROM CLIP NAME: {names[0]}",
        "",
        "002  AX       V     C        00:00:00:10 00:00:01:06 01:00:01:16 01:00:02:12  ",
        f"* FROM CLIP NAME: {names[1]}",
    ]
    path = edit.folder / "Timeline 1.edl"
    path.write_text("\n".join(lines) + "\n")
    back = reimport(path)
    assert clips(back) == [("stairs", 0, 40, 0, 46), ("storm", 40, 20, 10, 40)]
    assert [track.kind for track in back.timeline.tracks] == ["Video", "Audio"]


FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.10">
  <resources>
    <format id="r0" name="FFVideoFormatRateUndefined" width="96" height="160"
            frameDuration="1/24s"/>
    <asset id="r1" name="storm" start="0/1s" duration="40/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://localhost{storm}"/>
    </asset>
    <asset id="r2" name="stairs" start="0/1s" duration="46/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{stairs}"/>
    </asset>
    <asset id="r3" name="voice" start="0/1s" duration="90/24s" hasAudio="1">
      <media-rep kind="original-media" src="file://{voice}"/>
    </asset>
    <effect id="r4" name="Basic Title" uid=".../Basic Title"/>
  </resources>
  <library><event name="Timeline 1"><project name="Timeline 1">
    <sequence format="r0" duration="100/24s" tcStart="3600/1s" tcFormat="NDF">
      <spine>
        <asset-clip ref="r1" name="storm" offset="3600/1s" start="8/24s" duration="20/24s"
                    format="r0">
          <asset-clip ref="r3" name="voice" lane="-1" offset="8/24s" start="0s"
                      duration="90/24s"/>
          <title ref="r4" name="A title" lane="1" offset="12/24s" duration="10/24s"/>
        </asset-clip>
        <transition name="Cross Dissolve" offset="86416/24s" duration="8/24s"/>
        <asset-clip ref="r2" name="stairs" offset="86420/24s" start="4/24s" duration="30/24s"
                    format="r0">
          <timeMap>
            <timept time="0s" value="0s" interp="linear"/>
            <timept time="92/24s" value="46/24s" interp="linear"/>
          </timeMap>
        </asset-clip>
        <gap name="Gap" offset="86450/24s" start="3600s" duration="50/24s"/>
      </spine>
    </sequence>
  </project></event></library>
</fcpxml>
"""


def test_fcpxml_as_resolve_and_final_cut_write_it(edit: Edit) -> None:
    files = {c.name: c.media_reference.target_url for c in edit.track.find_clips()}
    path = edit.folder / "Timeline 1.fcpxml"
    path.write_text(FCPXML.format(**files, voice=edit.folder / "voice.wav"))
    back = reimport(path)
    assert clips(back) == [("storm", 0, 20, 8, 40), ("stairs", 20, 30, 2, 46)]
    assert kinds(back) == [("dissolve", 4, 4)]
    assert back.timeline.tracks[0][2].effects[0].time_scalar == 0.5
    assert [track.name for track in back.timeline.tracks] == ["V1", "V2", "A1"]
    assert back.timeline.tracks[1].range_of_child_at_index(1).start_time == time(4, FPS)
    assert back.timeline.audio_tracks()[0].metadata["otio_gvideo"]["role"] == "narration"
    assert back.timeline.global_start_time == time(START, FPS)
