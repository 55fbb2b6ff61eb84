"""The compiler: script and narration in, timeline and reel out.

>>> from otio_gvideo.compiler import compile_script

What is named here is imported when it is first used: a worker that needs the sync arithmetic alone
does not load ffmpeg's bindings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api.compile import compile_script
    from .api.evaluate import evaluate_timeline
    from .api.flatten import flatten_timeline
    from .api.render import render_timeline
    from .api.view import view_timeline
    from .errors import CompileError, InputError, Problem, WorkError
    from .progress import Progress
    from .report import Report

_HOME = {
    "compile_script": "api.compile",
    "evaluate_timeline": "api.evaluate",
    "flatten_timeline": "api.flatten",
    "render_timeline": "api.render",
    "view_timeline": "api.view",
    "CompileError": "errors",
    "InputError": "errors",
    "Problem": "errors",
    "WorkError": "errors",
    "Progress": "progress",
    "Report": "report",
}

__all__ = [
    "CompileError",
    "InputError",
    "Problem",
    "Progress",
    "Report",
    "WorkError",
    "compile_script",
    "evaluate_timeline",
    "flatten_timeline",
    "render_timeline",
    "view_timeline",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
