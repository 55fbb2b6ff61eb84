"""An ffmpeg that hangs, floods its log, crashes or loses output is a one-line error."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from otio_gvideo.compiler.media import ffmpeg, ffmpeg_watchdog, find_ffmpeg
from otio_gvideo.compiler.media.ffmpeg import pipe_args, process, run
from otio_gvideo.compiler.media.ffmpeg_log import HEAD_BYTES, TAIL_BYTES, FfmpegError
from otio_gvideo.compiler.media.ffmpeg_watchdog import STALL_S, patience
from otio_gvideo.compiler.media.find_ffmpeg import encoder_names, ffmpeg_path, trial

pytestmark = pytest.mark.posix
ARGS = ["-f", "null", "-"]
ANSWERS = """\
case "$*" in
  -version) echo 'ffmpeg version 7.1 Copyright'; exit;;
  *encoder=libx264) echo 'Encoder libx264 [x]'; exit;;
esac
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the path of a fake ffmpeg, first on the PATH, for tests to write."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    yield folder / "ffmpeg"
    find_ffmpeg._choose.cache_clear()


def write(program: Path, text: str, answers: str = ANSWERS) -> None:
    program.write_text(f"#!/bin/sh\n{answers}{text}\n")
    program.chmod(0o755)


def failure(what: str = "working") -> str:
    with pytest.raises(FfmpegError) as caught:
        run(ARGS, what=what)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_hang_is_reported_and_killed(
    fake: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ffmpeg, "STALL_S", 1.5)
    monkeypatch.setattr(ffmpeg_watchdog, "NOTICE_S", 0.3)
    write(fake, "sleep 60")
    started = time.monotonic()
    assert "no progress for 2 s" in failure("encoding a.mp4")
    assert time.monotonic() - started < 10
    assert [record.getMessage() for record in caplog.records] == [
        "otio-gvideo: waiting for ffmpeg (encoding a.mp4): no progress for 0 s; "
        "it is killed after 2 s"
    ]


def test_a_hang_while_feeding_is_killed(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "STALL_S", 1.0)
    write(fake, "sleep 60")
    started = time.monotonic()
    with (
        pytest.raises(FfmpegError, match="no progress for 1 s"),
        process(pipe_args("-f", "f32le"), what="measuring", pipe_in=True) as running,
    ):
        for _ in range(64):
            running.write(memoryview(bytes(1 << 20)))
    assert time.monotonic() - started < 10


def test_slow_progress_is_not_a_hang(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "STALL_S", 3)
    write(fake, "for n in $(seq 20); do echo frame=$n; sleep 0.2; done")
    frames: list[int] = []
    run(ARGS, what="working", on_frame=frames.append)
    assert frames[-1] == 20


def test_reports_without_progress_are_a_hang(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "STALL_S", 0.6)
    write(fake, "while true; do echo frame=1; sleep 0.1; done")
    assert "no progress" in failure()


def test_patience_grows_with_the_work() -> None:
    assert patience() == STALL_S
    assert patience(frames=240, pixels=108 * 192) < 70
    assert 200 < patience(frames=480, pixels=1080 * 1920) < 600
    assert patience(size_bytes=10**9) > 200
    assert patience(frames=1, pixels=4, source_pixels=3840 * 2160) > 200


def test_an_ffmpeg_that_does_not_answer_is_skipped_once(
    fake: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(find_ffmpeg, "ANSWER_S", 0.5)
    write(fake, "sleep 60", answers="")
    started = time.monotonic()
    assert ffmpeg_path() != str(fake)
    ffmpeg_path()
    assert time.monotonic() - started < 5
    assert len(caplog.records) == 1
    assert "no answer to -version" in caplog.text


def test_an_unfit_ffmpeg_without_a_fallback_is_an_error(
    fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_ffmpeg, "ANSWER_S", 0.5)
    monkeypatch.setattr(find_ffmpeg, "_TRIAL_S", 0.5)
    write(fake, "sleep 60", answers="")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(fake))
    with pytest.raises(FfmpegError, match="no answer to -hide_banner -encoders within"):
        encoder_names(ffmpeg_path())
    assert not trial(ffmpeg_path(), [])


