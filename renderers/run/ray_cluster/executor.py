"""An executor for functions on a Ray cluster, through a driver process."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

from ...base import RendererError, UnavailableError
from .connection import Connect
from .driver import Reply

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

WAIT_S = 300.0
"""Timeout for a cluster's first free CPU: clouds start machines in minutes."""
WAIT_VARIABLE = "OTIO_GVIDEO_RAY_WAIT_S"
"""Environment variable that overrides it."""
LEAVE_S = 15.0
"""Timeout of the driver's exit, before it is killed."""
LONGEST_FOLDER = 30
"""Longest folder name, in bytes, for valid names of Ray's sockets."""


def refuse_missing(address: str | None) -> None:
    """Check that the packages of the engine are installed.

    Raises:
        UnavailableError: a package is missing.
    """
    # Ray Client needs gRPC.
    needed = ("ray", "grpc") if address else ("ray",)
    if any(importlib.util.find_spec(name) is None for name in needed):
        raise UnavailableError("the engine ray needs a package: pip install 'otio-gvideo[ray]'")


class RayExecutor(Executor):
    """Runs functions as Ray tasks; they and their arguments must be picklable by name.

    The first task joins or starts the cluster.
    """

    def __init__(self, address: str | None):
        refuse_missing(address)
        self._address = address
        self._name = f"the Ray cluster {address}" if address else "the Ray cluster of this machine"
        self._futures: dict[int, Future[Any]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._ready: Future[None] = Future()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._failure: RendererError | None = None
        self._is_closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start a task on a CPU; its future raises the task's exception.

        Raises:
            RendererError: the cluster cannot be used.
        """
        return self.submit_on("", fn, *args, **kwargs)

    def submit_on(
        self, gpu: str, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Start a task, as `submit` does.

        Args:
            gpu: whether it needs one: `driver.REQUIRED`, `driver.USEFUL` or empty.
            fn, args, kwargs: the task.

        Raises:
            RendererError: the cluster cannot be used.
        """
        if self._process is None:
            self._start()
        future: Future[T] = Future()
        number = next(self._numbers)
        with self._lock:
            if self._failure is not None:
                future.set_exception(self._failure)
                return future
            self._futures[number] = future
        with contextlib.suppress(OSError):  # The reader thread reports the end of the driver.
            self._send((number, pickle.dumps((fn, args, kwargs)), gpu))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; stop it if it was started by this executor."""
        self._is_closed = True
        process, self._process = self._process, None
        try:
            if process is not None and process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
                process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process is not None:
                process.kill()
                process.wait()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        # Not in the folder of the script: Ray lets workers import from the driver's.
        self._folder = _scratch()
        with (self._folder / "driver.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-c"),
                    "from otio_gvideo.renderers.run.ray_cluster.driver import main; main()",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._folder,
                # Ctrl-C is for this process: the driver exits at the end of its input.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        replies = self._process.stdout
        assert replies is not None
        threading.Thread(target=self._read, args=(replies,), daemon=True).start()
        address = self._address or _joined()
        wait_s = _wait_s()
        with contextlib.suppress(OSError):
            self._send(Connect(address, str(self._folder), wait_s))
        while not wait([self._ready], timeout=0.2).done:
            pass  # Short waits let interrupts through.
        self._ready.result()

    def _send(self, message: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        pickle.dump(message, process.stdin)
        process.stdin.flush()

    def _read(self, replies: IO[bytes]) -> None:
        """Settle futures until the driver exits, early if the cluster is lost."""
        why = "it cannot be joined: Ray has ended its own driver"
        with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while True:
                reply: Reply = pickle.load(replies)
                if reply.kind == "ready":
                    self._ready.set_result(None)
                    why = "it was lost"
                elif reply.kind == "warning":
                    _log.warning("%s: %s", self._name, reply.content)
                elif reply.task is None:
                    why = reply.content
                else:
                    self._settle(self._futures.pop(reply.task), reply)
        replies.close()
        with self._lock:
            failure = self._failure = RendererError(f"{self._name}: {why}")
            left = [] if self._is_closed else [*self._futures.values()]
        if not self._ready.done():
            self._ready.set_exception(failure)
        for future in left:
            future.set_exception(failure)

    def _settle(self, future: Future[Any], reply: Reply) -> None:
        if reply.kind == "failed":
            future.set_exception(RendererError(reply.content))
            return
        try:
            content = pickle.loads(reply.content)
        except Exception as error:
            future.set_exception(error)
            return
        if reply.kind == "raised":
            future.set_exception(content)
        else:
            future.set_result(content)


def _scratch() -> Path:
    """Create a folder with a short name: sockets' names have at most 107 bytes on most systems."""
    usual = tempfile.gettempdir()
    is_long = os.name == "posix" and len(os.fsencode(usual)) > LONGEST_FOLDER
    try:
        return Path(tempfile.mkdtemp(prefix="ogv-", dir="/tmp" if is_long else usual))
    except OSError as error:
        raise RendererError(f"{usual}: cannot be written: {error.strerror}") from error


def _joined() -> str | None:
    """Return the address of the cluster that this process has joined, if any."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return None
    return str(ray.get_runtime_context().gcs_address)


def _wait_s() -> float:
    stated = os.environ.get(WAIT_VARIABLE) or WAIT_S
    try:
        return float(stated)
    except ValueError as error:
        raise RendererError(f"{WAIT_VARIABLE}: {stated!r} is not a number of seconds") from error
