"""Where a renderer stands on the offload ladder: it starts where a plan fits, and steps down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..base import RendererError
from .memory import DESCRIBED, Offload
from .rung_cache import recall_rung, remember_rung

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ladder:
    """A place on the ladder, which only goes down.

    Attributes:
        renderer: its name.
        rungs: of the device.
        at: index of the present rung.
    """

    renderer: str
    rungs: tuple[Offload, ...]
    at: int = -1
    _failed: bool = False

    @property
    def rung(self) -> Offload:
        """The present rung."""
        return self.rungs[max(0, self.at)]

    def start(self, key: str, needed: Callable[[Offload], float], budget_gb: float) -> None:
        """Go to the first rung for a call that fits, or that worked before; never up.

        Args:
            key: of the card, the model and the call's shape.
            needed: memory that a rung takes, in GB.
            budget_gb: memory to plan for.
        """
        fitting = (n for n, rung in enumerate(self.rungs) if needed(rung) <= budget_gb)
        first = next(fitting, len(self.rungs) - 1)
        known = recall_rung(key, budget_gb) if len(self.rungs) > 1 else None
        if known in self.rungs:
            first = max(first, [str(rung) for rung in self.rungs].index(known))
        if first > self.at:
            self.at = first
            _log.info("%s: %s", self.renderer, DESCRIBED[self.rung])

    def step_down(self, error: str, hint: str) -> None:
        """Go one rung down.

        Args:
            error: of the lack of memory.
            hint: what takes less of it.

        Raises:
            RendererError: this was the last rung.
        """
        below = self.at + 1
        if below >= len(self.rungs):
            what = " ".join(error.split())[:120]
            where = DESCRIBED[self.rung]
            raise RendererError(
                f"{self.renderer}: out of memory even with {where}; {hint} ({what})"
            )
        self.at, self._failed = below, True
        _log.warning("%s: out of memory; trying again with %s", self.renderer, DESCRIBED[self.rung])

    def worked(self, key: str, budget_gb: float) -> None:
        """Remember the rung if others ran out of memory before."""
        if self._failed:
            remember_rung(key, self.rung, budget_gb)
            self._failed = False
