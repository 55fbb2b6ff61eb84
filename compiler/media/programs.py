"""Find other programs on the PATH."""

from __future__ import annotations

import os
import shutil

SYNTHESIZER = "espeak-ng"
"""The program that pronounces and speaks words, and its package."""


def find_program(name: str, path: str | None = None) -> str | None:
    """Return the absolute path of a program on the PATH, or None.

    Relative folders of the PATH and the current folder, which Windows searches first, are ignored:
    a program inside a project is never run.

    Args:
        name: without ``.exe``.
        path: in place of the environment's PATH.
    """
    listed = os.environ.get("PATH", "") if path is None else path
    for folder in listed.split(os.pathsep):
        place = folder.strip('"') if os.name == "nt" else folder
        if not os.path.isabs(place):  # noqa: PTH117 - as the system writes it
            continue
        program = os.path.join(place, f"{name}.exe" if os.name == "nt" else name)  # noqa: PTH118
        if (found := shutil.which(program)) is not None:
            return found
    return None
