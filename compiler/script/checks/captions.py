"""Captions: their fonts and their colours."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import ImageColor

from ...errors import Problem
from ..shown_values import show
from ..yaml_source import YamlSource
from .files import ScriptFiles

FONT_SUFFIXES = (".ttf", ".otf", ".ttc")


def check_captions(source: YamlSource, captions: object, files: ScriptFiles) -> Iterator[Problem]:
    """Check the font files and the colours."""
    if not isinstance(captions, dict):
        return
    if is_font_file(captions.get("font")):
        files.check(captions["font"], ("captions", "font"), "font")
    files.check(captions.get("emoji_font"), ("captions", "emoji_font"), "emoji font")
    for key, value in captions.items():
        if str(key).endswith("colour") and isinstance(value, str):
            try:
                ImageColor.getrgb(value)
            except ValueError:
                hint = "write it as #ffd400, with opacity as #ffd400c0, or as a CSS name"
                yield source.problem(("captions", key), f"{show(value)} is not a colour", hint)


def is_font_file(font: object) -> bool:
    """Whether a font is a file rather than a family."""
    return isinstance(font, str) and font.lower().endswith(FONT_SUFFIXES)
