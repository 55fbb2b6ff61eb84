"""How many slots this machine renders side by side: as its cores and its free memory allow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CORES_OF_SLOT = 2
"""One makes frames while the encoder's threads take the other."""
SLOTS_BEYOND = 1
"""Slots more than that, which have work while another's still is read or its encoder runs empty."""
BYTES_OF_PIXEL = 400
"""Memory of a slot for each pixel of its frame: the encoder's pictures and their half-pixel planes,
220 bytes by measurement; the still's layers while they are made, 160 of `parallax` and 40 of
`camera`; and the frames on their way between the two."""
KEPT_FREE = 0.25
"""Share of the free memory that is left to others."""

UNKNOWN_BYTES = 4 << 30
"""Assumed free memory if the system does not report it."""


def slots_at_once(pixels: int) -> int:
    """Slots of frames with so many pixels that are rendered side by side; at least one."""
    by_memory = int(free_bytes() * (1 - KEPT_FREE)) // (pixels * BYTES_OF_PIXEL)
    return max(1, min(cores() // CORES_OF_SLOT + SLOTS_BEYOND, by_memory))


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_bytes() -> int:
    """Memory that this process may take: of the machine, and within its control group."""
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
    """What the control groups of Linux leave, of version 2 and of version 1."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        folder = Path("/sys/fs/cgroup")
        try:
            # "max" where there is no limit.
            yield max(
                0,
                int((folder / limit).read_text(encoding="utf-8"))
                - int((folder / used).read_text(encoding="utf-8")),
            )
        except (OSError, ValueError):
            continue
