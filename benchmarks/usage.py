"""CPU time and peak memory of processes. Memory is read from `/proc`: Linux only."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def cpu_seconds() -> float:
    """Return the CPU time of this process and its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def clocks() -> tuple[float, float]:
    """Return wall time and CPU time, finished child processes included."""
    return time.perf_counter(), cpu_seconds()


def timed(reel_s: float, before: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return seconds of reel for a second of work, and CPU seconds for a second of reel.

    Args:
        reel_s: seconds of the reel.
        before: `clocks` at the start of the work.
        more: further entries.
    """
    wall, cpu = (after - then for after, then in zip(clocks(), before, strict=True))
    return {"rate": reel_s / wall, "cpu": cpu / reel_s, **more}


def resident_mb(pid: int) -> float:
    """Return the resident set size (RSS) of a process; shared pages count in full."""
    return _field_mb(Path(f"/proc/{pid}/status"), "VmRSS:")


def proportional_mb(pid: int) -> float:
    """Return the proportional set size (PSS) of a process; shared pages count in part."""
    return _field_mb(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _field_mb(path: Path, field: str) -> float:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def descendants(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            pass
    return found


class PeakMemory:
    """The peak memory of a process and its descendants, sampled until `stop`."""

    def __init__(self, pid: int, memory_mb: Callable[[int], float], interval_s: float):
        self._pid, self._memory_mb, self._interval_s = pid, memory_mb, interval_s
        self._peak, self._end = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def stop(self) -> float:
        """Stop sampling; return the peak in MB."""
        self._end.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._end.wait(self._interval_s):
            self._peak = max(self._peak, sum(map(self._memory_mb, descendants(self._pid))))
