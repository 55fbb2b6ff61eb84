"""Every command prints to streams of any encoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio
import pytest
from PIL import Image

WORDS = "Żółć 日本 🎬 Straße"
STREAMS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "cp437": {"PYTHONIOENCODING": "cp437:strict"},
    "ascii": {"PYTHONUTF8": "0", "LC_ALL": "C"},
    "utf-8": {"PYTHONUTF8": "1"},
}
SCRIPT = f"""\
version: 1
title: "{WORDS}"
output: {{width: 108, height: 192, fps: 24}}
captions: {{burn: false}}
scenes:
  - {{id: a, duration: 2, keyframe: "STILL", renderer: camera, prompt: "{WORDS}"}}
  - {{id: b, duration: 2, keyframe: "STILL", renderer: camera}}
"""


@dataclass(frozen=True)
class Made:
    """A compiled project with names that few encodings have."""

    folder: Path
    script: str

    @property
    def name(self) -> str:
        return Path(self.script).stem

    @property
    def timeline(self) -> str:
        return f"build/{self.name}/{self.name}.otio"


def run(
    folder: Path, encoding: str, *args: str, program: str = "-m otio_gvideo.compiler"
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process; return its output as bytes."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "LANG"))}
    done = subprocess.run(
        [sys.executable, *program.split(), *args],
        cwd=folder,
        env=own | STREAMS[encoding],
        capture_output=True,
        check=False,
    )
    assert b"UnicodeEncodeError" not in done.stderr, done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


@pytest.fixture(scope="module", params=["latin", "any"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A project; with ``latin``, its file names are ASCII, which the C locale can open."""
    folder = tmp_path_factory.mktemp("project")
    still, script = {"latin": ("a.png", "s.yaml"), "any": ("a é日.png", "s ü日.yaml")}[
        request.param
    ]
    Image.linear_gradient("L").convert("RGB").resize((108, 192)).save(folder / still)
    (folder / script).write_text(SCRIPT.replace("STILL", still), encoding="utf-8")
    project = Made(folder, script)
    done = run(folder, "utf-8", "compile", script)
    assert done.returncode == 0, done.stderr.decode()
    timeline = otio.adapters.read_from_file(str(folder / project.timeline))
    track = timeline.video_tracks()[0]
    track[0].name = WORDS
    del track[1]
    track.append(
        otio.schema.Clip(f"{WORDS} 2", otio.schema.MissingReference(), track[0].source_range)
    )
    track.append(
        otio.schema.Clip(
            "lost", otio.schema.ExternalReference("weg/日 é.mp4"), track[0].source_range
        )
    )
    otio.adapters.write_to_file(timeline, str(folder / "edited.otio"))
    words = f"1\n00:00:00,000 --> 00:00:02,000\n{WORDS}\n"
    (folder / "words.srt").write_text(words, encoding="utf-8")
    return project


COMMANDS = [
    (0, "compile {script}"),
    (0, "compile {script} --progress json"),
    (2, "compile {script} --renderer żółć"),
    (0, "plan {script}"),
    (1, "flatten edited.otio -o cut.mp4"),
    (1, "flatten edited.otio -o cut.mp4 --progress json"),
    (0, "export edited.otio -o x.fcpxml"),
    (0, "view edited.otio -o page.html"),
    (0, "diff {timeline} edited.otio"),
    (1, "relink edited.otio --media ."),
    (1, "check build/{name}/{name}.mp4 --against edited.otio"),
    (1, "check build/{name}/{name}.mp4 --against edited.otio --json"),
    (0, "transcript words.srt"),
    (2, "compile --what-日"),
    (0, "evaluate {timeline} --renderers camera --slots a --json"),
]
"""With their exit statuses."""


