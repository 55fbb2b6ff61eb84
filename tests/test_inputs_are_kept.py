"""Inputs and foreign files are never overwritten."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.renderers.run.store import sidecar_of

from .conftest import SILENT, SPOKEN


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(command: str) -> int:
    return main([*command.split(), "--progress", "none"])


@pytest.fixture
def refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[list[str], str, str], None]]:
    """Check that a command fails with a one-line error and writes nothing."""

    def check(command: list[str], output: str, what: str) -> None:
        before = contents(folder)
        capsys.readouterr()
        assert main(command) == 2
        message = capsys.readouterr().err
        assert len(message.splitlines()) == 1, message
        message = message.removeprefix(f"{folder}/").removeprefix(f"{output}: ").removeprefix("is ")
        assert message.startswith(what), message
        assert "; " in message
        assert contents(folder) == before

    yield check


def alias(kind: str, file: Path, name: Path) -> None:
    """Rename a file, or add a symbolic or hard link to it."""
    name.parent.mkdir(parents=True, exist_ok=True)
    if kind == "renamed":
        file.rename(name)
    elif kind == "symlink":
        name.symlink_to(file)
    else:
        name.hardlink_to(file)


ALIASES = ["renamed", *(pytest.param(k, marks=pytest.mark.posix) for k in ("symlink", "hard link"))]


@pytest.mark.parametrize("kind", ALIASES)
@pytest.mark.parametrize(
    ("file", "output", "key", "what"),
    [
        ("voice.wav", "spoken.mp4", "audio", "the narration of this script"),
        ("words.srt", "spoken.srt", "transcript", "the transcript of this script"),
    ],
)
def test_compile_does_not_overwrite_files_of_the_script(
    folder: Path,
    refused: Callable[[list[str], str, str], None],
    kind: str,
    file: str,
    output: str,
    key: str,
    what: str,
) -> None:
    alias(kind, folder / file, folder / output)
    if kind == "renamed":
        script = folder / "spoken.yaml"
        script.write_text(script.read_text().replace(file, output))
    for way in (".", "../project", "stills/.."):
        refused(["compile", "spoken.yaml", "-o", way], f"{way}/{output}" if way != "." else output,
                what)  # fmt: skip


def test_files_of_further_sizes_music_stills_and_the_script_are_kept(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    script = folder / "small.yaml"
    shutil.copy("bed.wav", "small-64x64.mp4")
    script.write_text(SILENT.replace("captions:", "music: {audio: small-64x64.mp4}\ncaptions:"))
    sizes = ["--size", "108x192", "--size", "64x64"]
    refused(["compile", "small.yaml", "-o", ".", *sizes], "small-64x64.mp4", "the music")
    shutil.copy("red.png", "report.json")
    script.write_text(SILENT.replace("red.png", "report.json"))
    assert run("compile small.yaml -o . --until timeline") == 0
    assert (folder / "report.json").read_bytes() == (folder / "red.png").read_bytes()
    (folder / "own.otio").write_text(SILENT)
    (folder / "own.yaml").symlink_to(folder / "own.otio")
    refused(["compile", "own.yaml", "-o", "."], "own.otio", "this script")


def test_a_file_that_a_rendered_slot_would_replace_is_kept(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    report = compile_script("small.yaml", output=".", until="media")
    media = report.slots[0].media
    sidecar_of(media).unlink()
    shutil.copy("bed.wav", media)
    shown = str(media.relative_to(folder))
    music = f"music: {{audio: {shown}}}\ncaptions:"
    (folder / "small.yaml").write_text(SILENT.replace("captions:", music))
    refused(["compile", "small.yaml", "-o", "."], shown, "the music of this script")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(12, 24)
    )
    music_track = otio.schema.Track("A2", kind=otio.schema.TrackKind.Audio)
    reference = otio.schema.ExternalReference(str(media), span)
    music_track.append(otio.schema.Clip("bed", reference, span))
    timeline.tracks.append(music_track)
    otio.adapters.write_to_file(timeline, "mine.otio")
    refused(["render", "mine.otio"], shown, "media of this timeline")
    refused(
        ["evaluate", "mine.otio", "--renderers", "camera", "--slots", "all"],
        shown,
        "media of this timeline",
    )


def test_segments_are_not_kept_among_inputs(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    alias("renamed", folder / "voice.wav", folder / "spoken.segments" / "voice.wav")
    script = folder / "spoken.yaml"
    script.write_text(SPOKEN.replace("voice.wav", "spoken.segments/voice.wav"))
    refused(
        ["compile", "spoken.yaml", "-o", "."],
        "spoken.segments",
        "overwritten as a whole, and holds voice.wav, the narration of this script",
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALIASES)
def test_files_of_a_timeline_are_not_overwritten(
    folder: Path, refused: Callable[[list[str], str, str], None], kind: str
) -> None:
    report = compile_script("small.yaml", output=".", until="media")
    media = report.slots[0].media
    name = media.relative_to(folder)
    if kind != "renamed":
        name = Path("other.mp4")
        alias(kind, media, folder / name)
    refused(["flatten", "small.otio", "-o", str(name)], str(name), "media of this timeline")
    dotted = f"stills/../{name}"
    refused(["flatten", "small.otio", "-o", dotted], dotted, "media of this timeline")
    for command, file, what in (
        (["export", "small.otio", "-o"], "small.otio", "the timeline that is read"),
        (["view", "small.otio", "-o"], "red.png", "a still of this timeline"),
        (["relink", "small.otio", "--media", ".", "-o"], "red.png", "a still of this timeline"),
        (["init", "small.otio", "--force", "-o"], "red.png", "a still of this timeline"),
        (["init", "small.otio", "--force", "-o"], "small.otio", "the timeline that is read"),
        (["init", ".", "--force", "-o"], "voice.wav", "a file of project"),
        (["transcript", "words.srt", "-o"], "words.srt", "the transcript"),
        (["transcript", "words.srt", "--audio", "voice.wav", "-o"], "voice.wav", "the recording"),
    ):
        suffix = {"export": ".otio", "view": ".html", "relink": ".otio"}.get(command[0])
        output = folder / file
        if suffix is not None and suffix != output.suffix:
            output = folder / f"linked{suffix}"
            output.unlink(missing_ok=True)
            output.symlink_to(folder / file)
        refused([*command, output.name], output.name, what)


def test_the_files_of_an_image_sequence_and_of_a_bundle_are_kept(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    for number in range(3):
        shutil.copy("red.png", f"shot{number:03}.png")
    rate = otio.opentime.RationalTime
    span = otio.opentime.TimeRange(rate(0, 24), rate(3, 24))
    images = otio.schema.ImageSequenceReference(
        str(folder), "shot", ".png", 0, 1, 24, 3, available_range=span
    )
    track = otio.schema.Track("V1")
    track.append(otio.schema.Clip("shot", images, span))
    timeline = otio.schema.Timeline("shots")
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, "shots.otio")
    (folder / "shots.mp4").symlink_to(folder / "shot001.png")
    refused(["flatten", "shots.otio", "-o", "shots.mp4"], "shots.mp4", "media of this timeline")
    compile_script("small.yaml", output=".", until="timeline")
    assert main(["export", "small.otio", "-o", "reel.otiod"]) == 0
    (folder / "x.mp4").hardlink_to(folder / "reel.otiod" / "version.txt")
    refused(["flatten", "reel.otiod", "-o", "x.mp4"], "x.mp4", "part of reel.otiod")
    refused(["export", "reel.otiod", "-o", "reel.otiod"], "reel.otiod", "the timeline that is read")


def test_a_folder_is_not_replaced_by_an_export(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    compile_script("small.yaml", output=".", until="timeline")
    (folder / "album.otiod").mkdir()
    shutil.copy("blue.png", "album.otiod/blue.png")
    hint = "a folder; give a file name, as in stills.xml/small.otio"
    for name, said in (("album.otiod", "a folder, not a bundle"), ("stills.xml", hint)):
        if name == "stills.xml":
            (folder / "album.otiod").rename(folder / name)
        refused(["export", "small.otio", "-o", name], name, said)


def test_a_rendered_timeline_replaces_no_other_timeline(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    compile_script("small.yaml", output=".", until="timeline")
    shutil.copy("small.otio", "edited.otio")
    refused(
        ["render", "edited.otio", "-o", "small.otio"],
        "small.otio",
        "the timeline that this one was made from",
    )
    assert main(["export", "edited.otio", "-o", "cut.fcpxml"]) == 0
    # Edited and foreign timelines are renamed; an earlier result is replaced.
    for number, text in enumerate(("mine", "edited"), 1):
        (folder / "cut.fcpxml.otio").write_text(text)
        assert main(["render", "cut.fcpxml", "--progress", "none"]) == 0
        assert (folder / f"cut.fcpxml.edited-{number}.otio").read_text() == text
        assert main(["render", "cut.fcpxml", "--progress", "none"]) == 0
        assert len(list(folder.glob("cut.fcpxml.edited-*"))) == number
    rendered = (folder / "cut.fcpxml.otio").read_text()
    (folder / "cut.fcpxml.otio").write_text(rendered.replace('"name": "a"', '"name": "mine"'))
    assert main(["render", "cut.fcpxml", "--progress", "none"]) == 0
    assert '"name": "mine"' in (folder / "cut.fcpxml.edited-3.otio").read_text()


def test_a_foreign_page_or_export_is_replaced_only_if_named(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    compile_script("small.yaml", output=".", until="timeline")
    view, export = ["view", "small.otio"], ["export", "small.otio", "--for", "kdenlive"]
    for command, name in ((view, "small.html"), (export, "small.kdenlive")):
        path = folder / name
        path.write_text("mine")
        if command is view:
            refused(command, name, "exists already")
            assert main([*command, "-o", name]) == 0
        else:
            assert main(command) == 0
            assert (folder / "small.edited-1.kdenlive").read_text() == "mine"
        assert main(command) == 0
        (folder / "small.yaml").write_text(SILENT.replace("0.25", "0.5"))
        compile_script("small.yaml", output=".", until="timeline")
        assert main(command) == 0
        (folder / "small.yaml").write_text(SILENT)
        compile_script("small.yaml", output=".", until="timeline")
    path.write_text(path.read_text().replace("\n", "\n\n", 1))
    assert main(export) == 0
    assert (folder / "small.edited-2.kdenlive").exists()
    assert len(list(folder.glob("*.edited-*"))) == 2


def test_an_evaluation_replaces_evaluations_only(
    folder: Path, refused: Callable[[list[str], str, str], None]
) -> None:
    compile_script("small.yaml", output=".", until="timeline")
    command = ["evaluate", "small.otio", "--renderers", "camera", "--slots", "a"]
    for name in ("small.evaluation.json", "small.evaluation.html"):
        (folder / name).write_text("{}")
        refused(command, name, "exists already, and is not an evaluation")
        (folder / name).unlink()
    assert main([*command, "--progress", "none"]) == 0
    assert main([*command, "--progress", "none"]) == 0
    assert main(["export", "small.otio", "-o", "reel.otioz"]) == 0
    refused(["evaluate", "reel.otioz", *command[2:]], "reel.otioz", "takes can be")
