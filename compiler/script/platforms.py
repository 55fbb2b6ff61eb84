"""What platforms lay over a reel, and what they take (``platforms.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform for short reels.

    Attributes:
        name: as in a script's ``output.platform``.
        safe_area: percent of the picture that its buttons and texts cover, by side.
        longest_s: length of the longest reel that it takes, in seconds.
    """

    name: str
    safe_area: Mapping[str, float]
    longest_s: float


@cache
def platforms() -> Mapping[str, Platform]:
    """Return the platforms by name."""
    table = tomllib.loads(files(__package__).joinpath("platforms.toml").read_text("utf-8"))
    return {
        name: Platform(name, entry["safe_area"], entry["longest_s"])
        for name, entry in table.items()
    }
