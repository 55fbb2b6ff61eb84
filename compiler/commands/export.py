"""`otio-gvideo export`: a timeline as the file of another program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..api.export import export_timeline
from ..editors.dialects import EDITORS
from ..editors.formats import FORMATS

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
        "--for", dest="editor", choices=tuple(EDITORS), help="the program that is to open it"
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    exported = export_timeline(args.timeline, args.output, editor=args.editor)
    for note in exported.notes:
        print(f"note: {note}", file=sys.stderr)
    print(exported.path)
    return 0
