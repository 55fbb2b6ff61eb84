"""The generator tag by which this program recognises its own pages."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

_MARK = '<meta name="generator" content="otio-gvideo'
_WITHIN = 4096
"""Bytes of a page to search for the tag."""


def generator_tag() -> str:
    """Return the ``meta`` element of a page's head."""
    return f'{_MARK} {version("otio-gvideo")}">'


def is_page(path: Path) -> bool:
    """Whether this program wrote a file as its page."""
    try:
        with path.open("rb") as stream:
            return _MARK.encode() in stream.read(_WITHIN)
    except OSError:
        return False
