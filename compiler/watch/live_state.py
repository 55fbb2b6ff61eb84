"""What the server tells the page: shared by the thread that compiles and that of the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

KEEPALIVE_S = 15.0
"""A comment is sent after so long, so that closed connections are noticed."""


@dataclass(slots=True)
class LiveState:
    """The page, and what changes while it is open.

    Attributes:
        page: its HTML; empty before the first one.
        version: of the page.
        told: the rest of the state, as JSON.
        approved: `approval_key` of slots that may be rendered by a model.
        ended: whether the events end.
    """

    page: str = ""
    version: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    ended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = field(default_factory=dict)

    def tell(self, **told: Any) -> None:
        """Change the state, from any thread."""
        with self._lock:
            self.told = {**self.told, **told}
            self._wake()

    def show(self, page: str) -> None:
        """Replace the page, from any thread."""
        with self._lock:
            self.page, self.version = page, self.version + 1
            self._wake()

    def end(self) -> None:
        """End the events of every page, from any thread."""
        with self._lock:
            self.ended = True
            self._wake()

    def _wake(self) -> None:
        for event, loop in self._listeners.items():
            with contextlib.suppress(RuntimeError):  # The loop was closed.
                loop.call_soon_threadsafe(event.set)

    async def events(self) -> AsyncIterator[str]:
        """Yield the state as server-sent events, at once and after each change, until the end.

        Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        event = asyncio.Event()
        with self._lock:
            self._listeners[event] = asyncio.get_running_loop()
        try:
            while not self.ended:
                event.clear()
                state = json.dumps({"version": self.version, **self.told}, default=str)
                yield f"data: {state}\n\n"
                try:
                    await asyncio.wait_for(event.wait(), KEEPALIVE_S)
                except TimeoutError:
                    yield ":\n\n"
                    continue
        finally:
            with self._lock:
                self._listeners.pop(event, None)
