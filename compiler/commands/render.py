"""`otio-gvideo render`: media for the slots of a timeline."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.render import render_timeline
from ..console import display
from . import options
from .print_report import print_report

NAME = "render"
SUMMARY = "fill the slots of a timeline that lack media, also after it was edited elsewhere"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "timeline",
        type=Path,
        metavar="TIMELINE",
        help="an .otio file, or what an editor wrote: .otioz .fcpxml .xml .edl .aaf",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="X.otio",
        help="the timeline to write (default: TIMELINE itself, else TIMELINE.otio)",
    )
    parser.add_argument(
        "--compiled",
        type=Path,
        metavar="X.otio",
        help="the timeline that it was made from (default: found beside it, or beside its media)",
    )
    parser.add_argument(
        "--media", type=Path, metavar="DIR", help="a folder of rendered media to use as well"
    )
    options.config(parser)
    options.progress(parser)
    options.rendering(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    with display(args.progress) as show:
        report = render_timeline(
            args.timeline,
            output=args.output,
            compiled=args.compiled,
            media=args.media,
            config=args.config,
            engine=args.engine,
            force=args.force,
            relative_media=args.relative_media,
            on_progress=show,
        )
    print_report(report, args.progress)
    options.fail_on(args, report.warnings)
    return 0
