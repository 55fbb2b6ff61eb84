"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path


def output_folder(parser: argparse.ArgumentParser) -> None:
    """``-o``: where all that is made of a script goes."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for all that is made (default: build/<script's name>/ beside the script)",
    )


def config(parser: argparse.ArgumentParser) -> None:
    """``--config``: what the machine does."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the machine's video_config.yaml"
    )


def progress(parser: argparse.ArgumentParser) -> None:
    """``--progress``: how it is shown."""
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "json", "none"),
        default="auto",
        help="bars on a terminal, plain lines, JSON lines, or nothing (default: auto)",
    )


def overriding(parser: argparse.ArgumentParser) -> None:
    """What is said for every scene in place of the script."""
    parser.add_argument("--renderer", metavar="R", help="use this renderer for every scene")
    parser.add_argument(
        "--quality", choices=("draft", "standard", "high"), help="use this quality for every scene"
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="let the script name files outside its folder",
    )


def rendering(parser: argparse.ArgumentParser) -> None:
    """Where slots are rendered, whether again, and how their media are named."""
    parser.add_argument(
        "--engine",
        type=_engine,
        default="local",
        metavar="E",
        help="where slots are rendered: local, ray, or ray://HOST:PORT (default: local)",
    )
    parser.add_argument(
        "--force", action="store_true", help="render again what the store holds already"
    )
    parser.add_argument(
        "--relative-media",
        action="store_true",
        help="name media relative to the timeline, for a folder that will move",
    )


def _engine(name: str) -> str:
    if name in ("local", "ray") or name.startswith("ray://"):
        return name
    raise argparse.ArgumentTypeError(f"{name!r} is no engine: local, ray or ray://HOST:PORT")
