"""The command ``otio-gvideo schema``."""

from __future__ import annotations

import argparse

from ... import schemas
from ..printing import print_json


def arguments(parser: argparse.ArgumentParser) -> None:
    names = schemas.names()
    parser.add_argument("name", choices=names, metavar="NAME", help=f"a format: {', '.join(names)}")


def run(args: argparse.Namespace) -> int:
    print_json(schemas.load(args.name), indent=2)
    return 0
