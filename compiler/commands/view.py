"""`otio-gvideo view`: a timeline as a web page."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from ..api.view import view_timeline
from ..files.file_urls import url_of_path
from ..notices import Notice
from ..streams import print_warnings
from . import options

NAME = "view"
SUMMARY = "the timeline as a web page: tracks, words, cuts, recipes, and a player"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "timeline", type=Path, metavar="TIMELINE", help="an .otio file, or what an editor writes"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PAGE.html",
        help="the page to write (default: <name>.html beside TIMELINE)",
    )
    parser.add_argument(
        "--embed",
        action="store_true",
        help="put a small copy of the finished reel into the page, to send it alone",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="let --embed take a reel from outside the timeline's folder and its script's",
    )
    parser.add_argument("--open", action="store_true", help="open it in the web browser")
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    viewed = view_timeline(
        args.timeline, args.output, embed=args.embed, allow_outside=args.allow_outside
    )
    print_warnings(viewed.notes)
    print(viewed.path)
    if args.open and not webbrowser.open(url_of_path(viewed.path)):
        unopened = Notice("browser", "there is no web browser to open it in")
        print_warnings([unopened])
        viewed.notes.append(unopened)
    options.fail_on(args, viewed.notes)
    return 0
