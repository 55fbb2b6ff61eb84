"""Drafts of scripts: plain data in the shape of ``schemas/script.schema.json``, as text.

A person is to go on from a draft; so it is written as a person would write it.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, Problem
from ..files.file_urls import relative_or_absolute

Draft = dict[str, Any]
NEXT = {
    "motion": "{camera: push_in, amount: 0.3}         # auto, where a scene says nothing",
    "transition": "{type: wipe_left, duration: 0.4}   # into this scene",
}
"""What people change first in a scene."""


def to_yaml(draft: Draft) -> str:
    """A draft as the text of a script; its last scene ends with what may be said next, commented
    out."""
    text = yaml.safe_dump(draft, sort_keys=False, allow_unicode=True, width=96)
    scenes = draft["scenes"]
    free = [key for key in NEXT if key not in scenes[-1]]
    if len(scenes) == 1:
        free.remove("transition")  # The first scene comes in by a cut.
    return text + "".join(f"  # {key}: {NEXT[key]}\n" for key in free)


def scene_id(name: str, taken: set[str]) -> str:
    """A name that a scene may have, and none has yet."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:56] or "scene"
    found, number = plain, 2
    while found in taken:
        found = f"{plain}-{number}"
        number += 1
    taken.add(found)
    return found


def shown_path(path: Path, folder: Path) -> str:
    """A path as a script names it: from the script's folder, with slashes."""
    return Path(relative_or_absolute(path, folder)).as_posix()


def plain_number(value: Fraction) -> int | float | str:
    """A number as a person would write it; a rate of NTSC as a fraction."""
    if value.denominator == 1:
        return int(value)
    if value.denominator == 1001:
        return str(value)
    # Cut off, not rounded: the end of a file must not come to lie behind it.
    return math.floor(value * 10_000) / 10_000


def problem(path: Path, what: str, hint: str) -> InputError:
    """An error about a file as a whole."""
    return InputError(Problem.in_file(path, what, hint))