def test_an_ffmpeg_that_cannot_be_started_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    assert "No such file" in failure()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kill -SEGV $$", "it was ended by SIGSEGV"),
        ("kill -KILL $$", "it was killed (SIGKILL), as systems do when memory runs out"),
        ("(kill -SEGV $(sh -c 'echo $PPID')); exit 139", "it was ended by SIGSEGV"),
        ("echo 'x265 [error]: malloc failed' >&2; kill -ABRT $$", "SIGABRT; x265 [error]: malloc"),
        ("exit 3", "exit status 3"),
    ],
)
def test_a_signal_is_named(fake: Path, text: str, told: str) -> None:
    write(fake, text)
    assert told in failure()


@pytest.mark.parametrize(
    "line",
    [
        "av_interleaved_write_frame(): No space left on device",
        "[out#0/mp4 @ 0x1] Error writing trailer: No space left on device",
        "Error writing trailer of file:/a.mp4: Input/output error",
        "[out#0/mp4 @ 0x1] Error closing file: Disk quota exceeded",
        "[vost#0:0/libx264 @ 0x1] Error submitting a packet to the muxer: Broken pipe",
    ],
)
def test_a_failed_write_is_an_error_even_with_status_0(fake: Path, line: str) -> None:
    write(fake, f"echo before >&2; echo '{line}' >&2; echo after >&2; exit 0")
    assert failure("writing a.mp4") == f"ffmpeg failed while writing a.mp4: {line}"


def test_metadata_of_a_file_are_no_write_error(fake: Path) -> None:
    write(fake, "echo '  title : No space left on device' >&2")
    assert "title" in run(ARGS, what="measuring", loglevel="info")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error(each_ffmpeg: str) -> None:
    source = ["-f", "lavfi", "-i", "anullsrc=d=0.1", "-f", "wav", "/dev/full"]
    with pytest.raises(FfmpegError, match="No space left on device"):
        run(source, what="writing")


@pytest.mark.slow
def test_a_flood_of_messages_takes_bounded_memory_and_no_disk(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    head = shutil.which("head")
    flood = f"{head} -c 300000000 /dev/zero | tr '\\0' 'x' >&2"
    write(fake, f"echo first >&2\n{flood}\necho >&2\necho last >&2\nls -A {scratch} >&2\nexit 1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = failure()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert said.startswith("ffmpeg failed while working: first;")
    assert said.endswith("; last")
    assert len(said) < 1000
    assert (after - before) * (1 if sys.platform == "darwin" else 1024) < 30_000_000


def test_a_long_log_keeps_its_start_and_its_end(fake: Path) -> None:
    line = "frame 12345: an error in the stream"
    write(fake, f"echo first >&2; yes '{line}' | head -n 9000 >&2; echo last >&2")
    said = run(ARGS, what="decoding")
    assert said.startswith("first\n")
    assert said.endswith("last\n")
    assert "bytes left out]" in said
    assert len(said) < HEAD_BYTES + TAIL_BYTES + 100


def test_a_write_error_in_the_middle_of_a_flood_is_found(fake: Path) -> None:
    noise = "yes 'some noise of a decoder' | head -n 9000 >&2"
    write(fake, f"{noise}; echo 'Error writing trailer of a.mp4: File too large' >&2; {noise}")
    assert "Error writing trailer of a.mp4: File too large" in failure()


def test_a_program_that_was_just_replaced_is_asked_again(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    for name, answer in (("true", ""), ("echo", "-version")):
        shutil.copy(shutil.which(name) or name, program)
        assert find_ffmpeg._ask(str(program), "-version").strip() == answer


def test_a_settled_program_is_asked_once_and_a_script_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_ffmpeg, "_SETTLED_S", -1.0)
    program, script = tmp_path / "ffmpeg", tmp_path / "wrapper"
    shutil.copy(shutil.which("echo") or "echo", program)
    assert find_ffmpeg._ask(str(program), "-h").endswith("-h\n")
    asked = []
    monkeypatch.setattr(find_ffmpeg, "_answer", lambda *args: asked.append(args) or "again")
    assert find_ffmpeg._ask(str(program), "-h").endswith("-h\n")
    write(script, "exit 0")
    assert find_ffmpeg._ask(str(script), "-h") == "again"
    shutil.copy(shutil.which("true") or "true", program)
    assert find_ffmpeg._ask(str(program), "-h") == "again"
    assert [args[0] for args in asked] == [str(script), str(program)]
