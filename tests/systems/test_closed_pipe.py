"""A closed pipe is distinguished from other errors, on POSIX and on Windows."""

from __future__ import annotations

import errno
import os

import pytest
from otio_gvideo.compiler.printing import is_closed_pipe


def windows_error(number: int) -> OSError:
    error = OSError(errno.EINVAL, "The parameter is incorrect")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "on_posix", "on_windows"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), True, True),
        (OSError(errno.EINVAL, "Invalid argument"), False, True),
        (OSError(errno.EINVAL, "Invalid argument", "what?.mp4"), False, False),
        (windows_error(87), False, False),
        (ValueError("closed"), False, False),
    ],
)
def test_a_closed_pipe(
    error: Exception, on_posix: bool, on_windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "name", "posix")
    posix = is_closed_pipe(error)
    monkeypatch.setattr(os, "name", "nt")
    windows = is_closed_pipe(error)
    monkeypatch.undo()
    assert (posix, windows) == (on_posix, on_windows)
