"""Inputs of a filtergraph.

ffmpeg-python takes two inputs that look alike for one, and then refuses to read it twice. So each
is numbered, by an option that is taken out again before ffmpeg sees it.
"""

from __future__ import annotations

import itertools
from typing import Any

import ffmpeg

from ....renderers.files.open_media import PROTOCOLS

NUMBER = "number_of_input"
"""The option that tells inputs apart."""
_numbers = itertools.count()


def source(url: str, **options: str) -> Any:
    """The picture of an input, read by itself, with ffmpeg's options for it."""
    number = {NUMBER: next(_numbers)}
    return ffmpeg.input(url, protocol_whitelist=PROTOCOLS, **options, **number).video
