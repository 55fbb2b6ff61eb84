"""`otio-gvideo init`: a script from what is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.init import init_script
from ..streams import print_warnings
from . import options

NAME = "init"
SUMMARY = "a script from a folder of stills, a voice and a text, or from a timeline"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="FOLDER|TIMELINE",
        help="stills, a voice file and a text; or a cut with stills on V1 and narration on A1",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="SCRIPT",
        help="what to write (default: script.yaml in FOLDER, or TIMELINE's name with .yaml)",
    )
    parser.add_argument("--force", action="store_true", help="write over a script that is there")
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    path, notes = init_script(args.source, args.output, force=args.force)
    print_warnings(notes)
    print(path)
    options.fail_on(args, notes)
    return 0
