"""`otio-gvideo diff`: what an editor changed, and what would be rendered for it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.diff import diff_timelines
from ..streams import print_json, print_warnings
from . import options

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
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    diff = diff_timelines(args.before, args.after)
    if args.json:
        print_json(diff.as_json(), indent=2)
    else:
        print(*diff.lines(), sep="\n")
    print_warnings(diff.notices)
    options.fail_on(args, diff.notices)
    return 0
