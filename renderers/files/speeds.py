"""How fast work was done: the last rates of each kind on each device, in the user's cache."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from .json_cache import read_entries, update_entries

T = TypeVar("T")
NAME = "speeds.json"
KEPT = 5
"""Rates of which the median counts: the first of a run is slow."""


@dataclass(frozen=True, slots=True)
class Speed:
    """A rate that was measured.

    Attributes:
        device: on which.
        rate: units of work a second.
    """

    device: str
    rate: float


def processor() -> str:
    """Return the name of this machine's processor as a device."""
    return f"CPU of {platform.node()}"


class Stopwatch:
    """Times the last thing that it was given.

    Attributes:
        seconds: that it took.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def call(self, work: Callable[[], T]) -> T:
        """Return the result of a function."""
        started = time.perf_counter()
        result = work()
        self.seconds = time.perf_counter() - started
        return result

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Yield items, and time what makes them: not what is done with them in between."""
        self.seconds, started = 0.0, time.perf_counter()
        for item in items:
            self.seconds += time.perf_counter() - started
            yield item
            started = time.perf_counter()
        self.seconds += time.perf_counter() - started


def remember_rate(device: str, work: str, amount: float, seconds: float) -> None:
    """Keep a rate among the last ones.

    Args:
        device: its name; a card has the same speed in all machines.
        work: its kind.
        amount: units of it that were done.
        seconds: that they took.
    """
    if amount <= 0 or seconds <= 0:
        return
    key, rate = f"{device}: {work}", amount / seconds

    def add(entries: dict[str, Any]) -> None:
        before = _rates(entries.pop(key, None))  # The latest kind of work is the last one.
        rates = [*before, float(f"{rate:.4g}")][-KEPT:]
        entries[key] = {
            "device": device,
            "work": work,
            "machine": platform.node(),
            "rates": rates,
        }

    update_entries(NAME, add)


def recall_speed(work: str, device: str | None = None) -> Speed | None:
    """Return the median of the last rates; None if there are none.

    Args:
        work: its kind.
        device: its name; None for the one that did such work on this machine last.
    """
    found = None
    for entry in read_entries(NAME).values():
        rates = _rates(entry)
        if not rates or entry.get("work") != work:
            continue
        name = str(entry.get("device"))
        here = name == device if device else entry.get("machine") == platform.node()
        if here:
            found = Speed(name, median(rates))
    return found


def _rates(entry: Any) -> list[float]:
    """Return the rates of an entry, whatever it is."""
    rates = entry.get("rates") if isinstance(entry, dict) else None
    if not isinstance(rates, list):
        return []
    return [r for r in rates if isinstance(r, (int, float)) and 0 < r < float("inf")]
