"""`otio-gvideo flatten`: a timeline into one video file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.flatten import flatten_timeline
from ..console import display
from . import options
from .print_report import print_report

NAME = "flatten"
SUMMARY = "any OpenTimelineIO timeline into a video"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "timeline",
        type=Path,
        metavar="TIMELINE",
        help="any timeline: .otio .otioz .otiod .fcpxml .xml .edl .aaf",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="X.mp4", help="the video to write"
    )
    options.finishing(parser)
    parser.add_argument(
        "--allow-missing",
        action="store_true",
        help="exit status 0 even where slates stand in for missing media",
    )
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="fetch media that the timeline names by http and https",
    )
    parser.add_argument(
        "--clip-sound",
        type=float,
        metavar="DB",
        help="mix in the sound of the picture clips' own media at this level, as in -12",
    )
    options.config(parser)
    options.progress(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    with display(args.progress) as show:
        report = flatten_timeline(
            args.timeline,
            args.output,
            config=args.config,
            finishing=options.finishing_of(
                args,
                allow_missing=args.allow_missing,
                allow_network=args.allow_network,
                clip_sound_db=args.clip_sound,
            ),
            on_progress=show,
        )
    print_report(report, args.progress)
    options.fail_on(args, report.warnings)
    return 0
