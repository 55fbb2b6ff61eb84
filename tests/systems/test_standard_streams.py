"""Standard streams that the caller closed, that are full, or that a program reads as JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors.formats import read
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.printing import print_json

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell redirects them")


def shell(words: str, redirection: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f'"{sys.executable}" -m otio_gvideo.compiler {words} {redirection}'
    return subprocess.run(
        ["sh", "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(folder: Path, redirection: str) -> None:
    done = shell("compile small.yaml --until timeline", redirection, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((folder / "build/small/small.otio").read_text())


def test_programs_have_the_streams_that_the_caller_closed() -> None:
    started = "import os; [os.fstat(number) for number in range(3)]"
    program = (
        "from otio_gvideo.compiler.printing import open_standard_streams as opened\n"
        "import subprocess, sys\n"
        f"opened(); sys.exit(subprocess.run([sys.executable, '-c', '{started}']).returncode)"
    )
    words = f'"{sys.executable}" -c "$PROGRAM" <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", words], env=os.environ | {"PROGRAM": program}, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_json_line_is_one_write_to_an_unbuffered_stream() -> None:
    """Else lines of processes that share a file can mix."""
    written: list[bytes] = []

    class Unbuffered(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            written.append(bytes(data))
            return len(data)

    print_json({"stage": "read"}, io.TextIOWrapper(Unbuffered(), "utf-8", write_through=True))  # type: ignore[arg-type]
    assert written == [b'{"stage": "read"}\n']


def test_a_full_device_is_one_line(tmp_path: Path) -> None:
    done = shell("schema script", ">/dev/full", tmp_path)
    assert done.returncode == 1
    message = "cannot be printed: No space left on device; free some space, and run again"
    assert done.stderr == f"otio-gvideo: {message}\n"
    done = shell("compile none.yaml --progress json", ">/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"otio-gvideo: {message}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_not_reported_as_full_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write_to_full_disk(*_: object) -> None:
        with Path("/dev/full").open("wb", buffering=0) as stream:
            stream.write(b"frame")

    monkeypatch.setattr("otio_gvideo.schemas.load", write_to_full_disk)
    assert main(["schema", "script"]) == 1
    message = "a file cannot be written: No space left on device; free some space, and run again"
    assert capsys.readouterr().err == f"otio-gvideo: {message}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "a", "--size", "x", "--progress", "json"],
        ["render", "--progress=json", "a", "b"],
    ],
)
def test_a_usage_error_is_a_json_line_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert error["exit_status"] == 2
    problem = error["problems"][0]
    assert f"{problem['what']}; {problem['hint']}\n" in printed.err


@pytest.mark.parametrize("command", ["render", "evaluate", "diff /"])
def test_the_root_folder_is_no_timeline(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "/"]) == 2
    assert capsys.readouterr().err == "/: is a folder, not a timeline\n"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.otio"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is a device or a pipe, not a file"):
        read(pipe)
    # Nor beside a timeline whose compiled one is searched.
    clip = tmp_path / "clip.otio"
    clip.write_text('{"OTIO_SCHEMA": "Clip.1"}')
    assert main(["render", str(clip)]) == 2
