"""The interactive loop: what a small change of the example costs.

    python benchmarks/loop.py [--out FOLDER] [--runs 3] [--skip-watch]

Compiles a copy of ``examples/lighthouse``, then changes it as one does while writing. Prints the
processor seconds of each command, its children included, and seconds by the clock; the least of
several runs. ``watch`` is measured from the save of a script until the page shows its animatic.

The compiled example stays in FOLDER, which a later run begins with; by default it is deleted.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse"
PROGRAM = [sys.executable, "-m", "otio_gvideo.compiler"]
MOVE = ("camera: pan_right, amount: 0.40", "camera: pan_right, amount: 0.4{:04}")
"""Of the ship, which a dissolve leads to."""
WORD = ("white sail on the bright water", "white sail on the {} water")
WORDS = (
    "black blue broad brown calm clean clear cold cool dark deep dull far fine flat free fresh gold"
    " great green grey huge light long low mild near new old open pale plain pure quick quiet red"
    " rich rough round sad salt sharp shy silver slow small smooth soft still strange strong summer"
    " sweet tall thin true vast warm wet white wide wild winter young"
)
"""One of them is chosen, since what was compiled once is reused."""
SETTLED_S = 3
"""Age of the files: a run is not taken for a repetition of one that read younger ones."""
LIMIT_S = 600
"""Longest wait for an event of the page."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder to keep the compiled example in")
    parser.add_argument("--runs", type=int, default=3, help="of each change")
    parser.add_argument("--skip-watch", action="store_true", help="measure the commands alone")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = arguments.out
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        measure(folder.absolute(), arguments.runs, with_watch=not arguments.skip_watch)


def measure(folder: Path, runs: int, *, with_watch: bool) -> None:
    """Measure all steps on a copy of the example in a folder."""
    project = folder / "lighthouse"
    shutil.copytree(EXAMPLE, project, dirs_exist_ok=True)
    # A package that is installed comes with its bytecode.
    own = {"PYTHONPYCACHEPREFIX": "bytecode", "OTIO_GVIDEO_CACHE": "cache"}
    environment = os.environ | {name: str(folder / place) for name, place in own.items()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    time.sleep(SETTLED_S)
    script = project / "script.yaml"
    text = script.read_text("utf-8")

    def run(*words: str) -> tuple[float, float]:
        return run_s([*PROGRAM, *words], environment, project)

    def compile_with(old: str, new: str) -> tuple[float, float]:
        assert text.count(old) == 1, old
        script.write_text(text.replace(old, new), "utf-8")
        return run("compile", "script.yaml")

    cold = run("compile", "script.yaml")
    steps: dict[str, Callable[[], tuple[float, float]]] = {
        "--help": lambda: run("--help"),
        "plan": lambda: run("plan", "script.yaml"),
        "compile, nothing changed": lambda: run("compile", "script.yaml"),
        "compile, one move changed": lambda: compile_with(
            MOVE[0], MOVE[1].format(random.randrange(10000))
        ),
        "compile, one word changed": lambda: compile_with(
            WORD[0], WORD[1].format(random.choice(WORDS.split()))
        ),
    }
    print(f"{'seconds':28} {'CPU':>8} {'clock':>8}")
    show("compile, cold", *cold)
    for name, step in steps.items():
        times = []
        for _ in range(runs):
            if "one" in name:  # What changes is the script of the last run.
                script.write_text(text, "utf-8")
                run("compile", "script.yaml")
            times.append(step())
        show(name, *(min(column) for column in zip(*times, strict=True)))
    script.write_text(text, "utf-8")
    if with_watch:
        with watching(project, environment) as wait:
            wait("done")
            waits = []
            for _ in range(runs):
                script.write_text(
                    text.replace(WORD[0], WORD[1].format(random.choice(WORDS.split()))), "utf-8"
                )
                started = time.perf_counter()
                wait("animatic")
                waits.append(time.perf_counter() - started)
                wait("done")
        show("watch, save to animatic", None, min(waits))


def show(name: str, processor_s: float | None, wall_s: float) -> None:
    shown = "" if processor_s is None else f"{processor_s:.2f}"
    print(f"{name:28} {shown:>8} {wall_s:8.2f}", flush=True)


def run_s(words: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """Run a command; return its processor seconds and its seconds by the clock."""
    started = time.perf_counter()
    with subprocess.Popen(
        words, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words[2:])} failed")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started


@contextlib.contextmanager
def watching(project: Path, environment: dict[str, str]) -> Iterator[Callable[[str], None]]:
    """Run ``watch``; yield what waits until the page reaches a phase."""
    command = [*PROGRAM, "watch", "script.yaml", "--no-open", "--progress", "json"]
    with subprocess.Popen(
        command, env=environment, cwd=project, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = next(
                found["url"] for line in process.stdout if "url" in (found := json.loads(line))
            )
            yield _waiter(_events(address))
        finally:
            process.terminate()


def _events(address: str) -> Iterator[dict[str, Any]]:
    """Yield the server-sent events of a page."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=LIMIT_S)
    connection.request("GET", f"{parts.path}events")
    response = connection.getresponse()
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def _waiter(events: Iterator[dict[str, Any]]) -> Callable[[str], None]:
    version = 0

    def wait(phase: str) -> None:
        """Wait until a run is done, or until it shows its animatic: the first page after a save."""
        nonlocal version
        before = version
        for event in events:
            version = event["version"]
            if event.get("phase") == "error":
                raise SystemExit(f"watch: {event['status']}")
            is_new_page = version > before and event.get("phase") not in ("read", "done")
            if event.get("phase") == "done" if phase == "done" else is_new_page:
                return

    return wait


if __name__ == "__main__":
    main()
