"""`otio-gvideo transcript`: what a timing file says."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.transcript import show_transcript
from ..streams import print_warnings
from . import options

NAME = "transcript"
SUMMARY = "show what was read of a timing file, and mended"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a timing file of any format")
    parser.add_argument(
        "--audio", type=Path, metavar="WAV", help="the sound it belongs to, to check it against"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="X.json", help="write it as plain whisper JSON"
    )
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    shown, warnings = show_transcript(args.file, args.audio, args.output)
    print(shown)
    print_warnings(warnings)
    options.fail_on(args, warnings)
    return 0
