"""Long paths work, or are refused in one line before any work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.files.atomic_output import atomic_output
from otio_gvideo.compiler.files.path_limits import exceeds_windows, refuse_invalid
from otio_gvideo.compiler.outputs import paths
from otio_gvideo.compiler.outputs.paths import Outputs, refuse_unwritable
from PIL import Image

LONG = "n" * 300
SCRIPT = """\
version: 1
output: {width: 108, height: 192, fps: 24}
scenes:
  - {id: a, duration: 2, keyframe: a.png, renderer: camera}
  - {id: b, duration: 2, keyframe: a.png, renderer: camera, transition: {type: dissolve}}
"""
LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse"
PATH_MAX = os.pathconf("/", "PC_PATH_MAX") if os.name == "posix" else 260


@pytest.fixture
def deep(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder with a script, whose path has the requested number of bytes.

    Each part is created from within the one before.
    """
    before = Path.cwd()
    os.chdir(tmp_path)
    reached = len(os.fsencode(tmp_path))
    while reached < request.param:
        part = "d" * min(100, request.param - reached - 1) or "d"
        Path(part).mkdir()
        os.chdir(part)
        reached += 1 + len(part)
    with Image.open(next((LIGHTHOUSE / "keyframes").glob("*.jpg"))) as still:
        still.resize((108, 192)).save("a.png")
    Path("s.yaml").write_text(SCRIPT, encoding="utf-8")
    yield Path.cwd()
    os.chdir(before)
    shutil.rmtree(tmp_path / ("d" * 100))


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("deep", [300, 1100, PATH_MAX - 250], indirect=True)
def test_a_project_in_a_deep_folder_is_compiled_and_handed_on(
    deep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = "build/s/s.otio"
    assert len(os.fsencode(deep)) >= 300
    assert main(["compile", "s.yaml"]) == 0
    assert main(["view", timeline, "-o", "page.html"]) == 0
    assert main(["export", timeline, "-o", "x.otioz"]) == 0
    assert main(["export", timeline, "-o", "x.fcpxml"]) == 0
    assert main(["flatten", timeline, "-o", "cut.mov", "--preset", "prores"]) == 0
    assert main(["check", "build/s/s.mp4", "--against", timeline]) == 0
    assert main(["render", "x.fcpxml"]) == 0
    assert main(["plan", "s.yaml"]) == 0
    assert "render" not in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.posix
@pytest.mark.parametrize("deep", [PATH_MAX - 50, PATH_MAX - 20], indirect=True)
def test_a_folder_that_is_too_deep_is_refused_before_anything_is_made(
    deep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().iterdir())
    assert main(["compile", "s.yaml"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.endswith("/build/s: the path is too long; give a shorter one with --output\n")
    assert sorted(Path().iterdir()) == before
    assert main(["compile", "s.yaml", "--until", "timeline", "-o", str(tmp_path / "out")]) == 0


COMMANDS = [
    ("compile s.yaml -o {long}", "the path is too long; give a shorter one with --output"),
    ("compile {long}.yaml", "in it is too long; give a shorter name"),
    ("compile s.yaml --config {long}", "--config: no such file"),
    ("plan {long}.yaml", "in it is too long; give a shorter name"),
    ("render {long}.otio", "no such file"),
    ("render cut.otio -o {long}.otio", "in it is too long; give a shorter name"),
    ("flatten {long}.otio -o x.mp4", "no such file"),
    ("flatten cut.otio -o {long}.mp4", "in it is too long; give a shorter name"),
    ("export {long}.otio -o x.xml", "no such file"),
    ("export cut.otio -o {long}.xml", "in it is too long; give a shorter name"),
    ("view cut.otio -o {long}.html", "in it is too long; give a shorter name"),
    ("diff {long}.otio cut.otio", "no such file"),
    ("relink cut.otio --media {long}", "no such folder"),
    ("relink cut.otio --media . -o {long}.otio", "in it is too long; give a shorter name"),
    ("init {long}", "in it is too long; give a shorter name"),
    ("init cut.otio -o {long}.yaml", "in it is too long; give a shorter name"),
    ("check {long}.mp4 --against cut.otio", "no such file"),
    ("transcript {long}.srt", "cannot be read: File name too long"),
    ("transcript words.srt -o {long}.json", "in it is too long; give a shorter name"),
    ("evaluate {long}.otio", "no such file"),
]


@pytest.mark.parametrize(("command", "message"), COMMANDS)
def test_a_name_that_is_too_long_is_refused_in_a_line(
    command: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SCRIPT, encoding="utf-8")
    Path("words.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n", encoding="utf-8")
    Image.linear_gradient("L").resize((108, 192)).save("a.png")
    track = otio.schema.Track("V1")
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(24, 24)
    )
    track.append(otio.schema.Clip("a", otio.schema.ExternalReference("a.png", span), span))
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, "cut.otio")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(command.format(long=LONG).split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_still_with_an_impossible_name_is_an_error_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "s.yaml"
    script.write_text(SCRIPT.replace("a.png", f"{LONG}.png", 1), encoding="utf-8")
    Image.linear_gradient("L").resize((108, 192)).save(tmp_path / "a.png")
    assert main(["compile", str(script)]) == 2
    error = capsys.readouterr().err
    assert f"s.yaml:4:36: scenes[0].keyframe: '{LONG}.png' is not a valid file name here" in error
    assert error.count("\n") == 1


def test_a_reference_without_a_valid_name_is_missing_media(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(24, 24)
    )
    track = otio.schema.Track("V1")
    url = f"data:image/png;base64,{LONG}"
    track.append(otio.schema.Clip("inline", otio.schema.ExternalReference(url, span), span))
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(track)
    path = str(tmp_path / "cut.otio")
    otio.adapters.write_to_file(timeline, path)
    assert main(["view", path]) == 0
    assert main(["export", path, "-o", str(tmp_path / "x.fcpxml")]) == 0
    assert main(["relink", path, "--media", str(tmp_path)]) in (0, 1)
    assert main(["flatten", path, "-o", str(tmp_path / "x.mp4"), "--size", "64x64"]) == 1
    assert "unexpected" not in capsys.readouterr().err


def test_names_of_every_temporary_file_are_tried(tmp_path: Path) -> None:
    """Names of temporary files of a slot are no longer than the tried ones."""
    seen: list[str] = []
    media = Outputs(tmp_path, "s").media
    target = media / f"{'a' * 64}.99-{0:012}.mp4"
    with atomic_output(target) as temporary:
        seen.append(temporary.name)
        temporary.touch()
    tried = max(map(len, paths._names_in(Outputs(tmp_path, "s"), ["a" * 64 + ".99"])))
    assert len(f"media/{seen[0]}") <= tried


def test_the_longest_possible_scene_name_is_accepted(tmp_path: Path) -> None:
    name = next(n for n in range(255, 0, -1) if _fits(tmp_path, n))
    assert name > 200
    assert not _fits(tmp_path, name + 1)


def _fits(folder: Path, length: int) -> bool:
    try:
        refuse_unwritable(Outputs(folder, "r" * length))
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    ("path", "is_too_long"),
    [
        ("C:\\" + "a" * 256, False),
        ("C:\\" + "a" * 257, True),
        ("C:\\" + "🎬" * 128, False),
        ("C:\\" + "🎬" * 129, True),
        ("\\\\?\\C:\\" + "a" * 3000, False),
    ],
)
def test_the_path_limits_of_windows(path: str, is_too_long: bool) -> None:
    assert exceeds_windows(path) is is_too_long


@pytest.mark.parametrize(
    ("folder", "name", "invalid", "valid"),
    [
        (r"C:\reels", "nul.otio", "nul.otio", "_nul.otio"),
        (r"C:\reels\what?", "a.otio", "what?", "what_"),
        (r"\\server\share\con\out", "a.otio", "con", "_con"),
        (r"..\reels. ", "a.otio", "reels. ", "reels"),
    ],
)
def test_names_that_windows_rejects(folder: str, name: str, invalid: str, valid: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_invalid(PureWindowsPath(folder), [name])
    (problem,) = caught.value.problems
    assert problem.what == f"{invalid!r} is not a valid name on Windows"
    assert problem.hint == f"{valid!r} is"


@pytest.mark.parametrize("folder", [r"C:\a b", "C:\\", r"\\server\share\x", "..\\..", "."])
def test_names_that_windows_accepts(folder: str) -> None:
    refuse_invalid(PureWindowsPath(folder), ["a.otio", "media/_con.2-abc.mp4"])


def test_a_folder_with_an_undecodable_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid UTF-8"):
        refuse_unwritable(Outputs(tmp_path / os.fsdecode(b"x\xe9"), "s"))


def test_a_drive_or_server_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like ``Z:`` or an unreachable server on Windows; on POSIX the root always exists."""
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(InputError, match="cannot be created: there is no /;"):
        refuse_unwritable(Outputs(tmp_path / "out", "s"))
