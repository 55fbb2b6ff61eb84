"""The command ``otio-gvideo plan``."""

from __future__ import annotations

import argparse

from ..printing import print_json, print_warnings
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "script", type=options.path, metavar="SCRIPT", help="the YAML script, or its folder"
    )
    options.output_folder(parser)
    options.config(parser)
    options.overriding(parser)
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    options.strictness(parser, writes=False)


def run(args: argparse.Namespace) -> int:
    from ..api.plan import plan_script

    plan = plan_script(
        args.script,
        output=args.output,
        config=args.config,
        renderer=args.renderer,
        quality=args.quality,
        allow_outside=args.allow_outside,
    )
    if args.json:
        print_json(plan.as_json(), indent=2)
    else:
        print(*plan.lines(), sep="\n")
    print_warnings(plan.warnings)
    options.fail_on(args, plan.warnings)
    return 0
