"""`otio-gvideo render`: media for the slots of a timeline."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import display
from ..driver import render_timeline
from . import options
from .tell import tell

NAME = "render"
SUMMARY = "fill the slots of a timeline that lack media"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("timeline", type=Path, metavar="TIMELINE", help="an .otio file")
    options.config(parser)
    options.progress(parser)
    options.rendering(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    with display(args.progress) as show:
        report = render_timeline(
            args.timeline,
            config=args.config,
            engine=args.engine,
            force=args.force,
            relative_media=args.relative_media,
            on_progress=show,
        )
    tell(report, args.progress)
    return 0
