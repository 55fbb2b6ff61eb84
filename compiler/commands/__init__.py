"""The commands, one module each: its name, what it does, its arguments, and how it is run.

A new command is a new module with the members of `base.Command`, and a line in `COMMANDS`.
"""

from __future__ import annotations

from . import (
    check,
    compile,
    diff,
    doctor,
    evaluate,
    export,
    flatten,
    init,
    models,
    plan,
    relink,
    render,
    schema,
    transcript,
    view,
)
from .base import Command

COMMANDS: tuple[Command, ...] = (
    compile,
    render,
    flatten,
    export,
    view,
    diff,
    relink,
    init,
    check,
    transcript,
    evaluate,
    plan,
    models,
    doctor,
    schema,
)
"""In the order of the help text."""
