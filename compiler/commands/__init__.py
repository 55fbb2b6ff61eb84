"""The commands, one module each: its name, what it does, its arguments, and how it is run.

A new command is a new module with the members of `base.Command`, and a line in `COMMANDS`.
"""

from __future__ import annotations

from . import (
    check,
    compile,
    diff,
    doctor,
    export,
    flatten,
    init,
    plan,
    relink,
    render,
    schema,
    transcript,
)
from .base import Command

COMMANDS: tuple[Command, ...] = (
    compile,
    render,
    flatten,
    export,
    diff,
    relink,
    init,
    check,
    transcript,
    plan,
    doctor,
    schema,
)
"""In the order of the help text."""
