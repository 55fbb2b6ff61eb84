"""The command ``flatten``: presets, sizes, missing media, rejected options."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import OutputOptions, compile_script, flatten_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.stages.flatten import unrendered_notices

from .compiler.backend.frame_stamps import planes, write_edit
from .conftest import SCRIPT

FPS = Fraction(24)


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return write_edit(tmp_path)


def test_an_empty_timeline_is_rejected_by_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bare.otio"
    otio.adapters.write_to_file(otio.schema.Timeline("t"), str(path))
    assert main(["flatten", str(path), "-o", str(tmp_path / "x.mp4"), "--progress", "none"]) == 2
    hint = "put a clip that lasts a frame or longer on a track"
    assert capsys.readouterr().err == f"{path}: is empty; {hint}\n"
    assert list(tmp_path.iterdir()) == [path]


def run(timeline: Path, *args: str) -> int:
    return main(["flatten", str(timeline), "--progress", "plain", *args])


def size_of(path: Path) -> tuple[str, int, int]:
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        return context.name, context.width, context.height


def test_a_timeline_without_metadata_has_the_size_of_its_media(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(timeline, "-o", str(tmp_path / "x.mp4")) == 0
    assert size_of(tmp_path / "x.mp4") == ("h264", 96, 160)
    assert "x.mp4: 24 frames, 1.00 s" in capsys.readouterr().out


def test_several_sizes_are_several_files(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ["--size", "96x160", "--size", "96x96", "--size", "160x96"]
    assert run(timeline, "-o", str(tmp_path / "x.mp4"), *sizes) == 0
    printed = capsys.readouterr().out
    for name, size in (("x", (96, 160)), ("x-96x96", (96, 96)), ("x-160x96", (160, 96))):
        assert size_of(tmp_path / f"{name}.mp4")[1:] == size
        assert str(tmp_path / f"{name}.mp4") in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (OutputOptions(sizes=((96, 161),)), "a picture of 96x161 cannot be encoded"),
        (OutputOptions(max_mb=0), "--max-size: '0' is not a number of megabytes, as in 50"),
        (OutputOptions(sizes=["foo"]), "--size: 'foo' is not a size in even pixels"),  # type: ignore[arg-type]
        (OutputOptions(reframe="faces"), "reframe 'faces' is not one of centre, salient"),  # type: ignore[arg-type]
        (OutputOptions(preset="hvec"), "'hvec' is not a preset"),
    ],
)
def test_invalid_options_from_python_are_rejected_before_any_work(
    options: OutputOptions, message: str, timeline: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        flatten_timeline(timeline, tmp_path / "x.mp4", output_options=options)
    assert not (tmp_path / "x.segments").exists()


def test_presets_of_the_configuration(timeline: Path, tmp_path: Path) -> None:
    (tmp_path / "video_config.yaml").write_text(
        "preset: master\n"
        "presets:\n"
        "  master: {codec: prores, speed: proxy}\n"
        "  feed: {codec: hevc, speed: ultrafast, crf: 30, sizes: [64x64]}\n"
    )
    assert run(timeline, "-o", str(tmp_path / "x.mov")) == 0
    assert size_of(tmp_path / "x.mov") == ("prores", 96, 160)
    assert run(timeline, "-o", str(tmp_path / "x.mp4"), "--preset", "feed") == 0
    assert size_of(tmp_path / "x.mp4") == ("hevc", 64, 64)


def test_missing_media_end_with_status_1_unless_allowed(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").unlink()
    video = tmp_path / "x.mp4"
    assert run(timeline, "-o", str(video)) == 1
    what = "x.mp4 was written, but slates and silence replace missing media"
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"otio-gvideo: {what}; --allow-missing accepts that",
        f"otio-gvideo: a: its media {tmp_path / 'a.mp4'} does not exist",
    ]
    assert size_of(video) == ("h264", 1080, 1920)
    assert run(timeline, "-o", str(video), "--allow-missing") == 0
    assert "warning: a: its media" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "printed"),
    [
        (["-o", "x.mp4", "--preset", "hvec"], "--preset: 'hvec' is not a preset; did you mean"),
        (["-o", "x.mp4", "--preset", "prores"], "--output: this preset makes a .mov file; name it"),
        (["-o", "x.gif"], "--output: this preset makes a .mp4 file; name it x.mp4"),
        (["-o", "x.gif", "--preset", "gif", "--max-size", "5"], "can be limited in size, not gif"),
    ],
)
def test_impossible_options_are_refused(
    args: list[str],
    printed: str,
    timeline: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(timeline.parent)
    assert run(timeline, *args) == 2
    assert printed in capsys.readouterr().err
    assert not list(timeline.parent.glob("x.*"))


@pytest.mark.parametrize(
    ("config", "printed"),
    [
        ("presets:\n  a: {codec: av1, speed: fast}\npreset: a\n", ":2:6: presets.a: 'fast' is no"),
        ("presets:\n  a: {codec: prores, crf: 3}\npreset: a\n", "prores has no crf"),
        ("preset: a\n", ":1:9: preset: 'a' is not a preset"),
        ("presets:\n  a: {codec: h264, sizes: [99x100]}\n", "'99x100' is not a size"),
        (
            "transitions:\n  expressions:\n    iris: 'lt(X,'\n",
            ":3:11: transitions.expressions.iris: ffmpeg rejects it",
        ),
        (
            "transitions: {expressions: {iris: 'A+ while (1,1)'}}\n",
            ":1:35: transitions.expressions.iris: it calls while(), which may take for ever; write",
        ),
    ],
)
def test_an_error_in_the_configuration_has_its_place(
    config: str, printed: str, timeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (timeline.parent / "video_config.yaml").write_text(config)
    assert run(timeline, "-o", str(timeline.parent / "x.mp4")) == 2
    assert printed in capsys.readouterr().err


@pytest.mark.slow
def test_a_script_uses_a_transition_of_the_configuration(project: Path) -> None:
    text = project.read_text()
    project.write_text(text.replace("transition: {type: cut}", "transition: {type: curtain}"))
    with pytest.raises(InputError, match="'curtain' is not a transition"):
        compile_script(project, until="timeline")
    (project.parent / "video_config.yaml").write_text(
        "transitions: {light: linear, expressions: {curtain: 'if(lt(X,W*P),A,B)'}}\n"
        "encoder: {preset: ultrafast}\n"
    )
    report = compile_script(project)
    assert report.video is not None
    assert not [line for line in report.warnings if "curtain" in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fadefast", "wipeleft"])
def test_a_script_uses_any_transition_of_ffmpeg(name: str, project: Path) -> None:
    text = project.read_text().replace("camera: pan_left", "camera: static")
    project.write_text(text.replace("transition: {type: cut}", f"transition: {{type: {name}}}"))
    report = compile_script(project, quality="draft")
    assert report.video is not None
    assert not [line for line in report.warnings if name in line]
    shown = np.array([luma.mean() for luma in planes(report.video)])
    cut = report.scenes[2].cut_frame
    before, after = shown[cut - 12], shown[cut + 12]
    assert abs(before - after) > 10
    mixed = np.minimum(abs(shown - before), abs(shown - after)) > 1
    assert mixed[cut - 4 : cut + 4].all()
    assert not mixed[cut - 12 : cut - 6].any()
    assert not mixed[cut + 6 : cut + 12].any()


def test_a_transition_that_ffmpeg_lacks_is_refused_with_the_nearest(project: Path) -> None:
    for name, nearest in [("fadefats", "fadefast"), ("disolve", "dissolve")]:
        project.write_text(SCRIPT.replace("type: cut", f"type: {name}"))
        with pytest.raises(InputError, match=f"'{name}' is not a tr.*did you mean '{nearest}'"):
            compile_script(project, until="timeline")
    project.write_text(SCRIPT.replace("type: cut", "type: wipe_left"))
    known = {"cut", "dissolve"}
    with pytest.raises(InputError, match="'wipe_left' is not a transition; known: cut"):
        load_script(project, transitions=known)


def test_slots_that_show_their_stills_are_a_warning(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled = compile_script(project, until="timeline")
    assert compiled.warnings == []
    video = project.parent / "x.mp4"
    assert run(compiled.timeline, "-o", str(video), "--fail-on", "unrendered") == 1
    name = compiled.timeline.name
    what = f"3 slots wait for video (otio-gvideo render {name}) [unrendered]"
    assert what in capsys.readouterr().err
    assert video.is_file()
    edited = otio.adapters.read_from_file(str(compiled.timeline))
    edited.find_clips()[0].enabled = False
    assert [str(one) for one in unrendered_notices(edited, compiled.timeline)] == [
        f"2 slots wait for video (otio-gvideo render {name})"
    ]
