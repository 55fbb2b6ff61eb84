"""The command ``otio-gvideo check``."""

from __future__ import annotations

import argparse

from ..printing import print_json
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=options.path, metavar="X.mp4", help="the finished reel")
    parser.add_argument(
        "--against",
        type=options.path,
        required=True,
        metavar="TIMELINE",
        help="the timeline that the reel was made from",
    )
    options.reading(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options.progress(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.check import check_video
    from ..progress_display import display

    with display("none" if args.json else args.progress) as show:
        found = check_video(
            args.video, args.against, fps=args.fps, sequence=args.sequence, on_progress=show
        )
    if args.json:
        print_json(found.as_json(), indent=2)
    elif args.progress == "json":
        print_json({"check": found.as_json()})
    else:
        for finding in found.findings:
            print(finding)
    return 0 if found.ok else 1
