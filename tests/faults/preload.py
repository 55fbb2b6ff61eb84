"""The preloaded library of ``shim.c``, built once, and environments that configure it."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("shim.c")


@dataclass(frozen=True, slots=True)
class Shim:
    """A built library. It counts calls that change something below the folder of a case."""

    library: Path

    def counting(self, case: Path) -> dict[str, str]:
        """Count and log all calls, for `seen`."""
        return self._env(case)

    def signalling(self, case: Path, number: int, signal: int) -> dict[str, str]:
        """Send a signal to the whole process group before a call, counted from 1."""
        return self._env(case) | {"FAULT_KILL_AT": str(number), "FAULT_SIGNAL": str(signal)}

    def failing(
        self,
        case: Path,
        pattern: str,
        *,
        code: int = errno.ENOSPC,
        calls: str = "write",
        after: int = 0,
    ) -> dict[str, str]:
        """Let calls on paths of a pattern fail; writes fail after a number of bytes."""
        return self._env(case) | {
            "FAULT_MATCH": pattern,
            "FAULT_ERRNO": str(code),
            "FAULT_CALLS": calls,
            "FAULT_AFTER": str(after),
        }

    def slowed(self, case: Path, delay_ms: int) -> dict[str, str]:
        """Wait before each call."""
        return self._env(case) | {"FAULT_DELAY_MS": str(delay_ms)}

    def _env(self, case: Path) -> dict[str, str]:
        case.mkdir(parents=True, exist_ok=True)
        counter, log = _files(case)
        counter.write_bytes(bytes(8))
        log.unlink(missing_ok=True)
        return {
            "LD_PRELOAD": str(self.library),
            "FAULT_ROOT": f"{case}/",
            "FAULT_COUNTER": str(counter),
            "FAULT_LOG": str(log),
        }


def seen(case: Path) -> list[tuple[str, Path]]:
    """Return the logged calls, or only those that failed."""
    log = _files(case)[1]
    lines = log.read_text().splitlines() if log.exists() else []
    return [(call, Path(path)) for _, call, path in (line.split(" ", 2) for line in lines)]


def number_of_calls(case: Path) -> int:
    """Return the number of calls."""
    return int(struct.unpack("q", _files(case)[0].read_bytes())[0])


def build(folder: Path) -> Shim:
    """Build the library; skip the test without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler to build the preloaded library with")
    library = folder / "shim.so"
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"the preloaded library cannot be built here: {made.stderr[-300:]}")
    return Shim(library)


def _files(case: Path) -> tuple[Path, Path]:
    return case.with_name(f"{case.name}.counter"), case.with_name(f"{case.name}.log")
