"""The command ``otio-gvideo compile``."""

from __future__ import annotations

import argparse

from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "script",
        type=options.path,
        metavar="SCRIPT|FOLDER",
        help="the YAML script; or a folder of stills, videos, a voice and a text: its script.yaml, "
        "drafted as by init if there is none",
    )
    options.output_folder(parser)
    parser.add_argument(
        "--until",
        choices=("timeline", "media", "video"),
        default="video",
        help="stop after the timeline, or after its media (default: video)",
    )
    options.config(parser)
    options.progress(parser)
    options.overriding(parser)
    options.rendering(parser)
    parser.add_argument(
        "--verify",
        action="store_true",
        help="verify the hashes of all stored media and segments, and delete damaged files",
    )
    options.output_options(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.compile import compile_script
    from ..outputs.paths import report_path
    from ..progress_display import display
    from .print_report import print_report

    with display(args.progress) as show:
        report = compile_script(
            args.script,
            output=args.output,
            until=args.until,
            config=args.config,
            renderer=args.renderer,
            quality=args.quality,
            engine=args.engine,
            force=args.force,
            allow_outside=args.allow_outside,
            relative_media=args.relative_media,
            verify=args.verify,
            output_options=options.output_options_of(args),
            on_progress=show,
        )
    print_report(report, args.progress, report_path(report.timeline))
    options.fail_on(args, report.warnings)
    return 0
