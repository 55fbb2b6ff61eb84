"""The command ``otio-gvideo models``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ..printing import print_json
from . import options


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list",
        help="list the weights of each renderer, whether they are here, and what fits this GPU",
        description="List the weights of each renderer, whether they are here, and which qualities "
        "fit this GPU. Uses no network: sizes of missing weights are approximate.",
    )
    pulling = actions.add_parser(
        "pull",
        help="download the weights of models from the Hugging Face hub",
        description="Download the weights of models from the Hugging Face hub, safetensors "
        "only. A download that was interrupted is carried on. Environment variables: HF_HOME "
        "(folder of the downloads), HF_TOKEN (sent with requests), HF_ENDPOINT (another hub), "
        "HF_HUB_OFFLINE (no network).",
    )
    for action in (listing, pulling):
        options.config(action)
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    options.progress(pulling)
    pulling.add_argument(
        "renderer",
        nargs="+",
        metavar="MODEL",
        help="renderer, as in ltx, svd, wan; or align-mms, which aligns words, or align-OWNER/NAME",
    )
    pulling.add_argument(
        "--language",
        action="append",
        metavar="CODE",
        help="download the adapter of an alignment model for this language; may be repeated",
    )
    pulling.add_argument(
        "--quality",
        choices=("draft", "standard", "high"),
        action="append",
        help="download for this quality; may be repeated (default: all)",
    )


def run(args: argparse.Namespace) -> int:
    return _list(args, args.config) if args.action == "list" else _pull(args, args.config)


def _list(args: argparse.Namespace, config: Path | None) -> int:
    from ..api.models import cache_summary, list_models

    models = list_models(config=config)
    if args.json:
        print_json([asdict(model) for model in models], indent=2)
    else:
        print(*(line for model in models for line in model.lines()), cache_summary(), sep="\n")
    return 0


def _pull(args: argparse.Namespace, config: Path | None) -> int:
    from ..api.models import pull_models, pulled_lines
    from ..progress_display import display

    with display(args.progress) as show:
        pulled = pull_models(
            args.renderer,
            qualities=args.quality,
            languages=args.language or (),
            config=config,
            on_progress=show,
        )
    if args.progress == "json":
        print_json({"models": [one.as_json() for one in pulled]})
    elif args.progress != "none":
        print(*pulled_lines(pulled), sep="\n")
    return 0
