"""The next run carries on after a kill or a termination at any instant."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

from .output_folder import Expected, assert_finished, assert_nothing_left, assert_whole
from .preload import Shim, number_of_calls, seen
from .runs import each, finish, run, start

INTERRUPTED = "otio-gvideo: interrupted; run again to carry on"


def carry_on(case: Path, script: Path, expected: Expected) -> None:
    """Run again, and check for the same bytes and that no finished file is made twice."""
    folder = case / "out"
    assert_whole(folder, expected)
    finished = {
        path.with_suffix(".mp4"): path.with_suffix(".mp4").stat().st_mtime_ns
        for path in folder.glob("media/[!.]*.json")
    }
    result = run(case, "compile", script, "-o", folder)
    assert_finished(result, folder, expected)
    report = json.loads((folder / "report.json").read_text())
    for slot in report["slots"]:
        media = Path(slot["media"])
        assert slot["reused"] == (media in finished), f"{media.name} was made twice, or never"
    again = [path.name for path, at in finished.items() if path.stat().st_mtime_ns != at]
    assert not again, f"made twice: {again}"


def spread(calls: int, count: int) -> list[int]:
    """Return evenly spaced call numbers, from the first to the last."""
    return sorted({1 + round(i * (calls - 1) / (count - 1)) for i in range(count)})


def test_a_run_that_is_killed_before_any_call_is_carried_on(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path, tries: int | None
) -> None:
    count = tmp_path / "count"
    run(count, "compile", script, "-o", count / "out", env=shim.counting(count))
    calls = number_of_calls(count)
    assert calls > 50

    def check(number: int, at: int) -> None:
        case = tmp_path / str(number)
        env = shim.signalling(case, at, signal.SIGKILL)
        killed = run(case, "compile", script, "-o", case / "out", env=env)
        # The number of calls differs a little from run to run.
        assert killed.status == -signal.SIGKILL or at > calls * 0.9, killed
        try:
            carry_on(case, script, expected)
        except AssertionError as error:
            raise AssertionError(f"killed before {seen(case)}: {error}") from error

    each(spread(calls, tries or 9), check)


def test_a_run_that_is_killed_at_any_time_is_carried_on(
    script: Path, expected: Expected, tmp_path: Path, seed: int, tries: int | None
) -> None:
    started = time.monotonic()
    run(tmp_path / "whole", "compile", script, "-o", tmp_path / "whole" / "out")
    whole_s = time.monotonic() - started
    rng = random.Random(seed)

    def check(number: int, share: float) -> None:
        case = tmp_path / str(number)
        process = start(case, "compile", script, "-o", case / "out")
        time.sleep(share * whole_s)
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
        carry_on(case, script, expected)

    each([rng.uniform(0.2, 1) for _ in range(tries or 3)], check)


def test_a_run_that_is_killed_repeatedly_finishes(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    for at in (15, 40, 60, 35, 70, 55):
        run(
            case,
            "compile",
            script,
            "-o",
            case / "out",
            env=shim.signalling(case, at, signal.SIGKILL),
        )
        assert_whole(case / "out", expected)
    carry_on(case, script, expected)


def test_a_terminated_run_leaves_nothing_behind(
    script: Path, expected: Expected, shim: Shim, tmp_path: Path, tries: int | None
) -> None:
    count = tmp_path / "count"
    run(count, "compile", script, "-o", count / "out", env=shim.counting(count))
    calls = number_of_calls(count)
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def check(number: int, at: int) -> None:
        case = tmp_path / str(number)
        kind = kinds[number % len(kinds)]
        env = shim.signalling(case, at, kind)
        ended = run(case, "compile", script, "-o", case / "out", env=env)
        try:
            if ended.status != 0 or at < calls * 0.9:
                assert (ended.status, ended.errors) == (130, [INTERRUPTED]), ended
                assert_nothing_left(case / "out")
            carry_on(case, script, expected)
        except AssertionError as error:
            raise AssertionError(f"{kind.name} before {seen(case)}: {error}") from error

    each(spread(calls, tries or 5), check)
