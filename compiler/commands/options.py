"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import WorkError
from ..notices import CODES, Notice, failure

if TYPE_CHECKING:
    from ..stages.output_options import OutputOptions


def path(text: str) -> Path:
    """Return a path from the command line.

    Raises:
        argparse.ArgumentTypeError: it is empty, which `pathlib` takes for the current folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


READABLE = ".otio .otioz .otiod .fcpxml .fcpxmld .xml .edl .aaf"
"""Suffixes of timelines that are read."""
BESIDE_OTIO = READABLE.removeprefix(".otio ")


def any_timeline(parser: argparse.ArgumentParser) -> None:
    """Add ``TIMELINE``, in any format that is read."""
    parser.add_argument(
        "timeline",
        type=path,
        metavar="TIMELINE",
        help=f"any timeline: {READABLE}",
    )


def reading(parser: argparse.ArgumentParser) -> None:
    """Add ``--fps`` and ``--sequence``."""
    parser.add_argument(
        "--fps",
        type=_rate,
        metavar="FPS",
        help="frame rate of an .edl, which states none, as in 25 or 30000/1001",
    )
    parser.add_argument(
        "--sequence",
        metavar="NAME",
        help="the timeline to read from a file that holds several",
    )


def output_folder(parser: argparse.ArgumentParser) -> None:
    """Add ``-o`` for the folder of everything that a script becomes."""
    parser.add_argument(
        "-o",
        "--output",
        type=path,
        metavar="DIR",
        help="folder for all files (default: build/<script's name>/ beside the script)",
    )


def config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument(
        "--config",
        type=path,
        metavar="FILE",
        help="configuration of this machine (default: video_config.yaml beside the input, else in "
        "your configuration folder)",
    )


def progress(parser: argparse.ArgumentParser) -> None:
    """Add ``--progress``."""
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "json", "none"),
        default="auto",
        help="plain: a line for each stage; json: JSON lines; none: warnings only; auto: bars on a "
        "terminal, else plain (default: auto)",
    )


def overriding(parser: argparse.ArgumentParser) -> None:
    """Add the options that override the script."""
    parser.add_argument(
        "--renderer", metavar="R", help="renderer of every scene (default: the script's)"
    )
    parser.add_argument(
        "--quality",
        choices=("draft", "standard", "high"),
        help="quality of every scene (default: the script's)",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="allow the script to name files outside its folder",
    )


def rendering(parser: argparse.ArgumentParser) -> None:
    """Add the options of rendering slots."""
    parser.add_argument(
        "--engine",
        default="local",
        metavar="E",
        help="where to render slots: local, ray, or ray://HOST:PORT (default: local)",
    )
    parser.add_argument(
        "--force", action="store_true", help="render every slot again, also on a cache hit"
    )
    parser.add_argument(
        "--relative-media",
        action="store_true",
        help="write the paths of rendered media relative to the timeline, for a folder that will "
        "be moved; your own files keep absolute paths (default: all absolute)",
    )


def output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the finished video."""
    parser.add_argument(
        "--preset",
        default="",
        metavar="P",
        help="h264, hevc, av1, prores, gif, webp, or a preset of the configuration (default: the "
        "configuration's, else h264)",
    )
    parser.add_argument(
        "--size",
        type=_size,
        action="append",
        default=[],
        metavar="WxH",
        help="size of the video; repeat it for a further file (default: the timeline's)",
    )
    parser.add_argument(
        "--reframe",
        choices=("centre", "salient"),
        help="crop around the centre, or around the salient region (default: salient with --size, "
        "else centre)",
    )
    parser.add_argument(
        "--max-size",
        type=_megabytes,
        metavar="MB",
        help="limit the size of each file in megabytes, by two-pass encoding (h264, hevc)",
    )
    parser.add_argument(
        "--no-segments",
        action="store_true",
        help="do not store encoded segments for the next run",
    )


def strictness(parser: argparse.ArgumentParser, *, writes: bool = True) -> None:
    """Add ``--strict`` and ``--fail-on``, to a command that writes files or none."""
    parser.add_argument(
        "--strict",
        dest="fail_on",
        action="store_const",
        const=list(CODES),
        default=[],
        help="exit with status 1 after any warning" + ("; all files are still written" * writes),
    )
    parser.add_argument(
        "--fail-on",
        type=_codes,
        action="extend",
        metavar="C,C",
        help=f"exit with status 1 after warnings with these codes: {', '.join(CODES)}",
    )


def fail_on(args: argparse.Namespace, warnings: Iterable[Notice]) -> None:
    """Raise the warnings that count as errors, once all files are written.

    Args:
        args: parsed, with those of `strictness`.
        warnings: of the run.

    Raises:
        WorkError: with the number of these warnings, and their codes.
    """
    what = failure(warnings, args.fail_on)
    if what:
        raise WorkError(what)


def output_options_of(args: argparse.Namespace) -> OutputOptions:
    """Return the parsed options of `output_options`."""
    from ..stages.output_options import OutputOptions

    return OutputOptions(
        preset=args.preset,
        sizes=tuple(args.size),
        reframe=args.reframe,
        max_mb=args.max_size,
        keep_segments=not args.no_segments,
    )


def number(text: str) -> float:
    """Parse a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _rate(text: str) -> Fraction:
    from ..sync.rationals import parse_rational
    from ..timeline.properties import HIGHEST_FPS
    from ..timeline.rate import exact_rate

    try:
        rate = exact_rate(parse_rational(text))
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 1 <= rate <= HIGHEST_FPS:
        what = f"{text!r} is not a frame rate, as in 25, 23.976 or 30000/1001"
        raise argparse.ArgumentTypeError(what)
    return rate


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found or any(int(side) % 2 or int(side) < 16 for side in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size in even pixels, as in 1080x1920")
    return int(found[1]), int(found[2])


def _megabytes(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:MB)?", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of megabytes, as in 50")
    return float(found[1])


def _codes(text: str) -> list[str]:
    codes = [code for part in text.split(",") if (code := part.strip())]
    for code in codes or [text]:
        if code not in CODES:
            close = difflib.get_close_matches(code.lower(), CODES, 1, 0.6)
            meant = f"did you mean {close[0]!r}? " if close else ""
            known = ", ".join(CODES)
            raise argparse.ArgumentTypeError(f"{code!r} is not a code; {meant}known: {known}")
    return codes
