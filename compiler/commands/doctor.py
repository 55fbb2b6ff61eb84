"""The command ``otio-gvideo doctor``."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace) -> int:
    from ..doctor import diagnose

    del args
    for line in diagnose():
        print(line)
    return 0
