"""FCPXML is valid against the DTD of each version, and every version is read.

Final Cut rejects a document that does not match the DTD of its version. Apple's DTDs are not ours
to ship: `OTIO_GVIDEO_DTDS` names a folder of files such as ``fcpxml-1.8.dtd``; lxml validates.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.commands import export
from otio_gvideo.compiler.editors.formats.fcpxml import VERSIONS
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import run
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.properties import rate_of
from otio_gvideo.compiler.timeline.rate import time_range

from .edit import Edit
from .resolve import FPS, compiled
from .sample_cut import cut, media
from .test_nested_timelines import compound

DTDS = Path(os.environ.get("OTIO_GVIDEO_DTDS", "no DTDs"))
CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))
NTSC = Fraction(30000, 1001)
ORDER = ("conform-rate", "timeMap", "adjust-volume", "ANCHORED", "marker")
"""The children of an item of a storyline, in the order of every version's DTD."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut")
    media(folder, FPS)
    return folder


def written(
    timeline: otio.schema.Timeline, folder: Path, version: str | None
) -> tuple[Path, Element]:
    source = folder / "source.otio"
    timeline.to_json_file(str(source))
    path = export_timeline(source, folder / "cut.fcpxml", fcpxml_version=version).path
    return path, ElementTree.parse(path).getroot()


def retimed(folder: Path, fps: Fraction) -> otio.schema.Timeline:
    """A cut with speeds that are no fractions of small numbers."""
    timeline = cut(folder, fps)
    for number, clip in enumerate(timeline.tracks[0].find_clips()):
        clip.effects[:] = [
            otio.schema.LinearTimeWarp(time_scalar=(1.1, 0.3333333, -0.7)[number % 3])
        ]
    return timeline


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_is_named_as_its_version_asks(folder: Path, version: str) -> None:
    path, root = written(cut(folder), folder, version)
    assert root.get("version") == version
    for asset in root.iter("asset"):
        named = [one.get("src") for one in (asset, *asset.iter("media-rep")) if one.get("src")]
        assert len(named) == 1
        assert (asset.get("src") is None) == (version != "1.8")
    back = read_timeline(path)
    assert all(Path(clip.media_reference.target_url).is_file() for clip in back.find_clips())


def test_the_default_is_the_oldest(folder: Path) -> None:
    assert written(cut(folder), folder, None)[1].get("version") == VERSIONS[0] == "1.8"
    assert export.FCPXML_VERSIONS == VERSIONS


@pytest.mark.parametrize("fps", [FPS, NTSC])
def test_times_fit_and_children_are_in_order(folder: Path, fps: Fraction) -> None:
    _, root = written(retimed(folder, fps), folder, "1.13")
    for element in root.iter():
        for value in element.attrib.values():
            time = re.fullmatch(r"(-?\d+)(?:/(\d+))?s", value)
            assert time is None or (int(time[1]) < 2**63 and int(time[2] or 1) < 2**31)
    for item in root.iter():
        if item.tag in ("asset-clip", "video", "gap"):
            ranks = [ORDER.index(c.tag if c.tag in ORDER else "ANCHORED") for c in item]
            assert all(one <= other for one, other in pairwise(ranks))


@pytest.mark.skipif(not DTDS.is_dir(), reason="OTIO_GVIDEO_DTDS names no folder of Apple's DTDs")
@pytest.mark.parametrize("version", VERSIONS)
def test_files_are_valid(folder: Path, tmp_path: Path, version: str) -> None:
    etree = pytest.importorskip("lxml.etree")
    dtd = etree.DTD(str(DTDS / f"fcpxml-{version}.dtd"))
    edit = Edit(tmp_path / "nested")
    compound(edit)
    ready = (cut(folder), retimed(folder, NTSC), compiled(tmp_path, rendered=False), edit.timeline)
    for timeline in (*ready, pair(folder / "missing.mp4")):
        path, _ = written(timeline, folder, version)
        assert dtd.validate(etree.parse(str(path))), dtd.error_log


def pair(file: Path) -> otio.schema.Timeline:
    """A picture and the sound of its own file."""
    timeline = otio.schema.Timeline("pair")
    for kind in ("Video", "Audio"):
        reference = otio.schema.ExternalReference(str(file), time_range(0, 60, FPS))
        clip = otio.schema.Clip("take", reference, time_range(6, 48, FPS))
        timeline.tracks.append(otio.schema.Track(kind, [clip], kind=kind))
    return timeline


@pytest.mark.parametrize("version", ["1.8", "1.13"])
def test_the_sound_of_a_video_file_is_sound(tmp_path: Path, version: str) -> None:
    file = tmp_path / "take.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc=s=96x160:r=24:d=2.5"]
    run([*picture, "-f", "lavfi", "-i", "sine=d=2.5", "-ac", "1", str(file)], what="make")
    for one in (tmp_path / "missing.mp4", file):
        path, root = written(pair(one), tmp_path, version)
        back = read_timeline(path)
        assert [(t.kind, len(t.find_clips())) for t in back.tracks] == [("Video", 1), ("Audio", 1)]
    (asset,) = root.iter("asset")
    streams = (asset.get("hasVideo"), asset.get("hasAudio"), asset.get("audioChannels"))
    assert streams == ("1", "1", "1")
    assert [item.get("srcEnable") for item in root.iter("asset-clip")] == ["video", "audio"]


