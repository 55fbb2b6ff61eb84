"""The command line: arguments in, exit status out.

Exit status: 0 done, 1 the work failed, 2 the input or the usage is wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .errors import InputError, Problem, WorkError
from .files.path_text import refuse_unnamable
from .packages import fault_hint
from .streams import escape_what_streams_lack, is_closed_pipe, print_json, print_warnings

if TYPE_CHECKING:
    from .commands.base import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    escape_what_streams_lack()
    try:
        commands = import_module(".commands", __package__).COMMANDS
    except KeyboardInterrupt:
        return _interrupted(argparse.Namespace())
    except Exception as error:
        # A missing, broken or changed package can raise anything on import.
        words = sys.argv[1:] if argv is None else argv
        is_json = "--progress json" in " ".join(words).replace("=", " ")
        args = argparse.Namespace(debug="--debug" in words, progress="json" if is_json else "")
        return _fault(error, args)
    return _run(_parser(commands).parse_args(argv))


def _run(args: argparse.Namespace) -> int:
    """Run a command, report a failure, and return the exit status."""
    if not (args.debug or sys.warnoptions):
        warnings.simplefilter("ignore")  # Libraries' words to programmers; ours are printed.
    try:
        refuse_unnamable(value for value in vars(args).values() if isinstance(value, Path))
        with _ended_in_order():
            return int(args.run(args))
    except InputError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return _ended(args, 2, *error.problems)
    except KeyboardInterrupt:
        return _interrupted(args)
    except BrokenPipeError:
        return _unheard()
    except WorkError as error:
        _warn(error, args)
        print(f"otio-gvideo: {error}", file=sys.stderr)
        _trace(error, args)
        return _ended(args, 1, Problem.general(str(error)))
    except Exception as error:
        return _unheard() if is_closed_pipe(error) else _fault(error, args)


def _warn(error: WorkError, args: argparse.Namespace) -> None:
    """Print the warnings before a failure."""
    try:
        print_warnings(error.warnings, getattr(args, "progress", ""))
    except OSError as closed:
        if not is_closed_pipe(closed):
            raise


def _interrupted(args: argparse.Namespace) -> int:
    what, hint = "interrupted", "run again to carry on"
    print(f"otio-gvideo: {what}; {hint}", file=sys.stderr)
    return _ended(args, 130, Problem.general(what, hint))


def _unheard() -> int:
    """Exit status after a closed pipe; without stderr Python prints no complaint of its own."""
    sys.stderr.close()
    return 1


def _fault(error: Exception, args: argparse.Namespace) -> int:
    """Report an unexpected exception in one line, with package versions, its likely cause."""
    what, hint = _exhaustion(error)
    if not what:
        what = "unexpected " + " ".join(f"{type(error).__name__}: {error}".split())
        hint = fault_hint()
    print(f"otio-gvideo: {what}; {hint}", file=sys.stderr)
    _trace(error, args)
    return _ended(args, 1, Problem.general(what, hint))


def _exhaustion(error: Exception) -> tuple[str, str]:
    """Fact and hint if the system gave a process too little; else empty."""
    if isinstance(error, MemoryError):
        return "too little memory", "raise the limit (ulimit -v), or set fewer workers"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        way_out = "raise the limits of processes (ulimit -u) and memory (ulimit -v)"
        return "the system starts no more threads", way_out
    return "", ""


def _ended(args: argparse.Namespace, status: int, *problems: Problem) -> int:
    """Return the exit status of a failure; programs get the reason as JSON."""
    if getattr(args, "progress", "") == "json":
        reasons = [asdict(problem) for problem in problems]
        try:
            print_json({"error": {"exit_status": status, "problems": reasons}})
        except OSError as error:  # Nobody listens any more, and the status says it too.
            if not is_closed_pipe(error):
                raise
    return status


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Take the signals of schedulers and closed terminals for an interrupt: scratch is removed."""
    names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []  # Python lets only the main thread listen.
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    listened = {name: old for name, old in before.items() if old == signal.SIG_DFL}
    for name in listened:
        signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        yield
    finally:
        for name, old in listened.items():
            signal.signal(getattr(signal, name), old)


def _trace(error: Exception, args: argparse.Namespace) -> None:
    if args.debug:
        traceback.print_exception(error)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the usage in one line."""

    def error(self, message: str) -> NoReturn:
        what = message.removeprefix("argument ")
        self.exit(2, f"{self.prog}: {what}; see {self.prog} --help\n")


def _parser(commands: Iterable[Command]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="otio-gvideo",
        description="Compile scripts for narrated vertical video into OpenTimelineIO timelines "
        "and finished reels.",
    )
    parser.add_argument("--version", action="version", version=version("otio-gvideo"))
    added = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in commands:
        what = command.SUMMARY
        own = added.add_parser(command.NAME, help=what, description=what[0].upper() + what[1:])
        own.set_defaults(run=command.run)
        own.add_argument("--debug", action="store_true", help="show a traceback when work fails")
        command.arguments(own)
    return parser


if __name__ == "__main__":
    sys.exit(main())
