"""Find an ffmpeg that is fit for use, and ask it for its version, filters and encoders."""

from __future__ import annotations

import functools
import logging
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ...renderers.files.json_cache import remembered
from ..errors import WorkError
from .ffmpeg_log import FfmpegError, last_words, unanswered
from .ffmpeg_watchdog import noticed
from .programs import find_program

OLDEST = (5, 1)
"""The oldest supported version."""
COMMON_ARGS = ("-hide_banner", "-nostdin", "-nostats", "-y")
ANSWER_S = 8.0
"""Timeout of a question that ffmpeg answers about itself."""
_TRIAL_S = 30.0
"""Timeout of a trial run: hardware encoders start a device first."""
_ANSWERS = 64
"""Most cached answers."""
_SETTLED_S = 10.0
"""Age in seconds from which on the times of a program's file tell it from another one."""
_SMALLEST_BYTES = 1 << 20
"""Size from which on a program on Windows is no shim of a package manager."""
_log = logging.getLogger(__name__)


def ffmpeg_path() -> str:
    """Return the ffmpeg on the PATH if it is fit for use, else the one of imageio-ffmpeg.

    Fit means: `OLDEST` or later, and with libx264 (builds under the LGPL lack it).

    Raises:
        WorkError: there is no ffmpeg at all.
    """
    return _choose(os.environ.get("PATH", ""), os.environ.get("IMAGEIO_FFMPEG_EXE", ""))


@functools.cache
def _choose(path: str, override: str) -> str:
    found = None if override else find_program("ffmpeg", path)
    if found is not None and _is_fit(found):
        return found
    import imageio_ffmpeg  # noqa: PLC0415 - 20 ms, and seldom needed

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise WorkError("no ffmpeg found; install ffmpeg 5.1 or later, or imageio-ffmpeg") from (
            error
        )


def _is_fit(program: str) -> bool:
    try:
        version = version_of(program)
        encoders = _ask(program, "-h", "encoder=libx264")
    except FfmpegError as error:
        _log.warning("otio-gvideo: %s; another ffmpeg is used", error)
        return False
    numbers = re.match(r"n?(\d+)\.(\d+)", version)
    recent = numbers is None or (int(numbers[1]), int(numbers[2])) >= OLDEST
    return recent and "Encoder libx264" in encoders


def ffmpeg_version() -> str:
    """Return the version of `ffmpeg_path`."""
    return version_of(ffmpeg_path())


@functools.cache
def version_of(program: str) -> str:
    """Return the version that a program states, as in ``5.1.6-0+deb12u1``."""
    match = re.match(r"ffmpeg version (\S+)", _ask(program, "-version"))
    return match[1] if match else "unknown"


@functools.cache
def filter_values(program: str, name: str, option: str) -> frozenset[str]:
    """Return the named values of a filter's option in this build of ffmpeg."""
    lines = _ask(program, "-h", f"filter={name}").splitlines()
    values: set[str] = set()
    inside = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        words = line.split()
        if words and indent <= 3:
            inside = words[0] == option
        elif words and inside:
            values.add(words[0])
    return frozenset(values)


@functools.cache
def encoder_names(program: str) -> frozenset[str]:
    """Return every encoder that this build lists, whether its hardware is present or not."""
    return _names(_ask(program, "-encoders"))


@functools.cache
def decoder_names(program: str) -> frozenset[str]:
    """Return every decoder that this build lists."""
    return _names(_ask(program, "-decoders"))


def _names(listed: str) -> frozenset[str]:
    lines = listed.splitlines()
    return frozenset(words[1] for line in lines if len(words := line.split()) > 1)


@functools.cache
def setpts_keeps_rate(program: str) -> bool:
    """Whether the filter `setpts` keeps the frame rate of a stream; ffmpeg 7 drops it."""
    source = "color=s=16x16:r=24:d=1,setpts=N"
    graph = f"{source}[a];{source}[b];[a][b]xfade=duration=0.5"
    return trial(program, ["-filter_complex", graph, "-frames:v", "1", "-f", "null", "-"])


def trial(program: str, args: Sequence[str]) -> bool:
    """Whether a short run of ffmpeg succeeds; False after a timeout of 30 s."""
    try:
        with noticed("a trial", _TRIAL_S):
            done = subprocess.run(
                [program, *COMMON_ARGS, "-loglevel", "quiet", *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TRIAL_S,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _ask(program: str, *args: str) -> str:
    """Return a program's standard output, from the cache if it is the same program.

    Raises:
        FfmpegError: it cannot be run, fails, or exceeds `ANSWER_S`.
    """
    identity = identity_of(Path(program))
    if identity is None:
        return _answer(program, args)
    key = " ".join([*identity, *args])
    return str(remembered("ffmpeg.json", key, lambda: _answer(program, args), _ANSWERS))


def identity_of(program: Path) -> list[str] | None:
    """Return what tells versions of a program apart; None if it may change unnoticed.

    That is the case for what may run another program, as a script, a dispatcher by another name
    (``/usr/bin/snap``) or a small program on Windows, and for one that was installed within the
    last seconds: it may be replaced by one with the same times.
    """
    try:
        found = program.resolve()
        with found.open("rb") as stream:
            is_script = stream.read(2) == b"#!"
        state = found.stat()
    except OSError:
        return None
    is_small = os.name == "nt" and state.st_size < _SMALLEST_BYTES
    is_other = not found.stem.lower().startswith("ffmpeg")
    is_new = time.time() - max(state.st_mtime, state.st_ctime) < _SETTLED_S
    times = f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}-{state.st_ino}"
    return None if is_script or is_small or is_other or is_new else [str(found), times]


def _answer(program: str, args: Sequence[str]) -> str:
    words = [*args] if args[0] == "-version" else ["-hide_banner", *args]
    try:
        return subprocess.run(
            [program, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=True,
            timeout=ANSWER_S,
            stdin=subprocess.DEVNULL,
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise FfmpegError(unanswered(program, words, ANSWER_S)) from error
    except subprocess.CalledProcessError as error:
        cause = last_words("", error.returncode)
        raise FfmpegError(f"{program} {words[-1]} failed: {cause}") from error
    except OSError as error:
        raise FfmpegError(f"{program} cannot be run: {error.strerror or error}") from error
