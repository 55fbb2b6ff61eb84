"""The command ``otio-gvideo view``."""

from __future__ import annotations

import argparse

from ..notices import Notice
from ..printing import print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    options.any_timeline(parser)
    options.reading(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=options.path,
        metavar="PAGE.html",
        help="the page to write (default: <name>.html beside TIMELINE)",
    )
    parser.add_argument(
        "--embed",
        action="store_true",
        help="embed a small copy of the finished reel, to send the page alone",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="let --embed use a reel from outside the timeline's and script's folders",
    )
    parser.add_argument("--open", action="store_true", help="open the page in the web browser")
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    import webbrowser

    from ..api.view import view_timeline
    from ..files.file_urls import url_of_path

    viewed = view_timeline(
        args.timeline,
        args.output,
        fps=args.fps,
        sequence=args.sequence,
        embed=args.embed,
        allow_outside=args.allow_outside,
    )
    warnings = list(viewed.warnings)
    if args.open and not webbrowser.open(url_of_path(viewed.path)):
        warnings.append(Notice("browser", "no web browser to open the page in"))
    print_warnings(warnings)
    print(viewed.path)
    options.fail_on(args, warnings)
    return 0
