"""Start-up time of the command line, beside that of the interpreter alone.

    python benchmarks/startup.py [--runs 10]

Prints the best of several runs in milliseconds, and its ratio to ``python -c pass``. To find what
makes a start slow: ``python -X importtime -m otio_gvideo.compiler --help``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

PROGRAM = ["-m", "otio_gvideo.compiler"]
COMMANDS = (
    ["-c", "pass"],
    [*PROGRAM, "--version"],
    [*PROGRAM, "--help"],
    [*PROGRAM, "compile", "--help"],
    [*PROGRAM, "check", "--help"],
    [*PROGRAM, "compile"],
)
"""Arguments of Python; the last one is a usage error."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="of each command (default: 10)")
    runs = parser.parse_args().runs
    # In turns: the speed of a busy machine varies.
    rounds = [[run_s(command) for command in COMMANDS] for _ in range(runs)]
    best = [min(times) for times in zip(*rounds, strict=True)]
    for command, seconds in zip(COMMANDS, best, strict=True):
        shown = " ".join(["python", *command])
        print(f"{seconds * 1000:5.0f} ms  {seconds / best[0]:5.1f}x  {shown}")


def run_s(command: list[str]) -> float:
    """Run Python and return the time that it takes, in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], capture_output=True, check=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
