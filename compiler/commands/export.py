"""`otio-gvideo export`: a timeline as the file of another program."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..api.export import export_timeline
from ..editors.editor_profiles import EDITORS
from ..editors.formats import FORMATS
from ..streams import print_warnings
from . import options

NAME = "export"
SUMMARY = "a timeline for DaVinci Resolve, Premiere, Final Cut, Kdenlive and others"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    suffixes = " ".join(suffix for suffix, one in FORMATS.items() if one.write is not None)
    parser.add_argument(
        "timeline",
        type=Path,
        metavar="TIMELINE",
        help="any timeline: .otio .otioz .otiod .fcpxml .xml .edl .aaf",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="X.EXT",
        help=f"what to write: {suffixes} (default: what the editor likes best, beside TIMELINE)",
    )
    parser.add_argument(
        "--for",
        dest="editor",
        choices=tuple(EDITORS),
        metavar="PROGRAM",
        help=f"the program that is to open it: {', '.join(EDITORS)}",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="let .otioz and .otiod take media from outside the timeline's folder and its script's",
    )
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    exported = export_timeline(
        args.timeline, args.output, editor=args.editor, allow_outside=args.allow_outside
    )
    print_warnings(exported.notes)
    print(exported.path)
    options.fail_on(args, exported.notes)
    return 0
