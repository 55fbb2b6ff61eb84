"""The command ``otio-gvideo watch``."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ..errors import Problem
from ..notices import Notice
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "script", type=options.path, metavar="SCRIPT", help="the YAML script, or its folder"
    )
    options.output_folder(parser)
    options.config(parser)
    options.progress(parser)
    options.overriding(parser)
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="port of the page (default: a free one)"
    )
    parser.add_argument(
        "--no-open", action="store_true", help="do not open the page in the web browser"
    )


def run(args: argparse.Namespace) -> int:
    import sys
    import threading
    import webbrowser

    from ..printing import print_json, print_warnings
    from ..progress_display import display
    from ..watch.watch import watch_script

    as_json = args.progress == "json"

    def started(url: str) -> None:
        if as_json:
            print_json({"url": url})
        else:
            print(url, flush=True)
        if not args.no_open:
            # A browser of the terminal would block.
            threading.Thread(target=show_page, args=(url,), daemon=True).start()

    def show_page(url: str) -> None:
        if not webbrowser.open(url):
            warn(Notice("browser", "no web browser to open the page in"))

    def warn(notice: Notice) -> None:
        print_warnings([notice], args.progress)

    def finished(
        problems: tuple[Problem, ...], warnings: tuple[Notice, ...], seconds: float
    ) -> None:
        if as_json:
            print_json({"problems": [asdict(one) for one in problems], "seconds": seconds})
        print_warnings(warnings, args.progress)
        for problem in () if as_json else problems:
            print(problem, file=sys.stderr, flush=True)
        if not as_json and not problems:
            print(f"{'watch':<9} done in {seconds:.1f} s", flush=True)

    # Bars would stay on the screen between the runs.
    with display("plain" if args.progress == "auto" else args.progress) as show:
        watch_script(
            args.script,
            output=args.output,
            config=args.config,
            renderer=args.renderer,
            quality=args.quality,
            allow_outside=args.allow_outside,
            port=args.port,
            on_start=started,
            on_progress=show,
            on_result=finished,
            on_notice=warn,
        )
    return 0


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port, as in 8000")
