"""The command ``otio-gvideo export``."""

from __future__ import annotations

import argparse

from ..printing import print_warnings
from . import options

SUFFIXES = ".otio .otioz .otiod .fcpxml .xml .edl .aaf .mlt .kdenlive .capcut .srt .vtt .ass"
PROGRAMS = (
    *("resolve", "resolve-18", "premiere", "finalcut", "avid"),
    *("kdenlive", "shotcut", "capcut", "blender", "nuke"),
)
FCPXML_VERSIONS = ("1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14")
"""The tables of `editors`, without importing OpenTimelineIO for them; a test compares."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.any_timeline(parser)
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="X.EXT",
        help=f"the file to write: {SUFFIXES} (default: beside TIMELINE, in the best format of "
        "--for)",
    )
    parser.add_argument(
        "--for",
        dest="editor",
        choices=PROGRAMS,
        metavar="PROGRAM",
        help=f"the program that will open the file: {', '.join(PROGRAMS)}",
    )
    parser.add_argument(
        "--fcpxml-version",
        choices=FCPXML_VERSIONS,
        metavar="N",
        help=f"of an .fcpxml: {', '.join(FCPXML_VERSIONS)} (default: 1.8, for every reader)",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="let .otioz and .otiod include media from outside the timeline's and script's folders",
    )
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.export import export_timeline

    exported = export_timeline(
        args.timeline,
        args.output,
        fps=args.fps,
        sequence=args.sequence,
        editor=args.editor,
        allow_outside=args.allow_outside,
        fcpxml_version=args.fcpxml_version,
    )
    print_warnings(exported.warnings)
    print(exported.path)
    options.fail_on(args, exported.warnings)
    return 0
