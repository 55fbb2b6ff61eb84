"""The commands, one module each, imported when the command is used.

A new command is a line in `COMMANDS` and a module with the members of `Command`. The module
imports the code that does the work inside `run`: ``--help`` and usage errors need none of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast


class Command(Protocol):
    """A module of this package."""

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Declare the arguments of the command."""

    def run(self, args: argparse.Namespace, /) -> int:
        """Run the command and return its exit status.

        Raises:
            InputError, WorkError: from the function of `api` that does the work.
        """


COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "compile": "compile a script into a timeline, its media and the reel",
        "watch": "compile a script after every save, and show it in the web browser",
        "render": "render the slots of a timeline that lack media, also after an edit elsewhere",
        "flatten": "flatten any OpenTimelineIO timeline to a video",
        "export": "export a timeline for DaVinci Resolve, Premiere, Final Cut and other editors",
        "view": "write a timeline as a web page: player, tracks, words, cuts, recipes",
        "diff": "list the changes between two timelines, and the slots to render for them",
        "relink": "find media that were moved, and update their paths in a timeline",
        "init": "draft a script from stills, videos, a voice and a text, or from a timeline",
        "check": "measure a finished reel against its timeline",
        "transcript": "show the words of a transcript, and its repairs",
        "evaluate": "compare renderers on slots of a timeline, and pick takes",
        "plan": "list the slots that compile would render or reuse; write nothing",
        "models": "list or download the weights of video models",
        "doctor": "show the programs, packages, encoders and renderers of this machine",
        "schema": "print a JSON Schema",
    }
)
"""Help texts by name, in the order of ``--help``."""


def load_command(name: str) -> Command:
    """Import the module of a command."""
    return cast(Command, import_module(f".{name}", __package__))
