"""A stream of ffmpeg-python as arguments of ffmpeg."""

from __future__ import annotations

import re
from typing import Any

import ffmpeg

from .encoder import TAGS
from .inputs import NUMBER

_HAS_STATE = re.compile(r"(?<![a-z])(st|random|randomi)(?![a-z])")
"""Functions of an expression by which one sample has to do with another."""


def compiled(stream: Any, pixel_format: str = "yuv420p", last: str = TAGS) -> list[str]:
    """Inputs and ``-filter_complex`` of a stream, its output labelled ``out``.

    Args:
        stream: of ffmpeg-python.
        pixel_format: of what comes out.
        last: filters, as ffmpeg writes them, that everything goes through in the end.
    """
    tagged = stream.filter("format", pixel_format).filter("setsar", 1)
    args = [str(arg) for arg in ffmpeg.output(tagged, "unused").get_args()]
    while f"-{NUMBER}" in args:
        at = args.index(f"-{NUMBER}")
        del args[at : at + 2]
    graph = args.index("-filter_complex") + 1
    if "transition=custom" in args[graph] and _HAS_STATE.search("".join(args[graph].split())):
        # xfade evaluates in threads that share what st() stores: each run would look otherwise.
        args[graph - 1 : graph - 1] = ["-filter_complex_threads", "1"]
        graph += 2
    label = args[args.index("-map") + 1]
    return [*args[:graph], f"{args[graph].removesuffix(label)}[plain];[plain]{last}[out]"]
