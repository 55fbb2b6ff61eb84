"""The Ray driver: a separate process that connects to a cluster.

Ray writes logs to the terminal from C++ and exits its process if a cluster is lost; a separate
process contains both. `executor` starts it, sends tasks to its standard input, and reads results
from its standard output. It exits at the end of input.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, BinaryIO

from .connection import ClusterError, Connect, join_cluster, line_of
from .worker import DISTRIBUTION, task_of

RETRY_S = (1.0, 3.0)
"""Delays of retries after a worker died."""
REQUIRED, USEFUL = "required", "useful"
"""Whether a task needs a GPU, or also runs without."""
GPU_WAIT_S = 10.0
"""Time for the first GPU to become free, before a line says that it is waited for."""
ATTEMPTS = 1 + len(RETRY_S)
"""Attempts in all."""
CANCEL_S = 3.0
"""Time for cancelled tasks to delete their temporary files."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the driver.

    Attributes:
        task: number of the task; None for the cluster.
        kind: ``ready``; ``result`` or ``raised``, with a pickled object; ``failed``, with a line;
            ``warning``, with a line for the log.
        content: that object or line.
    """

    task: int | None
    kind: str
    content: Any = None


@dataclass(slots=True)
class _RayTask:
    number: int
    blob: bytes
    gpu: str = ""
    attempts: int = 0


def main() -> None:
    """Connect, run tasks, and disconnect."""
    requests, replies = _take_streams()
    _forbid_core_dumps()
    state = _Driver(replies)
    connect: Connect = pickle.load(requests)
    threading.Thread(target=state.read, args=(requests,), daemon=True).start()
    try:
        state.connect(connect)
        state.reply(Reply(None, "ready"))
        state.serve()
    except ClusterError as error:
        state.reply(Reply(None, "failed", str(error)))
    finally:
        state.leave()
        shutil.rmtree(connect.folder, ignore_errors=True)


@dataclass(slots=True)
class _Driver:
    replies: BinaryIO
    ray: Any = None
    submit: Any = None
    on_gpu: Any = None
    waiting: queue.SimpleQueue[_RayTask | None] = field(default_factory=queue.SimpleQueue)
    running: dict[Any, _RayTask] = field(default_factory=dict)
    is_warned: bool = False
    gpu_probe: tuple[Any, float] | None = None
    """An empty task that waits for the first GPU, and when it was started."""
    gpu_waits: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def read(self, requests: BinaryIO) -> None:
        """Queue tasks; None after the last."""
        with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self.waiting.put(_RayTask(*pickle.load(requests)))
        self.ended.set()
        self.waiting.put(None)

    def reply(self, reply: Reply) -> None:
        """Send a reply; ignore that the run was killed."""
        with contextlib.suppress(OSError):
            pickle.dump(reply, self.replies)
            self.replies.flush()

    def connect(self, asked: Connect) -> None:
        """Join or start a cluster, and check its workers.

        Raises:
            ClusterError: the cluster cannot be used.
        """
        import ray  # noqa: PLC0415 - optional, and slow to import

        self.ray = ray
        try:
            join_cluster(ray, asked)
        except ClusterError:
            raise
        except Exception as error:  # Ray's own, gRPC's, and the system's
            raise ClusterError(line_of(error)) from error
        task = ray.remote(max_retries=0, num_cpus=1)(task_of(version(DISTRIBUTION)))
        self.submit, self.on_gpu = task.remote, task.options(num_gpus=1).remote
        self._probe(asked.wait_s)

    def _probe(self, wait_s: float) -> None:
        """Run an empty task.

        Raises:
            ClusterError: no CPU became free, or its worker lacks a package.
        """
        ray, attempts = self.ray, 0
        while True:
            attempts += 1
            try:
                probe = self.submit(pickle.dumps((os.getpid, (), {})))
                end = time.monotonic() + wait_s
                while not ray.wait([probe], timeout=0.2)[0]:
                    if self.ended.is_set():
                        raise ClusterError("nothing is to be rendered any more")
                    if time.monotonic() < end:
                        continue
                    cpus = int(ray.cluster_resources().get("CPU", 0))
                    free = f"none of its {cpus} CPUs became free" if cpus else "it has had no CPU"
                    raise ClusterError(f"{free} in {wait_s:g} s")
                kind, content = ray.get(probe)
            except ClusterError:
                raise
            except Exception as error:
                if attempts == ATTEMPTS:
                    raise ClusterError(_cause_of_death(ray.exceptions, error)) from error
                time.sleep(RETRY_S[attempts - 1])
                continue
            if kind == "failed":
                raise ClusterError(content)
            return

    def serve(self) -> None:
        """Run tasks until the end of input.

        Raises:
            ClusterError: the cluster was lost.
        """
        while True:
            while not (self.running and self.waiting.empty()):
                task = self.waiting.get()
                if task is None:
                    return
                self._start(task)
            try:
                done, _ = self.ray.wait(list(self.running), timeout=0.2)
            except Exception as error:  # Ray Client's connection
                raise ClusterError(f"it was lost: {line_of(error)}") from error
            self._tell_gpu_wait()
            for reference in done:
                self._settle(self.running.pop(reference), reference)

    def leave(self) -> None:
        """Cancel running tasks, wait for their clean-up, and disconnect."""
        if self.ray is None:
            return
        with contextlib.suppress(Exception):
            for reference in self.running:
                self.ray.cancel(reference)
            if self.running:
                self.ray.wait([*self.running], num_returns=len(self.running), timeout=CANCEL_S)
        with contextlib.suppress(Exception):
            self.ray.shutdown()

    def _start(self, task: _RayTask) -> None:
        """Submit a task; one that can use a GPU asks for one if a machine has one, and a CPU."""
        task.attempts += 1
        try:
            has_gpu = bool(task.gpu) and any(map(_has_gpu, self.ray.nodes()))
            if task.gpu == REQUIRED and not has_gpu:
                what = "device is cuda or xpu, and no machine of the cluster has a GPU and a CPU"
                self.reply(Reply(task.number, "failed", what))
                return
            # Ray does not count the GPUs of Macs, which models use all the same.
            if task.gpu and not has_gpu and not self.is_warned and sys.platform != "darwin":
                self.is_warned = True
                self.reply(Reply(task.number, "warning", "no GPU there; models run on its CPUs"))
            if has_gpu and self.gpu_probe is None:
                probe = self.on_gpu(pickle.dumps((os.getpid, (), {})))
                self.gpu_probe = probe, time.monotonic()
            submit = self.on_gpu if has_gpu else self.submit
            self.running[submit(task.blob)] = task
        except Exception as error:
            raise ClusterError(f"it was lost: {line_of(error)}") from error

    def _tell_gpu_wait(self) -> None:
        """Say once what tasks wait for, if no GPU was free for some seconds."""
        if self.gpu_probe is None or self.gpu_waits:
            return
        probe, since = self.gpu_probe
        if time.monotonic() - since < GPU_WAIT_S or self.ray.wait([probe], timeout=0)[0]:
            return
        self.gpu_waits = True
        gpus = sum(
            int(node["Resources"].get("GPU", 0)) for node in filter(_has_gpu, self.ray.nodes())
        )
        what = f"waiting for a GPU: others use its {gpus}" if gpus else "waiting for a GPU to join"
        self.reply(Reply(None, "warning", f"{what} (Ctrl-C ends the run)"))

    def _settle(self, task: _RayTask, reference: Any) -> None:
        errors = self.ray.exceptions
        try:
            kind, content = self.ray.get(reference)
        except errors.RayTaskError as error:
            kind, content = "failed", line_of(error.cause or error)
        except errors.RayError as error:
            if task.attempts < ATTEMPTS:
                timer = threading.Timer(RETRY_S[task.attempts - 1], self.waiting.put, (task,))
                timer.daemon = True
                timer.start()
                return
            kind, content = "failed", _cause_of_death(errors, error)
        except Exception as error:
            raise ClusterError(f"it was lost: {line_of(error)}") from error
        self.reply(Reply(task.number, kind, content))


def _has_gpu(node: Mapping[str, Any]) -> bool:
    """Whether a machine can run a task on a GPU; a GPU of one and a CPU of another do not."""
    free = node["Resources"] if node["Alive"] else {}
    return bool(free.get("GPU", 0) >= 1 and free.get("CPU", 0) >= 1)


def _cause_of_death(errors: Any, error: Exception) -> str:
    """Return the cause of a worker's death, in one line."""
    if isinstance(error, errors.OutOfMemoryError):
        return f"its machine ran out of memory: Ray has killed its worker {ATTEMPTS} times"
    if isinstance(error, (errors.WorkerCrashedError, errors.NodeDiedError)):
        return f"its Ray worker died {ATTEMPTS} times; it may have run out of memory"
    return f"Ray failed {ATTEMPTS} times: {line_of(error)}"


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take over standard input and output; redirect those of Ray to the log."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, replies


def _forbid_core_dumps() -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
