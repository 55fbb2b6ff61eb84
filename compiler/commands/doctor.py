"""`otio-gvideo doctor`: this machine."""

from __future__ import annotations

import argparse

from ..doctor import diagnose

NAME = "doctor"
SUMMARY = "what this machine can do"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Do it."""
    del args
    for line in diagnose():
        print(line)
    return 0
