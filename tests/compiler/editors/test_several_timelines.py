"""Files that hold several timelines, or clips and no timeline, say what they hold."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors import formats
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError

FCPXML = """<fcpxml version="1.10"><resources>
<format id="r0" width="96" height="160" frameDuration="1/24s"/>
<asset id="r1" name="storm" start="0s" duration="2s" hasVideo="1" format="r0">
  <media-rep kind="original-media" src="file:///storm.mp4"/></asset>
<media id="r2" name="both"><sequence format="r0"><spine>
  <asset-clip ref="r1" name="storm" offset="0s" duration="1s"/>
  <asset-clip ref="r1" name="calm" offset="1s" start="1s" duration="1s"/></spine></sequence></media>
</resources><library><event name="E">{items}</event></library></fcpxml>
"""
PROJECT = (
    '<project name="{name}"><sequence format="r0"><spine><asset-clip ref="r1" name="{name}"'
    ' offset="0s" duration="1s"/></spine></sequence></project>'
)
XMEML = """<xmeml version="4">{items}</xmeml>"""
SEQUENCE = """<sequence id="{name}"><name>{name}</name>
<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
<media><video><format><samplecharacteristics><width>96</width><height>160</height>
</samplecharacteristics></format><track>{clip}</track></video></media></sequence>"""
CLIP = """<clipitem id="{name}-clip"><name>{name}</name>
<rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
<start>0</start><end>24</end><in>0</in><out>24</out>{content}</clipitem>"""
FILE = "<file id='f1'><name>storm</name><pathurl>file:///storm.mp4</pathurl></file>"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def sequence(name: str, content: str = FILE) -> str:
    return SEQUENCE.format(name=name, clip=CLIP.format(name=name, content=content))


def several(folder: Path, suffix: str) -> Path:
    if suffix == ".fcpxml":
        projects = PROJECT.format(name="day") + PROJECT.format(name="night")
        return written(folder, "two.fcpxml", FCPXML.format(items=projects))
    children = f"<project><children>{sequence('day')}{sequence('night')}</children></project>"
    return written(folder, "two.xml", XMEML.format(items=children))


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml"])
def test_one_of_several_timelines_is_chosen_by_name(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = several(tmp_path, suffix)
    with pytest.raises(InputError) as caught:
        read_timeline(path)
    assert str(caught.value) == (
        f"{path}: holds 2 timelines ('day', 'night'); choose one with --sequence NAME"
    )
    night = read_timeline(path, sequence="night")
    assert [clip.name for clip in night.find_clips()] == ["night"]
    assert night.metadata["otio_gvideo"]["output"]["width"] == 96
    assert main(["diff", str(path), str(path), "--sequence", "night"]) == 0
    assert main(["view", str(path), "--sequence", "dusk", "-o", str(tmp_path / "a.html")]) == 2
    said = capsys.readouterr().err
    assert "two" + suffix in said
    assert "holds 2 timelines ('day', 'night'), none of them named 'dusk'" in said


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml"])
def test_the_one_timeline_of_a_file_has_the_name_that_is_asked_for(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = PROJECT.format(name="day") if suffix == ".fcpxml" else sequence("day")
    form = FCPXML if suffix == ".fcpxml" else XMEML
    path = written(tmp_path, f"one{suffix}", form.format(items=items))
    assert read_timeline(path, sequence="day").name == "day"
    page = tmp_path / "a.html"
    assert main(["view", str(path), "--sequence", "dusk", "-o", str(page)]) == 2
    said = f"{path}: holds one timeline ('day'), none named 'dusk'; leave out --sequence\n"
    assert capsys.readouterr().err == said
    assert not page.exists()
    assert main(["diff", str(path), str(path), "--sequence", "dusk"]) == 2
    assert capsys.readouterr().err == said
    # The timeline that a sequence of several is compared with may have another name.
    others = several(tmp_path, suffix)
    assert main(["diff", str(path), str(others), "--sequence", "night"]) == 0
    assert main(["diff", str(others), str(path), "--sequence", "night"]) == 0


def test_a_diff_of_sequences_reads_each_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = several(tmp_path, ".fcpxml")
    other = path.with_name(f"other{path.suffix}")
    shutil.copy(path, other)
    read: list[Path] = []
    real = formats.read

    def noted(path: Path, fps: Fraction | None = None) -> otio.core.SerializableObject:
        read.append(path)
        return real(path, fps)

    monkeypatch.setattr(formats, "read", noted)
    assert main(["diff", str(path), str(other), "--sequence", "night"]) == 0
    assert read == [path, other]


def test_clips_of_the_browser_are_offered_if_there_is_no_project(tmp_path: Path) -> None:
    compound = '<ref-clip ref="r2" name="both" duration="2s"/>'
    alone = written(tmp_path, "alone.fcpxml", FCPXML.format(items=compound))
    assert [clip.name for clip in read_timeline(alone).find_clips()] == ["storm", "calm"]
    clip = '<asset-clip ref="r1" name="storm"/>'
    path = written(tmp_path, "clips.fcpxml", FCPXML.format(items=compound + clip))
    with pytest.raises(InputError, match=r"holds 2 timelines \('both', 'storm'\); choose one"):
        read_timeline(path)
    chosen = read_timeline(path, sequence="storm")
    assert [clip.name for clip in chosen.find_clips()] == ["storm"]
    assert chosen.duration().value == 48


def test_a_nested_sequence_is_no_choice(tmp_path: Path) -> None:
    """Premiere lists nested sequences beside the sequence that they are nested in."""
    outer = sequence("outer", '<sequence id="inner"/>')
    both = XMEML.format(items=f"<bin><children>{outer}{sequence('inner')}</children></bin>")
    timeline = read_timeline(written(tmp_path, "nested.xml", both))
    assert timeline.name == "outer"
    assert [clip.name for clip in timeline.find_clips()] == ["inner"]
    loop = sequence("loop", '<sequence id="loop"/>')
    path = written(tmp_path, "loop.xml", XMEML.format(items=loop))
    with pytest.raises(InputError, match="holds a sequence that is nested in itself"):
        read_timeline(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.fcpxml", FCPXML.format(items=""), "holds no project and no clip of Final Cut; export"),
        ("a.fcpxml", FCPXML.format(items=PROJECT.format(name="a").replace('"r0"', '"r9"')),
         "refers to the resource 'r9', which it does not hold"),
        ("a.fcpxml", "<xmeml/>", "is not FCPXML: its root is <xmeml>"),
        ("a.xml", "<filter/>", "is not XML of Final Cut Pro 7: its root is <filter>"),
        ("a.xml", XMEML.format(items="<clip><name>storm</name></clip>"),
         "holds no sequence, but storm (clip); export a sequence"),
        ("a.xml", XMEML.format(items=sequence("a").replace("<in>0</in>", "")),
         "cannot be read as Final Cut Pro 7: something that the format requires is missing in it"),
        ("a.xml", "<xmeml", "is not XML: "),
    ],
)  # fmt: skip
def test_what_a_file_lacks_is_said_in_its_own_words(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(InputError) as caught:
        read_timeline(path)
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("command", ["flatten", "render", "view", "export", "relink"])
def test_a_script_is_no_timeline_and_a_timeline_no_script(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = written(tmp_path, "reel.yaml", "version: 1\nscenes: []\n")
    output = {"flatten": "a.mp4", "view": "a.html"}.get(command, "a.otio")
    more = ["--media", str(tmp_path)] if command == "relink" else []
    assert main([command, str(script), "-o", str(tmp_path / output), *more]) == 2
    said = "reel.yaml: is a script, not a timeline; compile it, and name the .otio"
    assert capsys.readouterr().err.endswith(said + "\n")
    timeline = written(tmp_path, "reel.otio", otio.schema.Timeline("reel").to_json_string())
    assert main(["compile", str(timeline)]) == 2
    said = "reel.otio: is a timeline, not a script; render, flatten or export it"
    assert capsys.readouterr().err.endswith(said + "\n")
