"""What the compiler says while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage = Literal["read", "align", "timeline", "render", "flatten", "check", "evaluate"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward.

    Attributes:
        stage: what is going on.
        done, total: in the stage's own unit; equal when the stage is finished.
        message: what was found or made, in a few words; may be empty.
    """

    stage: Stage
    done: float
    total: float
    message: str = ""


OnProgress: TypeAlias = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""
