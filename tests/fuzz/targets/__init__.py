"""Fuzz targets, a module each: a reader of the product, and seed files.

A target is a module with the members of `Target`, and optionally of these:

* ``mutate(data, rng)`` returns a changed copy of a seed; else `mutators.mutate_bytes` does.
* ``crashes()`` returns inputs of past crashes that are too big to keep as files, by name. The small
  ones are in ``tests/fuzz/crashes/<target>/``.
* ``SECONDS`` limits the time of one try; else `worker.SECONDS`.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from .. import mutators

CRASHES = Path(__file__).parent.parent / "crashes"


class Target(Protocol):
    """A reader to fuzz."""

    SUFFIX: str
    """Suffix of its files, with the dot."""

    def seeds(self) -> list[bytes]:
        """Return small files that it reads."""
        ...

    def read(self, path: Path) -> None:
        """Call the reader on a file; it may raise `InputError` and `WorkError`."""
        ...


def names() -> list[str]:
    """Return the names of all targets, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Target:
    """Import a target."""
    return cast(Target, importlib.import_module(f".{name}", __name__))


def past_crashes(name: str) -> dict[str, bytes]:
    """Return every input that once crashed the reader of a target, by name."""
    make = getattr(load(name), "crashes", dict)
    found: Mapping[str, bytes] = make()
    kept = sorted(path for path in (CRASHES / name).glob("*") if path.is_file())
    return {**found, **{path.name: path.read_bytes() for path in kept}}


def derived_input(target: Target, seeds: list[bytes], seed: str, number: int) -> bytes:
    """Return the input of one try; the same for the same seed and number."""
    rng = random.Random(f"{seed}:{number}")
    mutate = getattr(target, "mutate", mutators.mutate_bytes)
    changed: bytes = mutate(rng.choice(seeds), rng)
    return changed
