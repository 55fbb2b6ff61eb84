"""What a command is."""

from __future__ import annotations

import argparse
from typing import Protocol


class Command(Protocol):
    """A module of this package."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """As it is typed."""
        ...

    @property
    def SUMMARY(self) -> str:  # noqa: N802
        """What it does, in a line that begins with a small letter."""
        ...

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Declare its arguments."""

    def run(self, args: argparse.Namespace, /) -> int:
        """Do it, and return the exit status.

        Raises:
            InputError, WorkError: as `driver` and `api` raise them.
        """
