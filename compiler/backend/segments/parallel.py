"""Run parts of the work in parallel: wait with progress, and stop all of them at an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager
from typing import Any

_REPORT_S = 0.25
"""Seconds between reports. A short wait also lets an interrupt through."""


@contextmanager
def stopped_on_error(stop: threading.Event) -> Iterator[None]:
    """Set ``stop``, which ends every ffmpeg of the work, if the block raises."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def wait_for(futures: Iterable[Future[Any]], report: Callable[[], None]) -> None:
    """Wait until all futures are done; raise the first exception of one.

    Args:
        futures: the work.
        report: reports progress; called at least four times a second.
    """
    waiting = set(futures)
    report()
    while waiting:
        done, waiting = wait(waiting, timeout=_REPORT_S, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        report()
