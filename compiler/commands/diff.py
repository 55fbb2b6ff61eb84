"""The command ``otio-gvideo diff``."""

from __future__ import annotations

import argparse

from ..printing import print_json, print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=options.path, metavar="A", help="a timeline, as compiled")
    parser.add_argument(
        "after",
        type=options.path,
        metavar="B",
        help=f"the same timeline after an edit: {options.READABLE}",
    )
    options.reading(parser)
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")
    options.strictness(parser, writes=False)


def run(args: argparse.Namespace) -> int:
    from ..api.diff import diff_timelines

    diff = diff_timelines(args.before, args.after, fps=args.fps, sequence=args.sequence)
    if args.json:
        print_json(diff.as_json(), indent=2)
    else:
        print(*diff.lines(), sep="\n")
    print_warnings(diff.warnings)
    options.fail_on(args, diff.warnings)
    return 0
