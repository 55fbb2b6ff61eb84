"""The members of a command's module."""

from __future__ import annotations

import argparse
from typing import Protocol


class Command(Protocol):
    """A module of this package."""

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Declare the arguments of the command."""

    def run(self, args: argparse.Namespace, /) -> int:
        """Run the command and return its exit status.

        Raises:
            InputError, WorkError: from the function of `api` that does the work.
        """
