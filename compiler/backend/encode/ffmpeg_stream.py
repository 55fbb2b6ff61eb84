"""ffmpeg-python streams: inputs of a filtergraph, and the graph as arguments of ffmpeg."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import Any

import ffmpeg

from ....renderers.files.open_media import PROTOCOLS
from .encoder_settings import TAGS

_NUMBER = "number_of_input"
"""An option that tells inputs apart, removed before ffmpeg sees it: ffmpeg-python takes two equal
inputs for one, and then refuses to read it twice."""
_numbers = itertools.count()
_HAS_STATE = re.compile(r"(?<![a-z])(st|random|randomi)(?![a-z])")
"""Functions of an expression that carry state from one sample to another."""


def ratio(number: Fraction) -> str:
    """Return a number as ffmpeg's options take it, as in ``24000/1001``."""
    return f"{number.numerator}/{number.denominator}"


def source(url: str, **options: str | None) -> Any:
    """Return the picture of an input, opened with ffmpeg's options for it."""
    number = {_NUMBER: next(_numbers)}
    return ffmpeg.input(url, protocol_whitelist=PROTOCOLS, **options, **number).video


def graph_args(stream: Any, pixel_format: str = "yuv420p", last: str = TAGS) -> list[str]:
    """Return the inputs and ``-filter_complex`` of a stream, its output labelled ``out``.

    Args:
        stream: of ffmpeg-python.
        pixel_format: of the output.
        last: filters, in ffmpeg's syntax, at the end of the graph.
    """
    tagged = stream.filter("format", pixel_format).filter("setsar", 1)
    args = [str(arg) for arg in ffmpeg.output(tagged, "unused").get_args()]
    while f"-{_NUMBER}" in args:
        at = args.index(f"-{_NUMBER}")
        del args[at : at + 2]
    graph = args.index("-filter_complex") + 1
    if "transition=custom" in args[graph] and _HAS_STATE.search("".join(args[graph].split())):
        # xfade evaluates in threads that share the variables of st(): results would vary.
        args[graph - 1 : graph - 1] = ["-filter_complex_threads", "1"]
        graph += 2
    label = args[args.index("-map") + 1]
    return [*args[:graph], f"{args[graph].removesuffix(label)}[plain];[plain]{last}[out]"]
