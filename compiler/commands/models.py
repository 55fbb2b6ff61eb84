"""`otio-gvideo models`: the weights of the configured models, listed or fetched."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..api.models import list_models, pull_models
from . import options

NAME = "models"
SUMMARY = "list or fetch the weights that video models need"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what each renderer needs, and whether it is here")
    pulling = actions.add_parser(
        "pull",
        help="fetch what the renderers need from the Hugging Face hub",
        description="Fetch what the renderers need, as safetensors and nothing else. HF_HOME says "
        "where to, HF_TOKEN is sent along, HF_HUB_OFFLINE keeps it from the network.",
    )
    for action in (listing, pulling):
        options.config(action)
    pulling.add_argument("renderer", nargs="+", metavar="RENDERER", help="as in ltx, svd, wan")
    pulling.add_argument(
        "--quality",
        choices=("draft", "standard", "high"),
        action="append",
        help="the qualities to fetch for; all of them unless it is given",
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
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
