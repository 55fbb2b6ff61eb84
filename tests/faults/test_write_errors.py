"""Write errors of each file of a run in turn, in Python and in ffmpeg."""

from __future__ import annotations

import errno
import os
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

from .output_folder import Expected, assert_finished, assert_nothing_left, assert_whole
from .preload import Shim, seen
from .runs import assert_one_line, each, run

CODES = (errno.ENOSPC, errno.EIO, errno.EDQUOT)
"""Errors of a full disk, a failing disk and an exhausted quota."""


def pattern_of(path: Path, folder: Path) -> str:
    """Return a pattern for the file in any run, without hashes, random names and process ids."""
    text = str(path.relative_to(folder))
    text = re.sub(r"(?<=[-./])[0-9a-f]{12,64}(?=[-./])", "*", text)
    text = re.sub(r"(?<=[-./])(?:tmp)?[a-z0-9_]{8}(?=[-./]|$)", "*", text)
    return re.sub(r"\d{2,}", "*", text)


def files_of(case: Path, call: str) -> list[str]:
    """Return the patterns of all files with such a call."""
    # All slots are rendered alike: one is enough.
    slots = r"/\.?(breath|stairs)-"
    paths = {path for name, path in seen(case) if name == call and path.suffix != ".lock"}
    found = {pattern_of(path, case) for path in paths if not re.search(slots, str(path))}
    found = {pattern for pattern in found if not pattern.endswith("(deleted)")}
    return sorted(f"{case.parent}/*/{pattern}" for pattern in found)


@pytest.fixture(scope="module")
def watched(unwatched_script: Path, shim: Shim, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case of a run with logged calls."""
    case = tmp_path_factory.mktemp("calls") / "case"
    env = shim.counting(case)
    assert run(case, "compile", unwatched_script, "-o", case / "out", env=env).status == 0
    assert seen(case)
    return case


@pytest.mark.parametrize("calls", ["write", "fsync", "close", "rename", "open"])
def test_a_write_error_is_one_line(
    calls: str,
    script: Path,
    expected: Expected,
    shim: Shim,
    watched: Path,
    tmp_path: Path,
    tries: int | None,
) -> None:
    patterns = files_of(watched, calls)
    assert len(patterns) > 5
    if calls != "write" and tries is None:
        # The code is the same as for writes: a part of the files is enough.
        patterns = patterns[len(calls) % 7 :: 7]

    def check(number: int, pattern: str) -> None:
        case = tmp_path / str(number)
        pattern = pattern.replace(str(watched.parent), str(tmp_path))
        code = CODES[number % len(CODES)]
        after = 700 if number % 2 and pattern.endswith((".mp4", ".otio")) else 0
        env = shim.failing(case, pattern, code=code, calls=calls, after=after)
        result = run(case, "compile", script, "-o", case / "out", env=env)
        assert seen(case), "no call failed"
        assert_whole(case / "out", expected)
        if result.status == 0:
            # The file is a cache for later runs, or was written nevertheless.
            assert_finished(result, case / "out", expected)
            return
        assert_one_line(result, os.strerror(code), "cannot be written")
        assert_nothing_left(case / "out")
        if tries is None and number % 3:
            return  # The next run is the same whichever file was not written.
        assert_finished(run(case, "compile", script, "-o", case / "out"), case / "out", expected)

    each(patterns, check)


EXPORTS = (
    "otio",
    "otioz",
    "otiod",
    "fcpxml",
    "xml",
    "edl",
    "aaf",
    "mlt",
    "kdenlive",
    "srt",
    "vtt",
    "ass",
)


def test_no_command_leaves_half_a_file(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path
) -> None:
    timeline, words = expected.folder / "reel.otio", script.with_name("words.json")
    commands: dict[str, tuple[object, ...]] = {
        **{f"x.{suffix}": ("export", timeline, "-o") for suffix in EXPORTS},
        "x.html": ("view", timeline, "-o"),
        "x.mp4": ("flatten", timeline, "-o"),
        "x.gif": ("flatten", timeline, "--preset", "gif", "-o"),
        "x.json": ("transcript", words, "-o"),
        "y.otio": ("relink", timeline, "--media", expected.folder, "-o"),
        "z.otio": ("render", timeline, "-o"),
        "x.yaml": ("init", script.parent, "-o"),
    }

    def check(number: int, name: str) -> None:
        case = tmp_path / str(number)
        folder = case / "out"
        folder.mkdir(parents=True)
        code = CODES[number % len(CODES)]
        after = 0 if number % 2 else 100
        env = shim.failing(case, f"{folder}/*", code=code, after=after)
        result = run(case, *commands[name], folder / name, env=env)
        if not any(call == "write" for call, _ in seen(case)):
            assert result.status == 2, "no call failed"  # These commands cannot write it.
            return
        assert_one_line(result, os.strerror(code), "cannot be written")
        assert name in result.err or result.err.startswith("otio-gvideo: ffmpeg failed while ")
        left = [path.name for path in folder.rglob("*") if path.is_file()]
        assert not left, f"left behind: {left}"
        assert_nothing_left(folder)
        if number % 3:
            return
        result = run(case, *commands[name], folder / name)
        assert (result.status, (folder / name).exists()) == (0, True), result

    each(list(commands), check)


def test_a_write_error_of_an_evaluation_is_one_line(
    script: Path, shim: Shim, tmp_path: Path
) -> None:
    compiled = tmp_path / "compiled"
    made = run(compiled, "compile", script, "-o", compiled / "out", "--until", "timeline")
    assert made.status == 0

    def check(number: int, name: str) -> None:
        case = tmp_path / str(number)
        folder = case / "out"
        shutil.copytree(compiled / "out", folder)
        before = {path.name for path in folder.iterdir()}
        words = ("evaluate", folder / "reel.otio", "--renderers", "camera", "--slots", "breath")
        result = run(case, *words, env=shim.failing(case, f"{folder}/*{name}"))
        assert seen(case), "no call failed"
        assert_one_line(result, os.strerror(errno.ENOSPC), "cannot be written")
        assert_nothing_left(folder)
        made = {path.name for path in folder.rglob("*") if path.is_file()} - before
        assert not any(fnmatch(file, f"*{name}") for file in made), made
        assert run(case, *words).status == 0

    each(["breath-*.mp4", "breath-*.json", "evaluation.json", "evaluation.html"], check)
