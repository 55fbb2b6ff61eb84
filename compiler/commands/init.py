"""The command ``otio-gvideo init``."""

from __future__ import annotations

import argparse

from ..printing import print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        type=options.path,
        metavar="FOLDER|TIMELINE",
        help="a folder of stills, videos, a voice and a text; or a cut with stills on V1 and "
        "narration on A1",
    )
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="SCRIPT",
        help="the script to write (default: FOLDER/script.yaml, or TIMELINE with the suffix .yaml)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing script")
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.init import init_script

    path, warnings = init_script(
        args.source, args.output, fps=args.fps, sequence=args.sequence, force=args.force
    )
    print_warnings(warnings)
    print(path)
    options.fail_on(args, warnings)
    return 0
