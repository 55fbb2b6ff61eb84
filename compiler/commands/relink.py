"""The command ``otio-gvideo relink``."""

from __future__ import annotations

import argparse
import sys

from ..progress_clock import count
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "timeline",
        type=options.path,
        metavar="TIMELINE",
        help=f"an .otio file, or with -o also {options.BESIDE_OTIO}",
    )
    parser.add_argument(
        "--media",
        type=options.path,
        required=True,
        metavar="DIR",
        help="folder to search, with its subfolders",
    )
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="X.otio",
        help="the timeline to write (default: TIMELINE)",
    )


def run(args: argparse.Namespace) -> int:
    from ..api.relink import relink_timeline

    output, done = relink_timeline(
        args.timeline,
        args.media,
        args.output,
        fps=args.fps,
        sequence=args.sequence,
        on_progress=lambda step: print(step.message, file=sys.stderr),
    )
    for url, path in done.found.items():
        print(f"{url} -> {path}")
    for url in done.missing:
        print(f"{url}: not found in {args.media}", file=sys.stderr)
    print(f"{output}: {count(len(done.found), 'file')} relinked, {len(done.missing)} missing")
    return 1 if done.missing else 0
