"""Compile a script: once, again, after a change, after a kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import jsonschema
import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler import (
    InputError,
    Progress,
    compile_script,
    flatten_timeline,
)
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import Problem
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.packages import packages_in_use
from otio_gvideo.renderers import registry
from otio_gvideo.renderers.base import Call, Frame, OnStep, Shot
from otio_gvideo.renderers.camera.camera import CameraRenderer
from PIL import Image


def media(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "media").glob("*.mp4"))


@pytest.mark.slow
def test_a_script_becomes_a_reel(project: Path) -> None:
    steps: list[Progress] = []
    report = compile_script(project, on_progress=steps.append)
    folder = project.parent / "build" / "small"
    document = json.loads((folder / "report.json").read_text())
    jsonschema.validate(document, schemas.load("report"))
    assert document == report.as_json()
    assert report.video == folder / "small.mp4"
    info = probe(report.video)
    assert info.video is not None
    assert info.audio is not None
    assert (info.video.codec, info.video.profile, info.video.pixel_format) == (
        "h264",
        "High",
        "yuv420p",
    )
    assert (info.video.width, info.video.height, info.video.fps) == (108, 192, 24)
    assert info.video.frames == report.frames == round((Fraction(102, 10) + 1) * 24)
    assert info.video.colors == (1, 1, 1, 1)
    assert (info.audio.codec, info.audio.rate, info.audio.channels) == ("aac", 48000, 2)
    assert report.loudness is not None
    assert report.loudness.integrated_lufs == pytest.approx(-14, abs=0.5)
    assert report.loudness.true_peak_dbtp <= -1
    assert all(abs(scene["error_ms"]) <= 1000 / 48 for scene in document["scenes"])
    assert [step.stage for step in steps if step.message] == [
        "read",
        "align",
        "timeline",
        "render",
        "flatten",
    ]
    for name in ("small.srt", "small.vtt", "small.ass"):
        assert "117" in (folder / name).read_text()


def test_versions_of_a_script_are_separate_reels(project: Path) -> None:
    made = []
    for name in ("teaser.v1.yaml", "teaser.v2.yaml", "teaser.gvideo.yaml"):
        script = project.with_name(name)
        script.write_text(project.read_text())
        made.append(compile_script(script, until="timeline").timeline)
    build = project.parent / "build"
    assert made == [
        build / "teaser.v1" / "teaser.v1.otio",
        build / "teaser.v2" / "teaser.v2.otio",
        build / "teaser" / "teaser.otio",
    ]


def test_a_draft_reel_has_half_the_size_and_the_same_length(project: Path) -> None:
    whole = compile_script(project, until="timeline")
    draft = compile_script(project, until="timeline", quality="draft", output=project.parent / "d")
    assert (draft.width, draft.height) == (54, 96)
    assert draft.frames == whole.frames
    timeline = otio.adapters.read_from_file(str(draft.timeline))
    recipes = [
        clip.media_references()["generator"].parameters
        for clip in timeline.find_clips()
        if "generator" in clip.media_references()
    ]
    assert {(recipe["width"], recipe["height"]) for recipe in recipes} == {(54, 96)}
    assert {recipe["encoding"]["preset"] for recipe in recipes} == {"superfast"}


def test_a_configured_encoder_speed_applies_to_drafts(project: Path) -> None:
    (project.parent / "video_config.yaml").write_text("encoder: {preset: medium}\n")
    draft = compile_script(project, until="timeline", quality="draft")
    assert '"preset": "medium"' in draft.timeline.read_text()
    assert "superfast" not in draft.timeline.read_text()


@pytest.mark.slow
def test_video_and_audio_have_the_same_length_and_chapters_name_the_scenes(
    project: Path,
) -> None:
    report = compile_script(project)
    with av.open(str(report.video)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.start_time == 0
        assert audio.start_time == 0
        frames = [frame.pts * video.time_base for frame in container.decode(video)]
        chapters = container.chapters()
        title = container.metadata["title"]
    with av.open(str(report.video)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(samples / 48000 - float(frames[-1] + Fraction(1, 24))) < 1 / 24
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["dusk", "breath", "stairs"]
    assert title == "A small light: one; two = three"


@pytest.mark.slow
def test_the_voice_is_in_step_with_the_schedule(project: Path) -> None:
    project.write_text(project.read_text().replace("music:", "#music:"))
    report = compile_script(project)
    cut = report.scenes[1].cut_frame

    def sound(path: Path) -> np.ndarray:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler("s16", "mono", 48000)
            made = [m for f in container.decode(audio=0) for m in resampler.resample(f)]
        return np.concatenate([m.to_ndarray()[0] for m in made]).astype(float)

    reel, voice = sound(report.video or Path()), sound(project.parent / "voice.wav")
    after = (cut + 24) * 2000
    for start, source in ((0, 0), (after, cut * 2000)):
        length = min(len(voice) - source, 48000 * 3)
        one, other = reel[start : start + length], voice[source : source + length]
        spectrum = np.fft.rfft(one, 2 * length) * np.conj(np.fft.rfft(other, 2 * length))
        lag = int(np.argmax(np.fft.irfft(spectrum)))
        assert min(lag, 2 * length - lag) <= 48
    silence = reel[(cut + 2) * 2000 : (cut + 22) * 2000]
    assert np.abs(silence).max() < 40


@pytest.mark.slow
def test_a_second_run_renders_nothing_and_a_change_renders_its_slot(project: Path) -> None:
    compile_script(project)
    assert all(slot.reused for slot in compile_script(project).slots)
    project.write_text(project.read_text().replace("camera: pan_left", "camera: tilt_up"))
    again = compile_script(project)
    assert [slot.name for slot in again.slots if not slot.reused] == ["stairs"]


@pytest.mark.slow
@pytest.mark.parametrize("until", ["timeline", "media"])
def test_the_way_can_be_walked_in_steps(project: Path, until: str) -> None:
    whole = compile_script(project, output=project.parent / "whole")
    folder = project.parent / "steps"
    part = compile_script(project, output=folder, until=until)  # type: ignore[arg-type]
    assert part.video is None
    assert bool(media(folder)) == (until == "media")
    assert main(["render", str(folder / "small.otio"), "--progress", "none"]) == 0
    target = folder / "by hand.mp4"
    assert (
        main(["flatten", str(folder / "small.otio"), "-o", str(target), "--progress", "none"]) == 0
    )
    assert whole.video is not None
    assert target.read_bytes() == whole.video.read_bytes()


@pytest.mark.slow
def test_a_timeline_without_media_shows_its_stills(project: Path) -> None:
    report = compile_script(project, until="timeline")
    flat = flatten_timeline(report.timeline, project.parent / "stills.mp4")
    assert flat.video is not None
    assert probe(flat.video).video.frames == report.frames  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_timeline_opens_at_every_stage(project: Path) -> None:
    for until in ("timeline", "media"):
        report = compile_script(project, until=until)  # type: ignore[arg-type]
        timeline = otio.adapters.read_from_file(str(report.timeline))
        for clip in timeline.find_clips():
            path = Path(clip.media_reference.target_url)
            assert path.is_absolute()
            assert path.is_file()
            if until == "media" and path.suffix == ".mp4":
                video = probe(path).video
                assert video is not None
                assert clip.media_reference.available_range.duration.value == video.frames


@pytest.mark.slow
def test_relative_media_survive_a_move(project: Path, tmp_path: Path) -> None:
    folder = project.parent / "out"
    compile_script(project, output=folder, until="media", relative_media=True)
    timeline = otio.adapters.read_from_file(str(folder / "small.otio"))
    picture = timeline.video_tracks()[0]
    assert all(not Path(c.media_reference.target_url).is_absolute() for c in picture.find_clips())
    moved = folder.rename(tmp_path / "moved")
    assert flatten_timeline(moved / "small.otio", tmp_path / "moved.mp4").frames == 269


@pytest.mark.slow
def test_the_next_run_carries_on_a_killed_one(project: Path) -> None:
    whole = compile_script(project, output=project.parent / "whole")
    folder = project.parent / "killed"
    command = [sys.executable, "-m", "otio_gvideo.compiler", "compile", str(project)]
    victim = subprocess.Popen(
        [*command, "-o", str(folder), "--progress", "none"],
        env=os.environ | {"PYTHONPATH": ""},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list((folder / "media").glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    victim.kill()
    victim.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "media").glob("*.json")}
    report = compile_script(project, output=folder)
    assert kept
    for slot in report.slots:
        sidecar = slot.media.with_suffix(".json")
        if sidecar.name in kept:
            assert slot.reused
            assert sidecar.stat().st_mtime_ns == kept[sidecar.name]
    assert report.video is not None
    assert whole.video is not None
    assert report.video.read_bytes() == whole.video.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("ended", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_terminated_run_cleans_up(project: Path, ended: str) -> None:
    folder = project.parent / "ended"
    # Children of a background job or of nohup ignore some signals.
    heeding = (
        "import signal, sys; from otio_gvideo.compiler.cli import main;"
        f"signal.signal(signal.{ended}, signal.default_int_handler if '{ended}' == 'SIGINT' else"
        " signal.SIG_DFL); sys.exit(main())"
    )
    command = [sys.executable, "-c", heeding, "compile", str(project)]
    victim = subprocess.Popen(
        [*command, "-o", str(folder), "--progress", "none"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (list(folder.glob("media/*.mp4")) or victim.poll() is not None):
        time.sleep(0.002)
    victim.send_signal(getattr(signal, ended))
    _, stderr = victim.communicate(timeout=60)
    assert (victim.returncode, stderr) == (130, "otio-gvideo: interrupted; run again to carry on\n")
    assert [path for path in folder.rglob("*") if path.name.startswith(".")] == []


@pytest.mark.slow
def test_an_edited_timeline_is_kept_when_the_script_is_compiled_again(project: Path) -> None:
    report = compile_script(project, until="timeline")
    edited = report.timeline.read_text() + "\n"
    report.timeline.write_text(edited)
    again = compile_script(project, until="timeline")
    kept = report.timeline.with_name("small.edited-1.otio")
    assert kept.read_text() == edited
    assert "small.edited-1.otio" in again.warnings[0]
    assert not compile_script(project, until="timeline").warnings


def test_warnings_of_libraries_are_not_printed(
    project: Path, recwarn: pytest.WarningsRecorder
) -> None:
    Image.new("1", (10000, 9500)).save(project.parent / "stills" / "red.png")
    assert main(["compile", str(project), "--until", "timeline", "--progress", "none"]) == 0
    assert [str(warning.message) for warning in recwarn] == []


def test_an_unwritable_folder_is_reported_before_any_work(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = project.parent / "voice.wav"
    assert main(["compile", str(project), "-o", str(voice / "reel")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"{voice / 'reel'}: cannot be created: {voice} is a file; give another one with --output\n"
    )


def test_every_written_path_is_printed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(project), "--until", "timeline", "--progress", "plain"]) == 0
    build = project.parent / "build" / "small"
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line for line in lines if Path(line).is_absolute()) == sorted(
        str(path) for path in build.iterdir()
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_voice_of_a_few_samples_is_refused(project: Path, language: str) -> None:
    voice = project.parent / "voice.wav"
    voice.write_bytes(voice.read_bytes()[:300])
    project.write_text(
        project.read_text().replace("voice.wav}", f"voice.wav, language: {language}}}")
    )
    with pytest.raises(InputError) as caught:
        compile_script(project, until="timeline")
    problems = [str(problem).partition(f"{project}:")[2] for problem in caught.value.problems]
    why = "the narration has no speech; is it the right file?"
    assert problems == [f"9:11: scenes[0].text: {why}", f"17:11: scenes[2].text: {why}"]


def test_check_rejects_other_files_than_videos(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = compile_script(project, until="timeline").timeline
    for name, why in (
        ("voice.wav", "has no video stream; name the finished reel"),
        ("small.yaml", "is not a readable video"),
    ):
        file = project.parent / name
        assert main(["check", str(file), "--against", str(timeline)]) == 2
        assert capsys.readouterr().err == f"{file}: {why}\n"


def test_an_export_to_an_unwritable_folder_is_a_one_line_error(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = compile_script(project, until="timeline").timeline
    output = project.parent / "voice.wav" / "x.fcpxml"
    assert main(["export", str(timeline), "-o", str(output)]) == 1
    assert capsys.readouterr().err.startswith(f"otio-gvideo: {output}: cannot be written: ")


RED = "keyframe: stills/red.png"
ORDERS = {
    "seconds": (
        (RED, "keyframes: [{image: stills/red.png, at: 3}, {image: stills/blue.png, at: 1}]"),
        "10:78: scenes[0].keyframes[1].at: is reached at N s, before the keyframe before it, "
        "at N s; put keyframes in order of their places",
    ),
    "a word and a share": (
        (RED, 'keyframes: [{image: stills/red.png, at: 60%}, {image: x.png, at: "word:sea"}]'),
        "10:70: scenes[0].keyframes[1].at: is reached at N s, before the keyframe before it, "
        "at N s; put keyframes in order of their places",
    ),
    "a keyframe beyond": (
        (RED, "keyframes: [{image: stills/red.png}, {image: stills/blue.png, at: 9}]"),
        "10:71: scenes[0].keyframes[1].at: N s is past the end of the scene, which lasts N s",
    ),
    "a sound beyond": (
        (RED, f"{RED}\n    sounds: [{{audio: bed.wav, at: 90}}]"),
        "11:35: scenes[0].sounds[0].at: N s is past the end of the scene, which lasts N s",
    ),
    "a time in the words before": (
        (
            "text: Every evening the keeper climbed 117 steps to wake the lamp.",
            "time: {start: 1, end: 9}",
        ),
        "17:11: scenes[2].time: 1 s is too early for scene 'dusk', which is said from N to N s",
    ),
    "a time in the words after": (
        (
            "text: At the edge of the sea there was once a light, and a man who kept it.",
            "time: {start: 1, end: 9}",
        ),
        "9:11: scenes[0].time: 9 s is too late for scene 'stairs', which is said from N to N s",
    ),
}


@pytest.mark.parametrize("case", ORDERS)
def test_times_out_of_order_are_refused(case: str, project: Path) -> None:
    (old, new), expected = ORDERS[case]
    shutil.copy(project.parent / "stills" / "green.png", project.parent / "x.png")
    project.write_text(project.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        compile_script(project, until="timeline")
    problems = [str(problem).partition(f"{project}:")[2] for problem in caught.value.problems]
    assert [re.sub(r"\d+\.\d\d", "N", line) for line in problems] == [expected]
    assert not (project.parent / "build").exists()


def test_wrong_input_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.write_text(
        project.read_text().replace("dissolve", "disolve").replace("id: dusk", "id:")
    )
    before = sorted(project.parent.rglob("*"))
    assert main(["compile", str(project)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(":" in line for line in lines)
    assert sorted(project.parent.rglob("*")) == before


def test_a_scene_missing_in_the_narration_is_an_error_at_its_text(project: Path) -> None:
    text = project.read_text()
    project.write_text(
        text.replace(
            "Every evening the keeper climbed 117 steps to wake the lamp", "Bananas grow"
        ).replace("Bananas grow", "Bananas grow on the far side of the moon every single summer")
    )
    with pytest.raises(InputError) as caught:
        compile_script(project)
    (problem,) = caught.value.problems
    assert (problem.line, problem.where) == (17, "scenes[2].text")
    assert not (project.parent / "build").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["flatten", "missing.otio", "-o", "x.mp4"], 2), (["compile", "missing.yaml"], 2)],
)
def test_missing_files_are_wrong_input(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    assert "no such file" in capsys.readouterr().err


def test_an_unknown_renderer_is_wrong_input(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(project), "--renderer", "crayon"]) == 2
    assert "'crayon' is not a renderer" in capsys.readouterr().err


class Faulty(CameraRenderer):
    """A faulty renderer of another package."""

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        raise KeyError("x")


def test_a_fault_of_a_renderer_is_one_line_with_versions(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry._BUILT_IN, "faulty", f"{__name__}:Faulty")
    text = project.read_text()
    project.write_text(text.replace("  - id: breath\n", "  - id: breath\n    renderer: faulty\n"))
    args = ["compile", str(project), "--until", "media", "--quality", "draft"]
    assert main([*args, "--progress", "none"]) == 1
    printed = capsys.readouterr().err
    (line,) = printed.splitlines()
    hint = f"--debug shows where; with {packages_in_use()}"
    assert line == f"otio-gvideo: breath: unexpected KeyError: 'x'; {hint}"
    assert main([*args, "--progress", "none", "--debug"]) == 1
    printed = capsys.readouterr().err
    assert 'raise KeyError("x")' in printed


def test_plan_lists_slots_to_render_and_to_reuse(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(project)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("render", "reuse"))] == [
        ["render", "dusk"],
        ["render", "breath"],
        ["render", "stairs"],
    ]
    assert lines[-3].startswith("to render:   3 slots, ")
    assert lines[-1] == "network:     nothing is asked of it"
    assert not (project.parent / "build").exists()


def test_plan_tells_when_each_part_of_a_scene_is_seen_and_what_is_cropped(project: Path) -> None:
    text = project.read_text()
    assert "    duration: 1.0\n" in text
    project.write_text(text.replace("    duration: 1.0\n", "    duration: 23\n"))
    Image.new("RGB", (400, 300)).save(project.parent / "stills" / "blue.png")
    plan = plan_script(project)
    parts = [slot for slot in plan.slots if slot.name.startswith("breath")]
    assert len(parts) == 3
    assert [slot.end for slot in parts[:-1]] == [slot.start for slot in parts[1:]]
    assert parts[-1].end - parts[0].start == 23 * 24
    assert (plan.slots[0].start, plan.slots[-1].end) == (0, plan.frames)
    crops = [line for slot in plan.slots for line in slot.crops]
    assert crops == ["crops 58% of blue.png (left and right); fit: blur shows all of it"]


@pytest.mark.parametrize(
    ("first", "second", "seconds", "expected"),
    [
        (
            "fade_white",
            "fade_black",
            4,
            ["c: fade_black comes 4.0 s after fade_white into b; use one of them"],
        ),
        ("fade_black", "fade_black", 4, []),
        ("fade_white", "fade_black", 11, []),
    ],
)
def test_fades_to_white_and_to_black_beside_each_other_are_warned_about(
    folder: Path, first: str, second: str, seconds: int, expected: list[str]
) -> None:
    script = folder / "small.yaml"
    script.write_text(
        "version: 1\noutput: {width: 108, height: 192}\ndefaults: {renderer: camera}\nscenes:\n"
        "  - {id: a, duration: 2, keyframe: red.png}\n"
        f"  - {{id: b, duration: {seconds}, keyframe: blue.png, transition: {{type: {first}}}}}\n"
        f"  - {{id: c, duration: 2, keyframe: red.png, transition: {{type: {second}}}}}\n"
    )
    assert list(plan_script(script).warnings) == expected


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for name in schemas.names():
        assert main(["schema", name]) == 0
        schema = json.loads(capsys.readouterr().out)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["description"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], "otio-gvideo: COMMAND: 'bogus' is not a command; known: compile, watch,"),
        (["compile"], "otio-gvideo compile: the following arguments are required: SCRIPT"),
        (["compile", "x", "--until", "x"], "otio-gvideo compile: --until: 'x' is not a stage; kno"),
        (["compile", "x", "--quality", "x"], "otio-gvideo compile: --quality: 'x' is not a quali"),
        (["flatten", "x", "--reframe", "x"], "otio-gvideo flatten: --reframe: 'x' is not a way o"),
        (["check", "x", "--progress", "x"], "otio-gvideo check: --progress: 'x' is not a progres"),
        (["export", "x", "--for", "x"], "otio-gvideo export: --for: 'x' is not a program; known"),
        (["models", "x"], "otio-gvideo models: ACTION: 'x' is not an action; known: list, pull"),
        (["flatten", "x", "--clip-sound", "loud"], "otio-gvideo flatten: --clip-sound: 'loud' is"),
        (["schema", "x"], "otio-gvideo schema: NAME: 'x' is not a format; known: "),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(message)
    assert lines[0].endswith("--help")


def test_files_and_folders_are_distinguished(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(project), "-o", str(project)]) == 2
    assert capsys.readouterr().err == (
        f"{project}: is a file, not a folder; give another one with --output\n"
    )
    assert main(["render", str(project.parent)]) == 2
    assert capsys.readouterr().err == f"{project.parent}: is a folder, not a timeline\n"
    assert main(["check", str(project.parent), "--against", str(project)]) == 2
    assert capsys.readouterr().err == f"{project.parent}: is a folder, not a video\n"


def test_doctor_names_ffmpeg_and_the_renderers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "ffmpeg" in out
    assert "camera: ready" in out


@pytest.mark.slow
def test_json_progress_is_one_object_a_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(project), "--until", "timeline", "--progress", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["stage"] for line in lines[:-1]} == {"read", "align", "timeline"}
    jsonschema.validate(lines[-1]["report"], schemas.load("report"))


def test_json_progress_has_warnings_and_errors(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["compile", str(project), "--until", "timeline", "--progress", "json"]
    text = project.read_text()
    named = "    transition: {type: wipe_left}\n"
    project.write_text(text.replace("    motion: {camera: push_in}\n", named))
    assert main(args) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    *_, warning, last = [json.loads(line) for line in printed.out.splitlines()]
    message = "dusk: the first scene starts with a cut; its transition is left out"
    assert warning == {"warning": message, "code": "transition"}
    assert last["report"]["warnings"] == [f"{message} [transition]"]
    # Warnings are printed without progress, too.
    assert main([*args[:-1], "none"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"warning: {message} [transition]\n")

    project.write_text(text.replace("dissolve", "disolve").replace("title:", "titel:"))
    assert main(args) == 2
    printed = capsys.readouterr()
    *_, last = [json.loads(line) for line in printed.out.splitlines()]
    assert last["error"]["exit_status"] == 2
    first, second = last["error"]["problems"]
    assert (first["line"], first["where"]) == (2, "titel")
    assert second == {
        "file": str(project),
        "line": 6,
        "column": 31,
        "where": "defaults.transition.type",
        "what": "'disolve' is not a transition",
        "hint": "did you mean 'dissolve'?",
    }
    assert printed.err.splitlines() == [
        str(Problem(**problem)) for problem in last["error"]["problems"]
    ]


@pytest.mark.slow
def test_json_progress_has_a_failure(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timeline = compile_script(project, until="timeline").timeline
    shutil.rmtree(project.parent / "stills")
    (project.parent / "voice.wav").unlink()
    video = timeline.with_name("x.mp4")
    assert main(["flatten", str(timeline), "-o", str(video), "--progress", "json"]) == 1
    printed = capsys.readouterr()
    error = json.loads(printed.out.splitlines()[-1])["error"]
    assert error["exit_status"] == 1
    assert "x.mp4 was written, but slates" in error["problems"][0]["what"]
    told = [f"otio-gvideo: {Problem(**problem)}" for problem in error["problems"]]
    assert len(told) > 3
    assert printed.err.splitlines() == told
    assert main(["check", str(video), "--against", str(timeline), "--progress", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    jsonschema.validate(lines[-1]["check"], schemas.load("check"))
    findings = {one["name"]: one["measured"] for one in lines[-1]["check"]["findings"]}
    assert findings["missing media"].startswith("slate, frames 0 to ")


@pytest.mark.slow
def test_tightened_pauses_leave_picture_voice_and_captions_in_step(project: Path) -> None:
    text = project.read_text() + "silences: {policy: tighten, longer_than: 0.35, keep: 0.2}\n"
    start, end = text.index("  - id: breath"), text.index("  - id: stairs")
    project.write_text(text[:start] + text[end:])
    report = compile_script(project)
    assert report.frames < 245 - 12
    assert report.video is not None
    found = check_video(report.video, report.timeline)
    assert found.ok, [str(finding) for finding in found.findings]


@pytest.mark.slow
def test_scenes_with_their_own_voice_files(project: Path) -> None:
    text = project.read_text().replace("narration: {audio: voice.wav}\n", "")
    text = text.replace("  - id: dusk\n", "  - id: dusk\n    narration: {audio: voice.wav}\n")
    text = text[: text.index("  - id: stairs")]
    project.write_text(
        text.replace(
            "who kept it.",
            "who kept it. Every evening the keeper climbed 117 steps to wake the lamp.",
        )
    )
    report = compile_script(project, until="timeline")
    assert report.frames == 245 + 24


NOT_MADE = {
    "preset": (["--preset", "hvec"], "--preset: 'hvec' is not a preset; did you mean 'hevc'?"),
    "size": (["--max-size", "0.05"], "small.yaml: --max-size: 11.2 s need at least 0.06 MB"),
    "kind": (
        ["--preset", "gif", "--max-size", "5"],
        "--max-size: only h264 and hevc can be",
    ),
    "name": (["-o", "reel.mp4"], "reel.mp4: is a file name"),
}


@pytest.mark.parametrize("case", NOT_MADE)
def test_impossible_output_options_are_refused_before_any_work(
    case: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args, message = NOT_MADE[case]
    monkeypatch.chdir(project.parent)
    assert main(["compile", str(project), "--progress", "plain", *args]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert not (project.parent / "build").exists()
    assert not (project.parent / "reel.mp4").exists()


@pytest.mark.slow
def test_a_size_limit_below_the_audio_is_refused_before_rendering(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["compile", str(project), "--progress", "plain", "--quality", "draft"]
    assert main([*args, "--max-size", "0.2"]) == 2
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["read", "align", "timeline"]
    assert "small.mp4: --max-size: 11.2 s need at least" in printed.err
    folder = project.parent / "build" / "small"
    assert media(folder) == []
    # The files that it names are enough.
    needed = float(printed.err.rpartition("at least ")[2].split()[0]) + 0.01
    assert main([*args, "--max-size", f"{needed:.2f}"]) == 0
    assert (folder / "small.mp4").stat().st_size <= needed * 1e6


def test_a_timeline_is_rendered_to_a_timeline(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = compile_script(project, until="timeline").timeline
    assert main(["render", str(timeline), "-o", str(timeline.with_name("x.mp4"))]) == 2
    assert capsys.readouterr().err == (
        "--output: render writes an .otio file; name it x.otio, and export that\n"
    )
    assert media(timeline.parent) == []


def test_unknown_values_of_python_callers_are_refused_before_any_work(project: Path) -> None:
    with pytest.raises(InputError, match="until: 'foo' is not a stage; known: timeline, media, v"):
        compile_script(project, until="foo")  # type: ignore[arg-type]
    no_quality = "quality: 'foo' is not a quality; known: draft, standard, high"
    with pytest.raises(InputError, match=no_quality):
        compile_script(project, quality="foo")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=no_quality):
        plan_script(project, quality="foo")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="editor: 'foo' is not a program; known: resolve, "):
        export_timeline(project, editor="foo")
    assert not (project.parent / "build").exists()
