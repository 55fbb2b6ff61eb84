"""The process that holds a lock, for file systems without locks and for messages."""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from .processes import is_running

LOST_AFTER_S = 7 * 24 * 3600.0
"""Seconds after which an owner of unknown state expires."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a lock, for other machines and containers.

    Attributes:
        host: name of the machine or container.
        boot: id of the machine's boot; empty if unknown.
        namespace: of process ids; empty if unknown.
        pid: in that namespace.
    """

    host: str
    boot: str
    namespace: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.pid else "unknown"

    @property
    def is_near(self) -> bool:
        """Whether the process is or was on this machine, in any container."""
        here = this_process()
        return bool(self.boot and self.boot == here.boot) or self.host == here.host

    def is_gone(self, age_s: float) -> bool:
        """Whether the process has certainly ended, or its lock of ``age_s`` seconds expired."""
        here = this_process()
        if self.is_near and self.boot != here.boot:
            return True  # The machine was rebooted.
        if self.is_near and self.namespace == here.namespace:
            return not is_running(self.pid)
        return age_s > LOST_AFTER_S


UNKNOWN = Owner("", "", "", 0)


def this_process() -> Owner:
    """Return this process as an owner."""
    boot = namespace = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    with contextlib.suppress(OSError, NotImplementedError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return Owner(platform.node(), boot, namespace, os.getpid())
