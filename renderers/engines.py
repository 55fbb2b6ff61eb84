"""Where slots are rendered: in threads of this process, or on a Ray cluster.

Ray workers read stills from, and write media to, the paths that recipes and store name: the
machines of a cluster share a file system, and have this package installed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Literal, ParamSpec, TypeVar

from .base import RendererError, UnavailableError
from .machine import slots_at_once

P = ParamSpec("P")
T = TypeVar("T")


def executor(engine: str, workers: int | Literal["auto"], pixels: int) -> Executor:
    """The executor of an engine.

    Args:
        engine: ``local``; ``ray`` for a cluster on this machine; ``ray://HOST:PORT`` for another.
        workers: slots at a time on this machine; ``auto`` is as many as it has cores and memory
            for.
        pixels: of the largest frame that is rendered.

    Raises:
        UnavailableError: the engine is unknown, or Ray is not installed.
        RendererError: the cluster cannot be reached.
    """
    if engine == "local":
        return ThreadPoolExecutor(workers if isinstance(workers, int) else slots_at_once(pixels))
    if engine == "ray" or engine.startswith("ray://"):
        return RayExecutor(None if engine == "ray" else engine)
    raise UnavailableError(f"there is no engine {engine!r}: local, ray or ray://HOST:PORT")


class RayExecutor(Executor):
    """Runs functions as Ray tasks; they and their arguments must be picklable."""

    def __init__(self, address: str | None):
        try:
            import ray  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            raise UnavailableError(
                "the engine ray needs a package: pip install 'otio-gvideo[ray]'"
            ) from error
        self._ray = ray
        self._was_up = ray.is_initialized()
        if not self._was_up:
            try:
                ray.init(address=address, log_to_driver=False)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise RendererError(f"Ray cannot be reached at {address}: {error}") from error

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start a task; the future raises what the task raised."""
        made: Any = self._ray.remote(fn).remote(*args, **kwargs)
        future: Future[T] = made.future()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, unless the caller had joined it before."""
        if not self._was_up:
            self._ray.shutdown()
