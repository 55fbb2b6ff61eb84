"""Renderers in memory: light ones run side by side, those that run a model one at a time."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence

from ..base import Expecting, Renderer, Shot
from ..registry import renderer_class


def kind_of(name: str, shot: Shot) -> str:
    """Return renderer, quality and settings as one text: slots of equal kind share an instance."""
    settings = json.dumps(shot.settings, sort_keys=True, default=str)
    return f"{name} {shot.quality} {settings}"


class SlotCancelledError(Exception):
    """The run was cancelled; the renderer is sound."""


class LoadedRenderers:
    """The renderers of one run, for any number of threads.

    Every slot gets its own instance of an unbounded renderer. A renderer with limits serves
    one slot at a time, and stays loaded until another kind is requested.
    """

    def __init__(self) -> None:
        self._expected: Mapping[str, Sequence[Shot]] = {}
        self._turn = threading.Lock()
        self._kind = ""
        self._held: Renderer | None = None

    def expect(self, shots: Mapping[str, Sequence[Shot]]) -> None:
        """Announce the shots that the run may ask for, by `kind_of`."""
        self._expected = shots

    @contextlib.contextmanager
    def renderer(self, name: str, shot: Shot) -> Iterator[Renderer]:
        """Return the renderer for a shot, exclusively within the context.

        Raises:
            UnavailableError: the renderer is unknown, or a package is missing.
        """
        created = renderer_class(name)(shot.settings, shot.quality)
        if created.limits.is_unbounded:
            with contextlib.closing(created):
                yield created
            return
        with self._turn:
            kind = kind_of(name, shot)
            if self._held is not None and self._kind == kind:
                created.close()
            else:
                self.close()
                self._kind, self._held = kind, created
                if isinstance(created, Expecting):
                    created.expect(self._expected.get(kind, ()))
            try:
                yield self._held
            except SlotCancelledError:
                raise
            except BaseException:
                # After a failure, perhaps out of memory, the instance is not reused.
                self.close()
                raise

    def close(self) -> None:
        """Unload the model."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
