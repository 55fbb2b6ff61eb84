"""The command line: arguments in, exit status out.

Exit status: 0 done, 1 the work failed, 2 the input or the usage is wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import gc
import signal
import sys
import threading
import warnings
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from .commands import COMMANDS, load_command
from .errors import InputError, Problem, WorkError
from .files.path_text import refuse_unnamable
from .printing import (
    escape_unencodable,
    is_closed_pipe,
    is_output_full,
    open_standard_streams,
    print_json,
    print_warnings,
)

_COLLECT_AFTER = 10_000
"""Objects between two garbage collections; Python's 700 cost a tenth of a start."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, report a failure, and return the exit status."""
    gc.set_threshold(_COLLECT_AFTER)
    open_standard_streams()
    escape_unencodable()
    words = sys.argv[1:] if argv is None else argv
    args = argparse.Namespace(debug=False, progress="")
    try:
        _parse(words, args)
        if not (args.debug or sys.warnoptions):
            warnings.simplefilter("ignore")  # Warnings of libraries are for programmers.
        refuse_unnamable(value for value in vars(args).values() if isinstance(value, Path))
        with _signals_as_interrupts():
            return int(args.run(args))
    except InputError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return _report_failure(args, 2, *error.problems)
    except KeyboardInterrupt:
        what, hint = "interrupted", "run again to carry on"
        print(f"otio-gvideo: {what}; {hint}", file=sys.stderr)
        return _report_failure(args, 130, Problem.general(what, hint))
    except BrokenPipeError:
        return _end_after_closed_pipe()
    except WorkError as error:
        _print_warnings(error, args)
        for problem in error.problems:
            print(f"otio-gvideo: {problem}", file=sys.stderr)
        _print_traceback(error, args)
        return _report_failure(args, 1, *error.problems)
    except Exception as error:
        return _end_after_closed_pipe() if is_closed_pipe(error) else _report_fault(error, args)


def _parse(words: Sequence[str], args: argparse.Namespace) -> None:
    """Parse the words of a command line into `args`; report a usage error, also as JSON."""
    try:
        make_parser(words).parse_args(words, args)
    except _UsageError as error:
        given = " ".join(words)
        if "--progress json" in given or "--progress=json" in given:
            args.progress = "json"  # It may stand after the error.
        _report_failure(args, 2, error.problem)
        raise


def make_parser(loaded: Container[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        loaded: the commands to load with their arguments; of others it knows the help text only.
    """
    parser = _Parser(
        prog="otio-gvideo",
        description="Compile scripts of narrated vertical videos into OpenTimelineIO timelines and "
        "finished reels.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version number and exit"
    )
    added = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    for name, what in COMMANDS.items():
        own = added.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name in loaded:
            command = load_command(name)
            own.set_defaults(run=command.run)
            command.arguments(own)
    return parser


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_NOUNS = {
    "action": "an action",
    "command": "a command",
    "editor": "a program",
    "fcpxml_version": "a version of FCPXML",
    "name": "a format",
    "progress": "a progress display",
    "quality": "a quality",
    "reframe": "a way of cropping",
    "until": "a stage",
}
"""What the value of an argument with choices is, by its name."""


class _UsageError(SystemExit):
    """Ends the program with status 2 after a usage error was printed."""

    def __init__(self, problem: Problem):
        super().__init__(2)
        self.problem = problem


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = "command" if action.dest == argparse.SUPPRESS else action.dest
            what = f"{value!r} is not {_NOUNS[name]}; known: {', '.join(action.choices)}"
            raise argparse.ArgumentError(action, what)

    def error(self, message: str) -> NoReturn:
        what, hint = message.removeprefix("argument "), f"see {self.prog} --help"
        print(f"{self.prog}: {what}; {hint}", file=sys.stderr)
        raise _UsageError(Problem.general(what, hint))


class _CommandParser(_Parser):
    """The parser of a command, or of an action of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,  # An action must not reset that of its command.
            help="show a traceback on failure",
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Reject unknown options here: the parser of all commands would name its own help."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


class _Version(argparse.Action):
    """Prints the version; the metadata of the package are read only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - 20 ms

        print(version("otio-gvideo"))
        parser.exit()


def _print_warnings(error: WorkError, args: argparse.Namespace) -> None:
    """Print the warnings before a failure."""
    try:
        print_warnings(error.warnings, args.progress)
    except OSError as closed:
        if not is_closed_pipe(closed):
            raise


def _end_after_closed_pipe() -> int:
    """Return the exit status after a closed pipe; close stderr, or Python complains there."""
    sys.stderr.close()
    return 1


def _report_fault(error: Exception, args: argparse.Namespace) -> int:
    """Report an unexpected exception in one line, with package versions, its likely cause."""
    what, hint = _exhaustion(error)
    if not what:
        from .packages import fault_hint  # noqa: PLC0415 - 20 ms

        what = "unexpected " + " ".join(f"{type(error).__name__}: {error}".split())
        hint = fault_hint()
    print(f"otio-gvideo: {what}; {hint}", file=sys.stderr)
    _print_traceback(error, args)
    return _report_failure(args, 1, Problem.general(what, hint))


def _exhaustion(error: Exception) -> tuple[str, str]:
    """Return fact and hint if the process hit a limit of the system; else empty strings."""
    if isinstance(error, OSError) and error.errno in _FULL and not error.filename:
        what = "cannot be printed" if is_output_full() else "a file cannot be written"
        return f"{what}: {error.strerror}", "free some space, and run again"
    if isinstance(error, MemoryError):
        return "too little memory", "raise the limit (ulimit -v), or set fewer workers"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        way_out = "raise the limits of processes (ulimit -u) and memory (ulimit -v)"
        return "the system starts no more threads", way_out
    return "", ""


def _report_failure(args: argparse.Namespace, status: int, *problems: Problem) -> int:
    """Print a failure as JSON with ``--progress json``, and return its exit status."""
    if args.progress == "json":
        reasons = [asdict(problem) for problem in problems]
        try:
            print_json({"error": {"exit_status": status, "problems": reasons}})
        except OSError as error:  # It cannot be printed; the exit status remains.
            if not (is_closed_pipe(error) or error.errno in _FULL):
                raise
    return status


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Handle the signals of schedulers and closed terminals as Ctrl-C, so that scratch is removed.

    A signal that the parent process had ignored stays ignored.
    """
    names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []  # Only the main thread may set handlers.
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    handled = {name: old for name, old in before.items() if old == signal.SIG_DFL}
    for name in handled:
        signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        yield
    finally:
        for name, old in handled.items():
            signal.signal(getattr(signal, name), old)


def _print_traceback(error: Exception, args: argparse.Namespace) -> None:
    if args.debug:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)


if __name__ == "__main__":
    sys.exit(main())
