"""Check custom transitions: expressions in the language of ffmpeg's ``xfade``."""

from __future__ import annotations

import re
import threading
from fractions import Fraction

from ...media.ffmpeg import run
from ...media.ffmpeg_log import FfmpegError, StoppedError
from .ffmpeg_stream import graph_args
from .transitions import TransitionPart, TransitionStyle, blend, plain

ENDLESS = ("while", "taylor", "root", "print")
"""Functions that no custom expression may call: the first may never end, the next two evaluate a
thousand times a sample, and the last logs a line a sample."""
TRIAL_S = 30.0
"""Timeout of the trial of a custom expression, which has 1152 samples."""


def check_expression(expression: str) -> str:
    """Return why a custom expression is rejected; empty if it is valid.

    It is tried on two small pictures, since only ``xfade`` can parse it.
    """
    # ffmpeg ignores white space. None of these names is part of another function's.
    written = "".join(expression.split())
    called = next((name for name in ENDLESS if name in written), "")
    if called:
        return f"it calls {called}(), which may take for ever; write it without"
    black, white = (plain(colour, 3, (16, 16), Fraction(24)) for colour in ("black", "white"))
    style = TransitionStyle({"tried": expression})
    part = TransitionPart(3, Fraction(0), Fraction(1), 3, (16, 16), Fraction(24))
    tried = blend(black, white, "tried", part, style=style)
    stop = threading.Event()
    timer = threading.Timer(TRIAL_S, stop.set)
    timer.start()
    args = [*graph_args(tried), "-map", "[out]", "-f", "null", "-"]
    try:
        run(args, what="trying an expression", stop=stop)
    except StoppedError:
        return f"it takes more than {TRIAL_S:.0f} s for a picture of 16x16"
    except FfmpegError as error:
        words = str(error).partition(": ")[2]
        found = re.search(r"(Undefined constant[^;]*|Missing[^;]*|Invalid chars[^;]*|"
                         r"Unknown function[^;]*|[^;]*expression[^;]*)", words)  # fmt: skip
        cause = re.sub(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*", "", found[0] if found else words).strip()
        return f"ffmpeg rejects it: {cause}"
    finally:
        timer.cancel()
    return ""
