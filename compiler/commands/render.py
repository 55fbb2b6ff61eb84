"""The command ``otio-gvideo render``."""

from __future__ import annotations

import argparse

from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "timeline",
        type=options.path,
        metavar="TIMELINE",
        help=f"an .otio file, or the export of an editor: {options.BESIDE_OTIO}",
    )
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="X.otio",
        help="the timeline to write (default: TIMELINE itself, else TIMELINE.otio)",
    )
    parser.add_argument(
        "--compiled",
        type=options.path,
        metavar="X.otio",
        help="the compiled timeline before the edit (default: found beside TIMELINE or its media)",
    )
    parser.add_argument(
        "--media",
        type=options.path,
        metavar="DIR",
        help="a further folder of rendered media to reuse",
    )
    options.config(parser)
    options.progress(parser)
    options.rendering(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.render import render_timeline
    from ..progress_display import display
    from .print_report import print_report

    with display(args.progress) as show:
        report = render_timeline(
            args.timeline,
            fps=args.fps,
            sequence=args.sequence,
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
