"""Tell Ctrl-C from the end of a run for a newer save; both interrupt the main thread."""

from __future__ import annotations

import _thread
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_NEWER = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""A signal of its own: Python delivers two pending interrupts of one signal as one. On Windows, no
other program can send SIGTERM."""


class Interrupts:
    """Raises KeyboardInterrupt in the main thread.

    Attributes:
        is_asked: whether Ctrl-C was pressed, or a signal asked for the end of the program.
        is_superseded: whether a newer save ends the present run.
    """

    def __init__(self) -> None:
        self.is_asked = self.is_superseded = False
        self._is_unwinding = False

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle signals; those that the program ignores or leaves to the system stay so."""
        numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
        before = {one: signal.getsignal(one) for one in numbers if callable(signal.getsignal(one))}
        before[_NEWER] = signal.getsignal(_NEWER)
        for number in before:
            signal.signal(number, self._end_run if number == _NEWER else self._end_all)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start_run(self) -> None:
        """Begin a run, which a newer save may end."""
        self.is_superseded = self._is_unwinding = False

    def supersede(self) -> None:
        """End the present run, from any thread."""
        if not self.is_superseded:
            self.is_superseded = True
            _thread.interrupt_main(_NEWER)

    def _end_run(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_superseded and not (self._is_unwinding or self.is_asked):
            self._is_unwinding = True
            raise KeyboardInterrupt

    def _end_all(self, _number: int, _frame: FrameType | None) -> None:
        is_first = not self.is_asked
        self.is_asked = True
        # A run that already ends is not disturbed, unless the signal is repeated.
        if not (self._is_unwinding and is_first):
            raise KeyboardInterrupt
