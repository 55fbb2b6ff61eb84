"""The commands, one module each: its name, what it does, its arguments, and how it is run.

A new command is a new module with the members of `base.Command`, and a line in `COMMANDS`.
"""

from __future__ import annotations

from . import (
    check,
    compile,
    doctor,
    evaluate,
    flatten,
    models,
    plan,
    render,
    schema,
    transcript,
)
from .base import Command

COMMANDS: tuple[Command, ...] = (
    compile,
    render,
    flatten,
    check,
    transcript,
    evaluate,
    plan,
    models,
    doctor,
    schema,
)
"""In the order of the help text."""