def test_a_nested_timeline_on_any_track_is_a_compound_clip(folder: Path) -> None:
    timeline, inner = cut(folder), cut(folder)
    for number, track in enumerate(inner.tracks):
        stack = otio.schema.Stack(f"nested {number}", [track.deepcopy()])
        stack.source_range = time_range(0, 24, FPS)
        timeline.tracks.append(otio.schema.Track("more", [stack], kind=track.kind))
    path, root = written(timeline, folder, "1.13")
    assert len(list(root.iter("ref-clip"))) == len(inner.tracks)
    stacks = read_timeline(path).tracks.find_children(descended_from_type=otio.schema.Stack)
    assert {one.name for one in stacks} >= {f"nested {n}" for n in range(len(inner.tracks))}


@pytest.mark.slow
@pytest.mark.skipif(
    not (DTDS.is_dir() and CORPUS.is_dir()), reason="OTIO_GVIDEO_DTDS or OTIO_GVIDEO_CORPUS"
)
def test_timelines_of_other_programs_are_written_valid(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    dtds = {version: etree.DTD(str(DTDS / f"fcpxml-{version}.dtd")) for version in ("1.8", "1.13")}
    for file in sorted(CORPUS.iterdir()):
        for version, dtd in dtds.items():
            try:
                path = export_timeline(file, tmp_path / "x.fcpxml", fcpxml_version=version).path
            except InputError:
                continue  # No timeline, or one without a rate.
            assert dtd.validate(etree.parse(str(path))), (file.name, dtd.error_log)


def test_another_format_has_no_version(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(folder).to_json_file(str(folder / "source.otio"))
    command = ["export", str(folder / "source.otio"), "--fcpxml-version", "1.13"]
    assert main([*command, "-o", str(tmp_path / "cut.xml")]) == 2
    assert (
        "cut.xml: .xml has no version 1.13 of FCPXML; write an .fcpxml" in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())
    assert main([*command, "-o", str(tmp_path / "cut.fcpxml"), "--for", "finalcut"]) == 0


def test_the_pick_of_an_audition_is_read_and_a_length_may_be_that_of_the_media(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cut.fcpxml"
    path.write_text(
        """<fcpxml version="1.13"><resources>
        <format id="r0" width="96" height="160" frameDuration="1/24s"/>
        <asset id="r1" start="0s" duration="2s" hasVideo="1" format="r0">
          <media-rep src="file:///storm.mp4"/></asset>
        <asset id="r2" start="0s" duration="3s" hasVideo="1" format="r0">
          <media-rep src="file:///calm.mp4"/></asset>
        </resources><library><event><project name="cut"><sequence format="r0"><spine>
        <audition offset="0s">
          <asset-clip ref="r1" name="pick" start="1s" duration="1s"/>
          <asset-clip ref="r2" name="other" duration="2s"/>
        </audition>
        <asset-clip ref="r2" name="whole" offset="1s">
          <audition lane="1" offset="1s">
            <asset-clip ref="r1" name="above" duration="1s"/>
          </audition>
          <live-drawing lane="2" offset="2s" name="arrow" duration="1s"/>
        </asset-clip>
        </spine></sequence></project></event></library></fcpxml>"""
    )
    timeline = read_timeline(path)
    read = {
        placed.item.name: (track.name, placed.start, placed.frames)
        for track in timeline.tracks
        for placed in lay_out(track, FPS)
        if isinstance(placed.item, otio.schema.Clip)
    }
    assert read == {
        "pick": ("V1", 0, 24),
        "whole": ("V1", 24, 72),
        "above": ("V2", 48, 24),
        "arrow": ("V3", 72, 24),
    }


@pytest.mark.skipif(not CORPUS.is_dir(), reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
def test_final_cuts_own_files_of_every_version_are_read() -> None:
    seen = set()
    for file in sorted(CORPUS.glob("*.fcpxml")):
        root = ElementTree.parse(file).getroot()
        project = root.find(".//project")
        if project is None:
            continue
        sequence = project.find("sequence")
        timeline = read_timeline(file, sequence=project.get("name"))
        fps = rate_of(timeline)
        ends = [lay_out(track, fps)[-1].end / fps for track in timeline.tracks if len(track)]
        items = [i for i in sequence.find("spine") if i.tag != "transition"]
        while items and items[-1].tag == "gap":
            items.pop()
        held = [i[0] if i.tag == "audition" else i for i in items]
        length = sum(Fraction(i.get("duration").rstrip("s")) for i in held)
        assert max(ends, default=0) > length - 1 / fps, file.name
        seen.add(root.get("version"))
    assert {"1.8", "1.9", "1.11", "1.13"} <= seen
