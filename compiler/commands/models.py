"""The command ``otio-gvideo models``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list",
        help="list the weights of each renderer, and whether they are here",
        description="List the weights of each renderer, and whether they are here.",
    )
    pulling = actions.add_parser(
        "pull",
        help="download the weights of renderers from the Hugging Face hub",
        description="Download the weights of renderers from the Hugging Face hub, safetensors "
        "only. Environment variables: HF_HOME (folder of the downloads), HF_TOKEN (sent with "
        "requests), HF_HUB_OFFLINE (no network).",
    )
    for action in (listing, pulling):
        options.config(action)
    pulling.add_argument("renderer", nargs="+", metavar="RENDERER", help="as in ltx, svd, wan")
    pulling.add_argument(
        "--quality",
        choices=("draft", "standard", "high"),
        action="append",
        help="download for this quality; may be repeated (default: all)",
    )


def run(args: argparse.Namespace) -> int:
    from ..api.models import list_models, pull_models

    config = Path(args.config) if args.config else None
    lines = (
        list_models(config=config)
        if args.action == "list"
        else pull_models(
            args.renderer, qualities=args.quality, config=config, bars=sys.stderr.isatty()
        )
    )
    for line in lines:
        print(line, flush=True)
    return 0
