"""The process of a batch of tries, which a crash, a hang or a lack of memory may end.

``python -m tests.fuzz.worker TARGET FOLDER SEED FIRST COUNT`` generates its inputs, and
``python -m tests.fuzz.worker TARGET FOLDER FILE...`` reads files. It writes the number of each try
before the try, and a line of JSON if it fails: the runner knows the input that killed a worker.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from otio_gvideo.compiler.errors import InputError, WorkError

from . import targets

SECONDS = 10
"""Time limit of one try, unless the target has its own."""
MOST_BYTES = 1 << 30
"""Address space that one try may add to that of the process."""


def limit_memory() -> None:
    """Limit the address space of this process, if the system can."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        import resource

        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MOST_BYTES,) * 2)


def fault_of(target: targets.Target, path: Path) -> tuple[str, str] | None:
    """Read one file; return None, or the key and traceback of an unexpected exception."""
    try:
        target.read(path)
    except (InputError, WorkError):
        return None
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__, limit=-200)
        last = next((one for one in reversed(frames) if _is_product(one.filename)), frames[-1])
        # The depth of a recursion is random.
        line = "" if isinstance(error, RecursionError) else f":{last.lineno}"
        key = f"{type(error).__name__} at {Path(last.filename).name}{line}"
        trace = "".join(traceback.format_exception(error, limit=-30))
        return key, trace[-6000:]
    return None


def _is_product(filename: str) -> bool:
    return bool({"compiler", "renderers"} & set(Path(filename).parts[:-1]))


def _inputs(target: targets.Target, arguments: list[str]) -> Iterator[tuple[int, bytes]]:
    if len(arguments) == 3 and arguments[1].isdigit() and arguments[2].isdigit():
        seed, first, count = arguments[0], int(arguments[1]), int(arguments[2])
        seeds = target.seeds()
        for number in range(first, first + count):
            yield number, targets.derived_input(target, seeds, seed, number)
    else:
        for number, name in enumerate(arguments):
            yield number, Path(name).read_bytes()


def main(arguments: list[str]) -> None:
    """Run a batch of tries."""
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    faulthandler.enable()
    target = targets.load(arguments[0])
    path = Path(arguments[1]) / f"input{target.SUFFIX}"
    limit_s = getattr(target, "SECONDS", SECONDS) * int(os.environ.get("FUZZ_PATIENCE", "1"))
    is_limited = False
    for number, data in _inputs(target, arguments[2:]):
        path.write_bytes(data)
        if not is_limited:
            # The first read may import modules: read a valid file before the limits apply.
            _warm_up(target, path)
            path.write_bytes(data)
            limit_memory()
            is_limited = True
        os.write(channel, f"{number}\n".encode())
        faulthandler.dump_traceback_later(limit_s, exit=True)
        fault = fault_of(target, path)
        if number % 20 == 0:
            gc.collect()  # Idle decoders have threads, which take address space.
        faulthandler.cancel_dump_traceback_later()
        if fault is not None:
            os.write(channel, json.dumps([number, *fault]).encode() + b"\n")


def _warm_up(target: targets.Target, path: Path) -> None:
    for seed in target.seeds()[:1]:
        path.write_bytes(seed)
        fault_of(target, path)


if __name__ == "__main__":
    main(sys.argv[1:])
