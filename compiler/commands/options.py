"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...renderers.base import UnavailableError
from ...renderers.run.engines import refuse_engine
from ..errors import WorkError
from ..notices import CODES, Notice, failure
from ..stages.output_options import Finishing


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
        help="bars on a terminal, plain lines, JSON lines, or nothing but warnings (default: auto)",
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


def finishing(parser: argparse.ArgumentParser) -> None:
    """What is asked of the finished video."""
    parser.add_argument(
        "--preset",
        default="",
        metavar="P",
        help="h264, hevc, av1, prores, gif, webp, or one of the configuration's presets",
    )
    parser.add_argument(
        "--size",
        type=_size,
        action="append",
        default=[],
        metavar="WxH",
        help="size of the video (default: the timeline's); give it again for another file",
    )
    parser.add_argument(
        "--reframe",
        choices=("centre", "salient"),
        help="what pictures are laid around where they are cut off to fill the frame "
        "(default: salient with --size, else centre)",
    )
    parser.add_argument(
        "--max-size", type=_megabytes, metavar="MB", help="most megabytes of a file (two passes)"
    )
    parser.add_argument(
        "--no-segments",
        action="store_true",
        help="keep nothing of what is encoded for the next run",
    )


def strictness(parser: argparse.ArgumentParser) -> None:
    """``--strict`` and ``--fail-on``: warnings that end with exit status 1."""
    parser.add_argument(
        "--strict",
        dest="fail_on",
        action="store_const",
        const=list(CODES),
        default=[],
        help="exit status 1 after any warning; everything is still written",
    )
    parser.add_argument(
        "--fail-on",
        type=_codes,
        action="extend",
        metavar="C,C",
        help=f"the same after warnings of these codes: {', '.join(CODES)}",
    )


def fail_on(args: argparse.Namespace, warnings: Iterable[Notice]) -> None:
    """After everything is written and told, fail over the warnings that count as errors.

    Args:
        args: of `strictness`.
        warnings: of the run.

    Raises:
        WorkError: there are some; it counts them and names their codes.
    """
    what = failure(warnings, args.fail_on)
    if what:
        raise WorkError(what)


def finishing_of(args: argparse.Namespace, **others: Any) -> Finishing:
    """What the arguments of `finishing` say."""
    return Finishing(
        preset=args.preset,
        sizes=tuple(args.size),
        reframe=args.reframe,
        max_mb=args.max_size,
        keep_segments=not args.no_segments,
        **others,
    )


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found or any(int(side) % 2 or int(side) < 16 for side in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size in even pixels, as in 1080x1920")
    return int(found[1]), int(found[2])


def _megabytes(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:MB)?", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of megabytes, as in 50")
    return float(found[1])


def _codes(text: str) -> list[str]:
    codes = [code for part in text.split(",") if (code := part.strip())]
    for code in codes or [text]:
        if code not in CODES:
            close = difflib.get_close_matches(code.lower(), CODES, 1, 0.6)
            meant = f"did you mean {close[0]!r}? " if close else ""
            known = ", ".join(CODES)
            raise argparse.ArgumentTypeError(f"{code!r} is no code; {meant}known: {known}")
    return codes


def _engine(name: str) -> str:
    try:
        refuse_engine(name)
    except UnavailableError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name
