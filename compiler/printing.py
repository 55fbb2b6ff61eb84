"""Printing to streams of any encoding: consoles of Windows, pipes, the C locale.

Standard library only, so that it works with a broken package.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import stat
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from .notices import Notice

_ESCAPED = "otio_gvideo.escaped"


def open_standard_streams() -> None:
    """Open the null device for standard streams that the caller closed (``>&-``).

    Otherwise the next file that is opened would get the number of one, and with it what programs
    print.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # Takes the lowest free number.
            os.set_inheritable(number, True)
    if sys.stdout is None:
        sys.stdout = _write_to(1)
    if sys.stderr is None:
        sys.stderr = _write_to(2)


def _write_to(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", newline="\n", closefd=False)


def escape_unencodable() -> None:
    """Have the standard streams escape characters that they cannot encode, as ``\\u…``.

    Undecodable bytes of file names are written unchanged, so that a name can be copied.
    """
    codecs.register_error(_ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    letter = error.object[error.start]
    if os.name != "nt" and "\udc80" <= letter <= "\udcff":
        return letter.encode("ascii", "surrogateescape"), error.start + 1
    return letter.encode("ascii", "backslashreplace").decode("ascii"), error.start + 1


def print_json(what: Any, stream: TextIO | None = None, indent: int | None = None) -> None:
    """Print an object as JSON; in ASCII if the stream is not UTF-8 or the text has surrogates.

    Args:
        what: plain data.
        stream: standard output by default.
        indent: spaces per level; None for one line.
    """
    stream = stream or sys.stdout
    text = json.dumps(what, ensure_ascii=False, indent=indent)
    if not _is_utf8(stream) or not is_text(text):
        text = json.dumps(what, indent=indent)
    # In one write, since `print` writes the line feed by itself to an unbuffered stream: lines of
    # processes that share a file could mix.
    stream.write(f"{text}\n")
    stream.flush()


def print_warnings(warnings: Iterable[Notice], style: str = "") -> None:
    """Print warnings with their codes: as JSON lines in that style, else on standard error."""
    for warning in warnings:
        if style == "json":
            print_json({"warning": warning, "code": warning.code})
        else:
            print(f"warning: {warning.coded}", file=sys.stderr)


def is_closed_pipe(error: BaseException) -> bool:
    """Return whether an error means a closed pipe; Windows reports an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    if os.name != "nt" or not isinstance(error, OSError) or error.errno != errno.EINVAL:
        return False
    # The C runtime raised it: errors of the system have a Windows error number.
    return not (error.filename or getattr(error, "winerror", 0))


def is_output_full() -> bool:
    """Return whether standard output takes nothing more; a file gets an empty line to find out."""
    try:
        kind = os.fstat(1).st_mode
        if stat.S_ISREG(kind) or (stat.S_ISCHR(kind) and not os.isatty(1)):
            os.write(1, b"\n")
    except OSError as error:
        return error.errno != errno.EPIPE
    return False


def _is_utf8(stream: TextIO) -> bool:
    return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8"


def is_text(text: str) -> bool:
    """Return whether text is valid Unicode; undecodable bytes of names are lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
