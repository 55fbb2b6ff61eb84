"""The command ``otio-gvideo evaluate``."""

from __future__ import annotations

import argparse
import sys

from ..printing import print_json, print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "timeline", type=options.path, metavar="TIMELINE", help="an .otio file with slots"
    )
    parser.add_argument(
        "--renderers",
        type=_names,
        default=[],
        metavar="R,R",
        help="renderers to compare (default: all that can run here; none if only --pick is given)",
    )
    parser.add_argument(
        "--qualities",
        type=_names,
        default=["standard"],
        metavar="Q,Q",
        help="draft, standard, high (default: standard)",
    )
    parser.add_argument(
        "--slots",
        type=_names,
        default=[],
        metavar="S,S",
        help="slots to render, or all (default: three, spread over the reel)",
    )
    parser.add_argument(
        "--pick",
        action="append",
        default=[],
        metavar="[SLOT=]TAKE",
        help="make a take active, as in stairs=ltx.high; without SLOT, in every slot that has it; "
        "none restores the slot's own media",
    )
    parser.add_argument("--force", action="store_true", help="ignore cached takes and measurements")
    parser.add_argument("--json", action="store_true", help="print the evaluation as JSON")
    options.config(parser)
    options.progress(parser)
    options.strictness(parser)


def run(args: argparse.Namespace) -> int:
    from ..api.evaluate import evaluate_timeline
    from ..evaluation.table import as_lines
    from ..progress_display import display

    with display("none" if args.json else args.progress) as show:
        found = evaluate_timeline(
            args.timeline,
            renderers=args.renderers,
            qualities=args.qualities,
            slots=args.slots,
            picks=args.pick,
            config=args.config,
            force=args.force,
            on_progress=show,
        )
    print_warnings(found.warnings, "" if args.json else args.progress)
    if args.json:
        print_json(found.as_json(), indent=2)
    elif args.progress == "json":
        print_json({"evaluation": found.as_json()})
    elif args.progress != "none":
        for line in as_lines(found):
            print(line)
        for slot, take in found.picked.items():
            print(f"{slot}: {take} is picked")
        for slot in found.restored:
            print(f"{slot}: its own media are active again")
        if found.takes:
            print(found.page)
    else:
        for (slot, take), why in found.failed.items():
            print(f"otio-gvideo: {slot}: {take}: {why}", file=sys.stderr)
    options.fail_on(args, found.warnings)
    return 1 if found.failed else 0


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]
