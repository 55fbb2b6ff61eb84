"""The function that workers of a Ray cluster run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DISTRIBUTION = "otio-gvideo"


def task_of(here: str) -> Callable[[bytes], tuple[str, Any]]:
    """Return the function that workers run.

    Ray pickles nested functions by value: it runs and reports an error even without this package.

    Args:
        here: version of this package on the driver's machine.

    Returns:
        A function of a pickled (function, positional arguments, named arguments). It returns
        ``result`` or ``raised`` with a pickled object, or ``failed`` with a line for the user.
    """

    name = DISTRIBUTION

    def task(blob: bytes) -> tuple[str, Any]:
        import pickle  # noqa: PLC0415 - on the worker
        import platform  # noqa: PLC0415
        from importlib import metadata  # noqa: PLC0415

        node = platform.node()
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            return "failed", f"{node} lacks {name}; install {here} there"
        if there != here:
            return "failed", f"{node} has {name} {there}; install {here} there, as here"
        try:
            function, args, kwargs = pickle.loads(blob)
        except Exception as error:
            return "failed", f"{node} lacks a package: {' '.join(str(error).split())}"
        try:
            return "result", pickle.dumps(function(*args, **kwargs))
        except Exception as error:
            try:
                content = pickle.dumps(error)
                pickle.loads(content)
            except Exception:
                content = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
            return "raised", content

    return task
