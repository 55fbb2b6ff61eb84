"""ffmpeg: discovery, feeding, watchdog and stop."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from otio_gvideo.compiler.media import ffmpeg, find_ffmpeg
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, pipe_args, process, run
from otio_gvideo.compiler.media.ffmpeg_log import FfmpegError, StoppedError
from otio_gvideo.compiler.media.find_ffmpeg import (
    ffmpeg_path,
    ffmpeg_version,
    filter_values,
    identity_of,
)

ENDLESS = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "-"]


def program(folder: Path, text: str) -> None:
    if sys.platform == "win32":
        pytest.skip("no program is a text there")
    folder.mkdir(exist_ok=True)
    file = folder / "ffmpeg"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    "text",
    [
        "exit 1",
        "echo 'ffmpeg version 4.4.2 Copyright'; echo 'Encoder libx264 [x]'",
        "echo 'ffmpeg version 7.1 Copyright'; echo \"Codec 'libx264' is not recognized\"",
    ],
)
def test_an_unfit_ffmpeg_is_skipped(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", text)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert ffmpeg_path() != str(tmp_path / "bin" / "ffmpeg")


@pytest.mark.parametrize("version", ["5.1.9-0+deb12u1", "n9.0.2-17-g2a571b6068", "N-118000-gabc"])
def test_a_fit_ffmpeg_on_the_path_comes_first(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", f"echo 'ffmpeg version {version} x'; echo 'Encoder libx264 [x]'")
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert ffmpeg_path() == str(tmp_path / "bin" / "ffmpeg")
    assert ffmpeg_version() == version


@pytest.mark.skipif(sys.platform == "win32", reason="links are a privilege there")
def test_what_runs_an_ffmpeg_of_its_own_choice_has_no_known_version(tmp_path: Path) -> None:
    """As /snap/bin/ffmpeg does, a link to /usr/bin/snap, which stays when the snap is new."""
    alias = tmp_path / "alias"
    alias.symlink_to(ffmpeg_path())
    assert identity_of(alias) == identity_of(Path(ffmpeg_path()))
    (tmp_path / "snap").write_bytes(Path(sys.executable).read_bytes())
    os.utime(tmp_path / "snap", (1, 1))
    (tmp_path / "ffmpeg").symlink_to("snap")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(find_ffmpeg, "_SETTLED_S", -600.0)
        assert identity_of(tmp_path / "ffmpeg") is None
        (tmp_path / "snap").rename(tmp_path / "ffmpeg-7")
        assert identity_of(tmp_path / "ffmpeg-7") is not None


def test_a_failure_is_one_line_that_names_the_cause(each_ffmpeg: str, tmp_path: Path) -> None:
    with pytest.raises(FfmpegError) as caught:
        run([*input_args(tmp_path / "none.mp4"), "-f", "null", "-"], what="reading none.mp4")
    assert "while reading none.mp4" in str(caught.value)
    assert "No such file" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/a.mp4", "tcp://127.0.0.1:9"])
def test_playlists_cannot_reach_the_network(each_ffmpeg: str, target: str, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n")
    with pytest.raises(FfmpegError) as caught:
        run([*input_args(playlist), "-f", "null", "-"], what="reading a playlist")
    assert "Connection refused" not in str(caught.value)


def test_a_stop_kills_ffmpeg_at_once() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        run(ENDLESS, what="waiting", stop=stop)
    assert time.monotonic() - started < 5


@pytest.mark.skipif(sys.platform == "win32", reason="no such files")
def test_a_stall_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nothing.wav")
    monkeypatch.setattr(ffmpeg, "STALL_S", 0.5)
    with pytest.raises(FfmpegError, match="no progress for"):
        run([*input_args(tmp_path / "nothing.wav"), "-f", "null", "-"], what="waiting")


def test_an_exception_of_the_caller_leaves_no_process() -> None:
    with pytest.raises(KeyboardInterrupt), process(ENDLESS, what="waiting") as running:
        raise KeyboardInterrupt
    assert running._popen.returncode is not None


def test_progress_counts_frames(each_ffmpeg: str) -> None:
    counts: list[int] = []
    source = ["-f", "lavfi", "-i", "color=s=16x16:d=1:r=24", "-f", "null", "-"]
    run(source, what="counting", on_frame=counts.append)
    assert counts[-1] == 24


def test_an_encoder_that_stops_early_reports_the_cause(tmp_path: Path) -> None:
    args = [*pipe_args("-f", "f32le"), *output_args(tmp_path / "no" / "folder.wav")]
    block = memoryview(bytes(1 << 22))
    with (
        pytest.raises(FfmpegError, match="No such file"),
        process(args, what="writing", pipe_in=True) as running,
    ):
        for _ in range(8):
            running.write(block)


def test_filter_values_are_those_of_this_build(each_ffmpeg: str) -> None:
    names = filter_values(each_ffmpeg, "xfade", "transition")
    assert {"fade", "wipeleft", "zoomin", "radial", "fadeslow"} <= names
    assert not names & {"duration", "offset", "expr", "xfade"}
