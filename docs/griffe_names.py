"""Split entries of docstrings that describe several names: ``width, height: in pixels``."""

from __future__ import annotations

import re
from typing import Any

import griffe

ENTRY = re.compile(r"^( {4})(\w+(?:, \w+)+): (.+(?:\n {8}.+)*)", re.MULTILINE)


class SplitNames(griffe.Extension):
    """Give each name an entry of its own, with the same text."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = ENTRY.sub(_entries, obj.docstring.value)


def _entries(match: re.Match[str]) -> str:
    indent, names, text = match.groups()
    return "\n".join(f"{indent}{name}: {text}" for name in names.split(", "))
