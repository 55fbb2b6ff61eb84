"""The attempts of a model at one slot."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .store import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """One render of a slot, and its motion.

    Attributes:
        renderer, seed, image_strength, strength, prompt: the request.
        first_second, whole: motion, as in `motion_measure.Movement`.
        failed: the error; empty if there was none.
    """

    renderer: str
    seed: int
    image_strength: float
    strength: float
    prompt: str
    first_second: float = 0.0
    whole: float = 0.0
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of sidecars and reports."""
        return {
            "renderer": self.renderer,
            "seed": self.seed,
            "image_strength": round(self.image_strength, 3),
            "strength": round(self.strength, 3),
            "prompt": self.prompt,
            "first_second": round(self.first_second, 3),
            "whole": round(self.whole, 3),
            "failed": self.failed or None,
        }


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """The attempts at one slot.

    Attributes:
        attempts: in order; a fallback renderer's is the last.
        used: index of the attempt behind the media.
        moves: whether that attempt has enough motion.
        stopped: whether retries were left out because two in a row had less motion than the best.
    """

    attempts: tuple[Attempt, ...]
    used: int
    moves: bool
    stopped: bool = False

    @property
    def renderer(self) -> str:
        """The renderer of the media."""
        return self.attempts[self.used].renderer

    @property
    def notice(self) -> str:
        """A one-line warning; empty if the media are as requested."""
        requested = self.attempts[0].renderer
        if self.renderer != requested:
            count = sum(one.renderer == requested for one in self.attempts)
            return f"no motion in {_counted(count)} with {requested}; rendered with {self.renderer}"
        if not self.moves:
            return f"little motion in {_counted(len(self.attempts))} with {requested}; kept"
        return ""

    @property
    def reason(self) -> str:
        """Why the attempt in use was kept, in one line."""
        requested = self.attempts[0].renderer
        if self.renderer != requested:
            why = f"no attempt with {requested} has enough motion"
        elif self.moves:
            why = "the first with enough motion"
        else:
            why = "the most motion of all, but not enough"
        return f"{why}; no more retries after two with less motion" if self.stopped else why

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of sidecars and reports."""
        return {
            "tries": [one.as_json() for one in self.attempts],
            "used": self.used,
            "moves": self.moves,
            "stopped": self.stopped,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AttemptLog:
        """Read what `as_json` wrote.

        Raises:
            KeyError, TypeError, IndexError, ValueError: it is something else.
        """
        attempts = tuple(
            Attempt(**{**one, "failed": one["failed"] or ""}) for one in document["tries"]
        )
        stopped = bool(document.get("stopped", False))
        log = cls(attempts, int(document["used"]), bool(document["moves"]), stopped)
        log.attempts[log.used]
        return log


def attempt_log_of(media: Path) -> AttemptLog | None:
    """Return the attempts behind rendered media; None if none were logged."""
    document = Store(media.parent).attempts(media)
    if document is not None:
        # An edited log does not make the media unusable.
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
            return AttemptLog.from_json(document)
    return None


def _counted(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
