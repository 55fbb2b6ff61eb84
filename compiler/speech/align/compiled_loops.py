"""The inner loops in C, if they were compiled: `_loops.c`."""

from __future__ import annotations

from types import ModuleType

compiled: ModuleType | None
"""The module; None without a compiler at installation."""
try:
    from . import _loops
except ImportError:
    compiled = None
else:
    compiled = _loops
