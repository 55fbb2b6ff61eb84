"""Script drafts: plain data in the shape of ``schemas/script.schema.json``, and their YAML."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from ... import schemas
from ..files.file_urls import relative_or_absolute, url_of_path

Draft = dict[str, Any]
"""A script, or a part of one."""
SUGGESTIONS = {
    "motion": "{camera: push_in, amount: 0.3}         # default: auto",
    "transition": "{type: wipe_left, duration: 0.4}   # into this scene",
}
"""Fields of a scene that people change first."""


@dataclass(frozen=True, slots=True)
class ScriptDraft:
    """A drafted script, and a note on every guess and omission."""

    script: Draft
    notes: list[str]


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as such."""


def _text_node(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def to_yaml(script: Draft) -> str:
    """Return the text of a script, with suggestions for the last scene as comments.

    The first line names the schema, for editors (the YAML language server reads it).
    """
    schema = url_of_path(Path(schemas.__file__).parent / "script.schema.json")
    text = f"# yaml-language-server: $schema={schema}\n" + yaml.dump(
        script, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )
    scenes = script["scenes"]
    unset = [key for key in SUGGESTIONS if key not in scenes[-1]]
    if "clip" in scenes[-1]:
        unset.remove("motion")
    if len(scenes) == 1:
        unset.remove("transition")  # The first scene has no transition.
    return text + "".join(f"  # {key}: {SUGGESTIONS[key]}\n" for key in unset)


def scene_id(name: str, taken: set[str]) -> str:
    """Return a valid, unused scene id from a name, and add it to ``taken``."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:56] or "scene"
    found, number = plain, 2
    while found in taken:
        found = f"{plain}-{number}"
        number += 1
    taken.add(found)
    return found


def script_path(path: Path, folder: Path) -> str:
    """Return a path as a script in a folder names it: relative, with slashes."""
    return Path(relative_or_absolute(path, folder)).as_posix()


def yaml_number(value: Fraction) -> int | float | str:
    """Return a number of at most four decimals, or an NTSC rate as a fraction."""
    if value.denominator == 1:
        return int(value)
    if value.denominator == 1001:
        return str(value)
    # Rounded down, so that the end of a file is not exceeded.
    return math.floor(value * 10_000) / 10_000
