"""`otio-gvideo plan`: what would be made."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.plan import plan_script
from . import options
from .print_report import tell_lines

NAME = "plan"
SUMMARY = "what compile would do, without doing it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("script", type=Path, metavar="SCRIPT", help="the YAML script")
    options.output_folder(parser)
    options.config(parser)
    options.overriding(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    found = plan_script(
        args.script,
        output=args.output,
        config=args.config,
        renderer=args.renderer,
        quality=args.quality,
        allow_outside=args.allow_outside,
    )
    options.fail_on(args, tell_lines(found))
    return 0
