"""Which renderers are in memory: light ones side by side, those that run a model one at a time."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence

from ..base import Expecting, Renderer, Shot
from ..registry import renderer_class


def kind_of(name: str, shot: Shot) -> str:
    """Return what the slots of one renderer instance share: renderer, quality and settings."""
    settings = json.dumps(shot.settings, sort_keys=True, default=str)
    return f"{name} {shot.quality} {settings}"


class LoadedRenderers:
    """The renderers of one run; any number of threads may ask for them.

    A renderer without limits is light: every slot has its own, and they work side by side. One with
    limits runs a model: it is kept from slot to slot, works for one of them at a time, and makes
    room for the next kind.
    """

    def __init__(self) -> None:
        self._expected: Mapping[str, Sequence[Shot]] = {}
        self._turn = threading.Lock()
        self._kind = ""
        self._held: Renderer | None = None

    def expect(self, shots: Mapping[str, Sequence[Shot]]) -> None:
        """Say which shots the run may ask for, by their recipes' kind (`kind_of`)."""
        self._expected = shots

    @contextlib.contextmanager
    def renderer(self, name: str, shot: Shot) -> Iterator[Renderer]:
        """The renderer of a recipe, while it is this recipe's turn.

        Raises:
            UnavailableError: there is no such renderer.
        """
        made = renderer_class(name)(shot.settings, shot.quality)
        if made.limits.is_unbounded:
            with contextlib.closing(made):
                yield made
            return
        with self._turn:
            if self._held is not None and self._kind == kind_of(name, shot):
                made.close()
            else:
                self.close()
                self._kind, self._held = kind_of(name, shot), made
                if isinstance(made, Expecting):
                    made.expect(self._expected.get(self._kind, ()))
            try:
                yield self._held
            except BaseException:
                # What failed half way, out of memory perhaps, is not used again.
                self.close()
                raise

    def close(self) -> None:
        """Let go of the model in memory."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
