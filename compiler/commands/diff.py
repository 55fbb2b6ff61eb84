"""`otio-gvideo diff`: what an editor changed, and what would be rendered for it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.diff import diff_timelines
from . import options
from .print_report import tell_lines

NAME = "diff"
SUMMARY = "what changed between two timelines, in an editor's words, and what it would cost"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("before", type=Path, metavar="A", help="a timeline, such as was compiled")
    parser.add_argument(
        "after",
        type=Path,
        metavar="B",
        help="the same after an edit: .otio .otioz .fcpxml .xml .edl .aaf",
    )
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    options.fail_on(args, tell_lines(diff_timelines(args.before, args.after)))
    return 0
