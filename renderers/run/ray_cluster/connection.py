"""Joining a Ray cluster, or starting one on this machine."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import Any

from ...error_text import one_line

ADDRESS = re.compile(r"ray://(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/?#\[\]]+)(?::(?P<port>\d{1,5}))?/?")
"""Address of a Ray Client server."""
CLIENT_PORT = 10001
"""Default port of a Ray Client server."""
REACHED_S = 5.0
"""Timeout of a TCP connection to a cluster."""
CONNECTS = 3
"""Attempts to connect. A Ray Client server forks a server for each client from a process that runs
gRPC in threads, which a fork does not always survive: on a busy machine about one in ten dies."""
OBJECT_STORE_BYTES = 80 << 20
"""Ray's minimum: tasks and results are small, and containers have little shared memory."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The first request to the driver.

    Attributes:
        address: of a cluster, for ``ray.init``; None for this machine's, else a new one.
        folder: for the logs and sockets of a new cluster.
        wait_s: time for the first CPU to become free.
    """

    address: str | None
    folder: str
    wait_s: float


class ClusterError(Exception):
    """The cluster cannot be used; the message is one line for the user."""


def join_cluster(ray: Any, asked: Connect) -> None:
    """Join the cluster of an address, of ``RAY_ADDRESS``, or of this machine; else start one.

    Raises:
        ClusterError: nothing answers there.
    """
    how: dict[str, Any] = {"log_to_driver": False}
    named = asked.address or os.environ.get("RAY_ADDRESS")
    current = None if named else _current_cluster()
    if current is not None and not _answers(current):
        current = None  # It has crashed.
    address = named or current
    if address in (None, "local"):
        ray.init(
            "local",
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=asked.folder,
            **how,
        )
        return
    if address != "auto" and not _answers(str(address)):
        where = "" if asked.address else f" at RAY_ADDRESS={address}"
        raise ClusterError(f"nothing answers{where}")
    for attempt in range(1, CONNECTS + 1):
        try:
            ray.init(address, **how)
        except ConnectionAbortedError:
            if attempt == CONNECTS:
                raise
        else:
            return


def _current_cluster() -> str | None:
    """Return the address of the cluster that ``ray start`` started on this machine."""
    try:
        from ray._private.utils import read_ray_address  # noqa: PLC0415 - has no public name
    except ImportError:
        return None
    return read_ray_address() or None


def _answers(address: str) -> bool:
    """Whether a server listens at an address, ``HOST:PORT`` or ``ray://HOST:PORT``."""
    found = ADDRESS.fullmatch(address if "://" in address else f"ray://{address}")
    if found is None:
        return False
    host, port = found["host"].strip("[]"), int(found["port"] or CLIENT_PORT)
    try:
        socket.create_connection((host, port), REACHED_S).close()
    except (OSError, UnicodeError, OverflowError):
        return False
    return True


def line_of(error: BaseException) -> str:
    """Return an error's text on one line, truncated if long."""
    text = one_line(error) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"
