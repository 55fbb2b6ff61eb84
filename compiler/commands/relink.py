"""`otio-gvideo relink`: find the media of a project that was moved."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..api.relink import relink_timeline

NAME = "relink"
SUMMARY = "find the files of a timeline again after they were moved"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("timeline", type=Path, metavar="TIMELINE", help="an .otio file")
    parser.add_argument(
        "--media",
        type=Path,
        required=True,
        metavar="DIR",
        help="where to look, in it and all folders below",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="X.otio", help="what to write (default: TIMELINE)"
    )


def run(args: argparse.Namespace) -> int:
    """Do it: 1 where files are still missing."""
    output, done = relink_timeline(
        args.timeline,
        args.media,
        args.output,
        on_progress=lambda step: print(step.message, file=sys.stderr),
    )
    for url, path in done.found.items():
        print(f"{url} -> {path}")
    for url in done.missing:
        print(f"{url}: not found in {args.media}", file=sys.stderr)
    print(f"{output}: {len(done.found)} files relinked, {len(done.missing)} missing")
    return 1 if done.missing else 0
