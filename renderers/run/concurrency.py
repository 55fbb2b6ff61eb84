"""The number of concurrent slots on this machine, from its cores and free memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CORES_PER_SLOT = 2
"""One for the renderer, one for the encoder."""
EXTRA_SLOTS = 1
"""Extra concurrent slots, to hide decode and encoder start-up latency."""
BYTES_PER_PIXEL = 400
"""Memory of a slot per pixel of its frame. Measured: 220 for the encoder's frames and half-pixel
planes, 160 for the layers of `parallax` (40 for `camera`); the rest for queued frames."""
KEPT_FREE = 0.25
"""Share of the free memory for other programs."""

UNKNOWN_BYTES = 4 << 30
"""Assumed free memory if the system does not report it."""


def slots_at_once(pixels: int) -> int:
    """Return the number of concurrent slots, at least 1, for frames of ``pixels`` pixels."""
    by_memory = int(free_bytes() * (1 - KEPT_FREE)) // (pixels * BYTES_PER_PIXEL)
    return max(1, min(cores() // CORES_PER_SLOT + EXTRA_SLOTS, by_memory))


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_bytes() -> int:
    """Return the free memory of the machine, or of this process's control group if less."""
    return min([*_free_of_machine(), *_free_of_group()], default=UNKNOWN_BYTES)


def _free_of_machine() -> Iterator[int]:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024
                return
    except OSError:
        pass
    try:
        import psutil  # noqa: PLC0415 - not a dependency on Linux
    except ImportError:
        return
    yield int(psutil.virtual_memory().available)


def _free_of_group() -> Iterator[int]:
    """Yield the free memory of Linux control groups, versions 2 and 1."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        folder = Path("/sys/fs/cgroup")
        try:
            # "max" is no limit.
            yield max(
                0,
                int((folder / limit).read_text(encoding="utf-8"))
                - int((folder / used).read_text(encoding="utf-8")),
            )
        except (OSError, ValueError):
            continue
