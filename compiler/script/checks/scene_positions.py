"""Check times in a scene (``at``): shares of its length, and words of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from ...errors import Problem
from ...sync.rationals import parse_rational
from ..shown_values import nearest, show
from ..tokens import bare, tokenize
from ..yaml_source import KeyPath, YamlSource

_AT_WORD = re.compile(r"word:(?P<word>[^#\s]+)(?:#(?P<nth>[1-9][0-9]{0,8}))?")


def check_place(source: YamlSource, at: object, text: object, path: KeyPath) -> Iterator[Problem]:
    """Check that a time lies in its scene.

    Args:
        source: the script.
        at: the time.
        text: of the scene; None if it has none.
        path: of the time.
    """
    if isinstance(at, str) and at.startswith("word:"):
        yield from _check_word(source, at, text, path)
    share = share_of(at)
    if share is not None and share > 1:
        what = f"{show(at)} is beyond the scene's end"
        yield source.problem(path, what, "a share is at most 100%")


def share_of(at: object) -> Fraction | None:
    """Parse a share such as ``40%``, as 0..1; None for anything else."""
    if not isinstance(at, str) or not at.endswith("%"):
        return None
    try:
        return parse_rational(at[:-1]) / 100
    except (ValueError, ZeroDivisionError):
        return None


def _check_word(source: YamlSource, at: str, text: object, path: KeyPath) -> Iterator[Problem]:
    match = _AT_WORD.fullmatch(at)
    if match is None:
        yield source.problem(path, f"{show(at)} names no word", "write it as word:storm")
        return
    if not isinstance(text, str):
        yield source.problem(path, "only a scene with text has words", "use a share or seconds")
        return
    words = [bare(token.text) for token in tokenize(text)]
    count, nth = words.count(bare(match["word"])), int(match["nth"] or 1)
    if count == 0:
        what = f"the scene's text has no word {match['word']!r}"
        yield source.problem(path, what, nearest(match["word"], list(dict.fromkeys(words))))
    elif nth > count:
        what = f"the scene says {match['word']!r} {count} times, not {nth}"
        yield source.problem(path, what, "")
