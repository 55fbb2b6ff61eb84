"""The command ``otio-gvideo transcript``."""

from __future__ import annotations

import argparse

from ..printing import print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=options.path, metavar="FILE", help="a transcript in any known format"
    )
    parser.add_argument(
        "--audio",
        type=options.path,
        metavar="WAV",
        help="its recording: finds words past the end, or after the last speech",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="X.json",
        help="write the repaired words as openai-whisper JSON",
    )
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.transcript import show_transcript

    shown, warnings = show_transcript(args.file, args.audio, args.output)
    print(shown)
    print_warnings(warnings)
    options.fail_on(args, warnings)
    return 0
