"""Run tries in workers, and collect findings: one for each place and kind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from . import targets

ROOT = Path(__file__).parent.parent.parent
_BATCH = 5000
SLOW = "took too long"
MOST_FINDINGS = 20
"""Most findings of one target."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that crashes a reader.

    Attributes:
        target: the name of the target.
        key: what happened and where, as in ``KeyError at tsv.py:31``.
        data: the input.
        trace: the traceback, or the last output of a dead process.
    """

    target: str
    key: str
    data: bytes
    trace: str

    def save(self, folder: Path) -> Path:
        """Write the input, with the failure and the command that repeats it."""
        suffix = targets.load(self.target).SUFFIX
        path = folder / self.target / f"{sha256(self.data).hexdigest()[:10]}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        command = f"python -m tests.fuzz --target {self.target} --input {path}"
        text = f"{self.key}\n\n{command}\n\n{self.trace}"
        path.with_name(f"{path.name}.txt").write_text(text, encoding="utf-8", errors="replace")
        return path


def fuzz(
    name: str,
    seed: str,
    tries: int | None = None,
    minutes: float | None = None,
    on_finding: Callable[[Finding], None] = lambda _: None,
) -> tuple[int, list[Finding]]:
    """Fuzz one target.

    Args:
        name: of the target.
        seed: the same seed gives the same inputs.
        tries: their number; None for no limit.
        minutes: time limit.
        on_finding: called for each new finding.

    Returns:
        The tries made, and the findings, one for each key.
    """
    target = targets.load(name)
    seeds = target.seeds()
    ends = time.monotonic() + minutes * 60 if minutes is not None else None
    found: dict[str, Finding] = {}
    number = 0
    while tries is None or number < tries:
        if len(found) >= MOST_FINDINGS or (ends is not None and time.monotonic() > ends):
            break
        count = min(_BATCH, tries - number) if tries is not None else _BATCH
        done, faults = _batch(name, [seed, str(number), str(count)], number, ends)
        for at, key, trace in faults:
            if key.startswith(SLOW) and not _is_slow_again(name, seed, at):
                continue
            if key not in found:
                data = targets.derived_input(target, seeds, seed, at)
                found[key] = Finding(name, key, data, trace)
                on_finding(found[key])
        number = done
    return number, list(found.values())


def _is_slow_again(name: str, seed: str, number: int) -> bool:
    """Return whether a try is slow on its own, without other load."""
    os.environ["FUZZ_PATIENCE"] = "3"
    try:
        _, faults = _batch(name, [seed, str(number), "1"], number, None)
    finally:
        del os.environ["FUZZ_PATIENCE"]
    return bool(faults)


def replay(name: str, files: list[Path]) -> list[Finding]:
    """Read files with the reader of a target, in one worker each."""
    found = []
    for path in files:
        _, faults = _batch(name, [str(path.absolute())], 0, None)
        found += [Finding(name, key, path.read_bytes(), trace) for _, key, trace in faults]
    return found


def _batch(
    name: str, arguments: list[str], first: int, ends: float | None
) -> tuple[int, list[tuple[int, str, str]]]:
    """Run one worker; return the number of the next try, and faults as (try, key, trace)."""
    faults: list[tuple[int, str, str]] = []
    now = first - 1
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, tempfile.TemporaryFile() as stderr:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.worker", name, folder, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": folder, "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
        assert worker.stdout is not None
        stopped = False
        try:
            for line in worker.stdout:
                if line.startswith(b"["):
                    faults.append(tuple(json.loads(line)))
                    continue
                now = int(line)
                if ends is not None and time.monotonic() > ends:
                    stopped = True
                    break
        finally:
            _end(worker)
        if worker.returncode and not stopped:
            stderr.seek(0)
            faults.append((now, *_death(worker.returncode, stderr.read())))
    if now < first:
        raise RuntimeError(f"the worker of {name} does not start: {faults}")
    return now + 1, faults


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Wait for a worker; after the time limit, kill it with its children."""
    with suppress(subprocess.TimeoutExpired):
        worker.wait(0.2)
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(worker.pid, signal.SIGKILL)
        else:
            worker.kill()
    worker.wait()


def _death(status: int, stderr: bytes) -> tuple[str, str]:
    """Return the cause of death of a worker, as a key, and its output."""
    text = stderr.decode("utf-8", "replace")
    if "Timeout (" in text:
        what = SLOW
    elif status < 0:
        with suppress(ValueError):
            status_name = signal.Signals(-status).name
            what = f"died of {status_name}"
    else:
        what = f"exit status {status}"
    frames = [line for line in text.splitlines() if line.startswith('  File "')]
    ours = [line for line in frames if "/compiler/" in line or "/renderers/" in line]
    at = (ours or frames or [""])[0].strip()
    return f"{what} {at[at.rfind('/') + 1 :]}", text[-6000:]
