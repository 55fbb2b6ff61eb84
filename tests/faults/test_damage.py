"""Damaged stored files are detected, reported and made again."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from . import damage
from .conftest import clone
from .output_folder import Expected, assert_finished, assert_whole, contents
from .runs import assert_one_line, each, run

Damage = Callable[[Path], None]

# A missing file is not damaged: it is made again without a warning.
MEDIA: dict[str, tuple[str, Damage, bool]] = {
    "a bit in the middle": ("media/dusk-*.mp4", damage.flip(0.5), True),
    "a bit at the end": ("media/stairs-*.mp4", damage.flip(1), True),
    "a block of zeros": ("media/breath-*.mp4", damage.zero_block, True),
    "another of the same size": ("media/breath-*.mp4", damage.replace_same_size, True),
    "two swapped": ("media/dusk-*.mp4", damage.swap, True),
    "deleted": ("media/dusk-*.mp4", damage.delete, False),
    "a broken sidecar": ("media/dusk-*.json", damage.break_json, True),
    "the sidecar of another": ("media/dusk-*.json", damage.swap, True),
    "a sidecar without hashes": ("media/dusk-*.json", damage.drop_hashes, False),
    "no sidecar": ("media/dusk-*.json", damage.delete, False),
}
SEGMENTS: dict[str, tuple[str, Damage, bool]] = {
    "a bit of a segment": ("*.segments/[0-9a-f]*.mp4", damage.flip(0.6), True),
    "an empty segment": ("*.segments/[0-9a-f]*.mp4", damage.empty, True),
    "a segment of other": ("*.segments/[0-9a-f]*.mp4", damage.replace_same_size, True),
    "no segment": ("*.segments/[0-9a-f]*.mp4", damage.delete, False),
    "a bit of sound": ("*.segments/sound-*.mp4", damage.flip(0.5), True),
    "half the measure": ("*.segments/sound-*.json", damage.break_json, True),
    "headers": ("*.segments/headers-*.mp4", damage.flip(0.5), True),
}


def victim_in(folder: Path, pattern: str) -> Path:
    """Return the file to damage."""
    return next(path for path in sorted(folder.glob(pattern)) if not path.name.startswith("."))


@pytest.mark.parametrize("kind", ["media", "segments"])
def test_a_damaged_file_is_reported_and_made_again(
    kind: str, script: Path, expected: Expected, tmp_path: Path
) -> None:
    cases = MEDIA if kind == "media" else SEGMENTS

    def check(number: int, name: str) -> None:
        pattern, inflict, is_said = cases[name]
        folder = tmp_path / str(number) / "out"
        clone(expected, folder)
        victim = victim_in(folder, pattern)
        inflict(victim)
        result = run(folder.parent, "compile", script, "-o", folder)
        assert_finished(result, folder, expected)
        if is_said:
            lines = [line for line in result.err.splitlines() if victim.stem in line]
            assert len(lines) == 1, f"{victim.name} is not named: {result.err!r}"
        if number % 5 == 0:
            assert run(folder.parent, "compile", script, "-o", folder).err == "", "said again"

    each(list(cases), check)


def test_damaged_media_never_get_into_a_video_without_a_warning(
    script: Path, expected: Expected, tmp_path: Path
) -> None:
    cases = [name for name, (pattern, *_) in MEDIA.items() if pattern.endswith(".mp4")][1::2]

    def check(number: int, name: str) -> None:
        pattern, inflict, _ = MEDIA[name]
        folder = tmp_path / str(number) / "out"
        clone(expected, folder, timeline=True)
        victim = victim_in(folder, pattern)
        inflict(victim)
        result = run(folder.parent, "flatten", folder / "reel.otio", "-o", folder.parent / "x.mp4")
        assert victim.name in result.err, f"{victim.name} is not named: {result}"
        assert result.status in (0, 1)
        assert "unexpected" not in result.err

    each(cases, check)


def test_verify_finds_damage_in_files_that_the_reel_does_not_use(
    script: Path, expected: Expected, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    clone(expected, folder)
    project = tmp_path / "project"
    project.mkdir()
    for path in script.parent.iterdir():
        os.link(path, project / path.name)
    other = project / "reel.yaml"
    other.unlink()
    other.write_text(script.read_text().replace("push_in", "pan_left"))
    assert run(tmp_path, "compile", other, "-o", folder).status == 0
    unused = victim_in(expected.folder, "media/dusk-*.mp4").name
    assert run(tmp_path, "compile", other, "-o", folder, "--verify").err == ""
    damage.flip(0.5)(folder / "media" / unused)
    result = run(tmp_path, "compile", other, "-o", folder, "--verify")
    assert result.status in (0, 1)
    assert unused in result.err
    assert run(tmp_path, "compile", script, "-o", folder).status == 0
    found = contents(folder)
    assert all(found[name] == data for name, data in expected.files.items())


FALSE_FFMPEG = """\
#!/bin/bash
# ffmpeg, but its files are false from call number {first} on: it says that all went well.
output="${{@: -1}}"
output="${{output#file:}}"
case "$output" in
    /*) ;;
    *) exec {real} "$@" ;;
esac
mkdir "{calls}/$$" 2>/dev/null
if [ "$(ls {calls} | wc -l)" -lt {first} ]; then exec {real} "$@"; fi
case {kind} in
    nothing) cat >/dev/null ;;
    empty) cat >/dev/null; : >"$output" ;;
    garbage) cat >/dev/null; head -c 20000 /dev/urandom >"$output" ;;
    half)
        {real} "$@" || exit
        truncate -s $(($(stat -c %s "$output") / 2)) "$output" ;;
    less)
        # Valid, but not all of it.
        {real} "${{@:1:$#-1}}" -frames:v 5 -frames:a 20 "$output" ;;
esac
"""


def test_an_ffmpeg_that_succeeds_without_writing_is_detected(
    script: Path, expected: Expected, tmp_path: Path
) -> None:
    real = shutil.which("ffmpeg")
    if real is None:
        pytest.skip("no ffmpeg on the PATH")

    def check(number: int, what: tuple[str, int]) -> None:
        kind, first = what
        case = tmp_path / str(number)
        calls, programs = case / "calls", case / "bin"
        calls.mkdir(parents=True)
        programs.mkdir()
        program = programs / "ffmpeg"
        text = FALSE_FFMPEG.format(first=first, real=real, calls=calls, kind=kind)
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        env = {"PATH": f"{programs}:{os.environ['PATH']}"}
        result = run(case, "compile", script, "-o", case / "out", env=env)
        assert len(list(calls.iterdir())) >= first, "it did not come to that"
        assert_one_line(result)
        assert_whole(case / "out", expected)
        assert_finished(run(case, "compile", script, "-o", case / "out"), case / "out", expected)

    # Of seven, the first three write media, the last the reel.
    kinds = ("nothing", "empty", "garbage", "half", "less")
    firsts = [(kind, 4 + number % 3) for number, kind in enumerate(kinds)]
    each([("nothing", 1), *firsts, ("less", 7)], check)
