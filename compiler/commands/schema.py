"""`otio-gvideo schema`: the formats."""

from __future__ import annotations

import argparse

from ... import schemas
from ..streams import print_json

NAME = "schema"
SUMMARY = "print a JSON Schema"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    names = schemas.names()
    parser.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))


def run(args: argparse.Namespace) -> int:
    """Do it."""
    print_json(schemas.load(args.name), indent=2)
    return 0