@pytest.mark.slow
@pytest.mark.parametrize(("status", "command"), COMMANDS)
def test_every_command_prints(status: int, command: str, made: Made) -> None:
    encoding = "ascii" if made.script.isascii() else "cp1252"
    args = [
        part.format(script=made.script, timeline=made.timeline, name=made.name)
        for part in command.split(" ")
    ]
    done = run(made.folder, encoding, *args)
    message = done.stdout.decode(encoding)
    assert done.returncode == status, done.stderr.decode(encoding)
    if "--json" in args:
        assert json.loads(done.stdout.decode("ascii"))
    elif "json" in args:
        assert [json.loads(line) for line in done.stdout.decode("ascii").splitlines()]
    elif status == 0:
        assert message


@pytest.mark.slow
@pytest.mark.parametrize("command", ["doctor", "--help", "flatten --help"])
def test_help_and_doctor_print(command: str, tmp_path: Path) -> None:
    done = run(tmp_path, "ascii", *command.split())
    assert done.returncode == 0
    assert done.stdout.decode("ascii")


def test_schemas_are_json_in_every_encoding(tmp_path: Path) -> None:
    done = run(tmp_path, "cp1252", "schema", "script")
    assert json.loads(done.stdout.decode("ascii"))


def test_json_is_the_same_in_every_encoding(made: Made) -> None:
    args = ("compile", "nowhere-é日.yaml", "--progress", "json")
    message = [
        run(made.folder, encoding, *args).stdout.splitlines()[-1]
        for encoding in ("utf-8", "cp1252", "cp437")
    ]
    assert "nowhere-é日.yaml" in message[0].decode()
    assert "nowhere-\\u00e9\\u65e5.yaml" in message[1].decode("ascii")
    assert json.loads(message[0]) == json.loads(message[1]) == json.loads(message[2])


def test_unencodable_characters_are_escaped(made: Made) -> None:
    message = run(made.folder, "cp1252", "compile", "nowhere-é日.yaml").stderr
    assert message.decode("cp1252").splitlines() == ["nowhere-é\\u65e5.yaml: no such file"]


@pytest.mark.posix
def test_undecodable_names_are_escaped(tmp_path: Path) -> None:
    name = b"nowhere-\xe9.yaml"
    done = run(tmp_path, "utf-8", "compile", os.fsdecode(name))
    assert done.stderr.count(b"\n") == 1
    assert b"/nowhere-\\xe9.yaml: its name is not valid UTF-8" in done.stderr
    done = run(tmp_path, "utf-8", "compile", os.fsdecode(name), "--progress", "json")
    file = json.loads(done.stdout)["error"]["problems"][0]["file"]
    assert file.endswith("/nowhere-\\xe9.yaml")


BARS = """\
import io, os, sys
from otio_gvideo.compiler.progress_display import display
from otio_gvideo.compiler.printing import escape_unencodable
from otio_gvideo.compiler.progress import Progress
escape_unencodable()
with display("auto") as show:
    for done in range(5):
        show(Progress("render", done, 4, slot="Żółć 日本", left_s=3.0))
        show._bars.refresh()
    show(Progress("render", 4, 4, "Żółć 日本 🎬 Straße: 1 made"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_bars_are_drawn_on_a_terminal_of_any_encoding(encoding: str, tmp_path: Path) -> None:
    program = tmp_path / "bars.py"
    program.write_text(BARS, encoding="utf-8")
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "LANG"))}
    leader, follower = os.openpty()
    environment = own | STREAMS[encoding] | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, program], stdout=follower, stderr=subprocess.PIPE, env=environment
    )
    os.close(follower)
    message = b"".join(_read(leader))
    assert process.stderr is not None
    error = process.stderr.read()
    assert process.wait() == 0, error.decode()
    assert b"render" in message
    assert b"\\u65e5\\u672c" in message


def _read(descriptor: int) -> Iterator[bytes]:
    try:
        while block := os.read(descriptor, 4096):
            yield block
    except OSError:
        return  # Linux reports this if the other end is closed.
    finally:
        os.close(descriptor)
