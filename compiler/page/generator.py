"""The mark of pages that this program writes, by which it knows its own."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

_MARK = '<meta name="generator" content="otio-gvideo'
_WITHIN = 4096
"""Bytes of a page in which the mark is looked for."""


def generator_tag() -> str:
    """The element of a page's head."""
    return f'{_MARK} {version("otio-gvideo")}">'


def is_page(path: Path) -> bool:
    """Whether a file is a page that this program wrote."""
    try:
        with path.open("rb") as stream:
            return _MARK.encode() in stream.read(_WITHIN)
    except OSError:
        return False
