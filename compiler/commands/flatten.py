"""The command ``otio-gvideo flatten``."""

from __future__ import annotations

import argparse
from dataclasses import replace

from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    options.any_timeline(parser)
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        required=True,
        metavar="X.mp4",
        help="the video to write",
    )
    options.output_options(parser)
    parser.add_argument(
        "--allow-missing",
        action="store_true",
        help="exit with status 0 even if slates stand in for missing media",
    )
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="download media with http and https URLs",
    )
    parser.add_argument(
        "--clip-sound",
        type=options.number,
        metavar="DB",
        help="mix in the audio of the video clips at this level, as in -12; -96 to 24 (default:"
        " none)",
    )
    options.config(parser)
    options.progress(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.flatten import flatten_timeline
    from ..progress_display import display
    from .print_report import print_report

    with display(args.progress) as show:
        report = flatten_timeline(
            args.timeline,
            args.output,
            fps=args.fps,
            sequence=args.sequence,
            config=args.config,
            output_options=replace(
                options.output_options_of(args),
                allow_missing=args.allow_missing,
                allow_network=args.allow_network,
                clip_sound_db=args.clip_sound,
            ),
            on_progress=show,
        )
    print_report(report, args.progress)
    options.fail_on(args, report.warnings)
    return 0
