"""What became of a slot that a model was to make: the tries, and which of them was kept."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .store import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a slot was made, and how it moved; ``failed`` says why it could not be."""

    renderer: str
    seed: int
    image_strength: float
    strength: float
    prompt: str
    first_second: float = 0.0
    whole: float = 0.0
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        """As sidecars and reports hold it."""
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
    """What became of a slot that a model was to make.

    Attributes:
        tries: in order; the fallback, where it came to that, is the last.
        used: index of the one that was kept.
        moves: whether that one moves as much as is wanted.
    """

    tries: tuple[Attempt, ...]
    used: int
    moves: bool

    @property
    def renderer(self) -> str:
        """What made the media that were kept."""
        return self.tries[self.used].renderer

    @property
    def notice(self) -> str:
        """What the user should know, in a line; empty where all is as it was asked for."""
        asked = self.tries[0].renderer
        if self.renderer != asked:
            count = sum(one.renderer == asked for one in self.tries)
            return f"stood still in {_times(count)} with {asked}; {self.renderer} made it instead"
        if not self.moves:
            return f"stands nearly still in {_times(len(self.tries))} with {asked}; kept so"
        return ""

    def as_json(self) -> dict[str, Any]:
        """As sidecars and reports hold it."""
        return {
            "tries": [one.as_json() for one in self.tries],
            "used": self.used,
            "moves": self.moves,
        }


def made_of(media: Path) -> AttemptLog | None:
    """What became of finished media's recipe; None where it is what was asked for."""
    document = Store(media.parent).made(media)
    if document is not None:
        # Whoever changed it by hand has still got the media.
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
            return made_from_json(document)
    return None


def made_from_json(document: Mapping[str, Any]) -> AttemptLog:
    """What `AttemptLog.as_json` wrote.

    Raises:
        KeyError, TypeError, IndexError: it is something else.
    """
    tries = tuple(Attempt(**{**one, "failed": one["failed"] or ""}) for one in document["tries"])
    made = AttemptLog(tries, int(document["used"]), bool(document["moves"]))
    made.tries[made.used]
    return made


def _times(count: int) -> str:
    return "its only try" if count == 1 else f"all of {count} tries"
