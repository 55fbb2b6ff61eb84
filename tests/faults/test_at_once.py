"""Concurrent runs in one folder do not disturb each other."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from otio_gvideo.renderers.files.atomic_file import SCRATCH

from .conftest import clone
from .output_folder import (
    Expected,
    assert_finished,
    assert_nothing_left,
    assert_whole,
    contents,
    frames_of,
)
from .preload import Shim
from .runs import Process, Result, assert_one_line, finish, run, start

RUNS = 5
SLOW_MS = 8
"""Delay of each of some 350 calls of a run, so that runs overlap on any machine."""
NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


@pytest.fixture
def versions(script: Path, expected: Expected, tmp_path: Path) -> dict[Path, Expected]:
    """Two versions of the script, and the output of each in its own folder."""
    folder = tmp_path / "version"
    shutil.copytree(script.parent, folder)
    other = folder / script.name
    other.write_text(script.read_text().replace("push_in", "pan_left").replace("the sea", "a sea"))
    case = tmp_path / "of version"
    assert run(case, "compile", other, "-o", case / "out").status == 0
    return {script: expected, other: Expected(case / "out", contents(case / "out"))}


def wait_for(folder: Path, pattern: str, process: Process) -> None:
    """Wait until a run has written a file, or ended."""
    while process.poll() is None and not list(folder.glob(pattern)):
        time.sleep(0.01)


def skip_without_namespaces() -> None:
    probe = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"a namespace of processes takes root: {probe.stderr.strip()}")


@pytest.mark.parametrize("is_complete", [False, True])
def test_runs_at_once_make_one_reel(
    is_complete: bool, script: Path, expected: Expected, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    if is_complete:
        clone(expected, folder)
    runs = [start(tmp_path, "compile", script, "-o", folder) for _ in range(RUNS)]
    for result in map(finish, runs):
        assert (result.status, result.err) == (0, "")
    assert_finished(Result(0, "", ""), folder, expected)


def is_made(folder: Path, version: Expected) -> bool:
    """Return whether the reel, its captions and its timeline are of the same version."""
    found = contents(folder)
    names = [name for name in version.files if "/" not in name]
    return all(found.get(name) == version.files[name] for name in names)


def test_two_versions_of_a_script_at_once_are_not_mixed(
    versions: dict[Path, Expected], shim: Shim, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    folder = case / "out"
    env = shim.slowed(case, SLOW_MS)
    runs = []
    for script in versions:
        runs.append(start(case, "compile", script, "-o", folder, env=env))
        wait_for(folder, "media/*.mp4", runs[-1])
    for result in map(finish, runs):
        if result.status != 0:
            assert_one_line(result, str(folder))
    assert any(is_made(folder, version) for version in versions.values()), "mixed"
    for script, version in versions.items():
        result = run(case, "compile", script, "-o", folder)
        assert (result.status, result.err) == (0, "")
        assert is_made(folder, version)
    assert_nothing_left(folder)


def test_two_scripts_in_one_folder_at_once(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    folder, project = case / "out", tmp_path / "project"
    shutil.copytree(script.parent, project)
    scripts = [project / "reel.yaml", project / "film.yaml"]
    shutil.copy(scripts[0], scripts[1])
    env = shim.slowed(case, SLOW_MS)
    runs = [start(case, "compile", each, "-o", folder, env=env) for each in scripts]
    for each, result in zip(scripts, map(finish, runs), strict=True):
        if result.status != 0:
            assert len(result.errors) == 1, result.err
            assert run(case, "compile", each, "-o", folder).status == 0
    found = contents(folder)
    for name, data in expected.files.items():
        if name.endswith((".mp4", ".srt", ".vtt")):
            assert found[name] == data, name
            assert "/" in name or found[name.replace("reel", "film")] == data
    assert_nothing_left(folder)


def test_runs_in_containers_that_share_a_folder_make_one_reel(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path
) -> None:
    """Their processes have the same ids, and do not see each other."""
    skip_without_namespaces()
    case = tmp_path / "case"
    folder = case / "out"
    env = shim.slowed(case, SLOW_MS)
    words = ("compile", script, "-o", folder)
    runs = []
    for wanted in (f"media/{SCRATCH}*/*.mp4", "media/*.mp4", "reel.segments/*"):
        runs.append(start(case, *words, env=env, prefix=NAMESPACE))
        wait_for(folder, wanted, runs[-1])
    for result in map(finish, runs):
        assert (result.status, result.err) == (0, "")
    assert_finished(Result(0, "", ""), folder, expected)


def test_a_run_killed_in_a_container_is_carried_on_outside(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path
) -> None:
    skip_without_namespaces()
    case = tmp_path / "case"
    folder = case / "out"
    process = start(
        case, "compile", script, "-o", folder, env=shim.slowed(case, SLOW_MS), prefix=NAMESPACE
    )
    wait_for(folder, "reel.segments/*", process)
    process.kill()
    finish(process)
    assert_whole(folder, expected)
    assert_finished(run(case, "compile", script, "-o", folder), folder, expected)


def test_readers_never_see_half_a_file(
    versions: dict[Path, Expected], shim: Shim, tmp_path: Path
) -> None:
    """While a folder goes from one version to another and back, it can be read at any time."""
    writing, reading = tmp_path / "case", tmp_path / "reader"
    folder, made = writing / "out", reading / "out"
    made.mkdir(parents=True)
    (first, before), second = next(iter(versions.items())), list(versions)[1]
    assert run(writing, "compile", first, "-o", folder).status == 0
    timeline, reel = folder / "reel.otio", folder / "reel.mp4"
    readers = (
        ("export", timeline, "-o", made / "x.fcpxml"),
        ("flatten", timeline, "-o", made / "x.mp4"),
        ("view", timeline, "-o", made / "x.html"),
        ("check", reel, "--against", timeline),
    )
    frames = frames_of(before.folder / "reel.mp4")
    failures, count = [], 0
    for script in (second, first):
        env = shim.slowed(writing, 2 * SLOW_MS)
        words = ("compile", script, "-o", folder, "--force")
        process = start(writing, *words, env=env)
        while process.poll() is None:
            result = run(reading, *readers[count % len(readers)])
            # A reel may be checked against the timeline of a run in progress.
            is_measure = count % len(readers) == 3
            if "unexpected" in result.err or (result.status and not is_measure):
                failures.append(f"{readers[count % len(readers)][0]}: {result}")
            count += 1
            for path in made.glob("*.mp4"):
                assert frames_of(path) == frames, "a torn file"
        result = finish(process)
        assert (result.status, result.errors) == (0, []), result
    print(f"read {count} times, {len(failures)} failures")
    assert not failures, "\n".join(failures)
    assert is_made(folder, before)
