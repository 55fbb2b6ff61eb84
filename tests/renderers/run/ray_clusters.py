"""Ray clusters on this machine, and the program in a process of its own that renders on them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEEDING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from otio_gvideo.compiler.cli import main
sys.exit(main())
"""
"""The program, heeding SIGINT: a shell in the background has its children ignore it."""


STILLBORN = """
import os, subprocess
from pathlib import Path

class Popen(subprocess.Popen):
    def __init__(self, command, *arguments, **options):
        tried = Path(__file__).with_name("tried")
        is_stillborn = "--mode=specific-server" in command and not tried.exists()
        if is_stillborn:
            tried.touch()
        super().__init__(["false"] if is_stillborn else command, *arguments, **options)

subprocess.Popen = Popen
"""
"""``sitecustomize.py`` of a head whose first server of a Ray client dies as it is started."""


class Cluster:
    """A cluster on this machine whose head renders nothing."""

    def __init__(self, *, is_first_client_lost: bool = False) -> None:
        from ray import cluster_utils

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.client_port = free.getsockname()[1]
        # Short, for the names of sockets.
        self.folder = tempfile.mkdtemp(prefix="ogt-", dir="/tmp" if os.name == "posix" else None)
        head = {
            "num_cpus": 0,
            "include_dashboard": False,
            "object_store_memory": 80 << 20,
            "ray_client_server_port": self.client_port,
        }
        site = Path(self.folder, "site")
        site.mkdir()
        if is_first_client_lost:
            (site / "sitecustomize.py").write_text(STILLBORN, encoding="utf-8", newline="\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(site))
            patch.setenv("RAY_TMPDIR", self.folder)
            patch.setenv("RAY_health_check_period_ms", "1000")
            patch.setenv("RAY_health_check_failure_threshold", "5")
            self.ray = cluster_utils.Cluster(initialize_head=True, head_node_args=head)

    def add(self, gpus: int = 0, cpus: int = 1, **environment: str) -> Any:
        """A node, by default with one CPU."""
        return self.ray.add_node(
            num_cpus=cpus,
            num_gpus=gpus,
            object_store_memory=80 << 20,
            env_vars=environment,
            wait=True,
        )

    def kill(self, node: Any) -> None:
        """As when a machine loses its power."""
        node.kill_all_processes(check_alive=False, allow_graceful=False)

    def end(self) -> None:
        self.ray.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)


def compile_on(
    script: Path, cluster: Cluster | None, *, engine: str = "ray", **environment: str
) -> subprocess.Popen[str]:
    """Start to render a script's media, on a cluster that Ray takes for this machine's, or a new
    one."""
    folder = script.parent
    (folder / "ray").mkdir(exist_ok=True)
    (folder / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")  # one that has crashed
    found = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    found |= {"RAY_TMPDIR": str(folder if cluster is None else cluster.folder)} | environment
    command = [sys.executable, "-c", HEEDING, "compile", str(script)]
    return subprocess.Popen(
        [*command, "--until", "media", "--progress", "none", "--engine", engine],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=found,
        start_new_session=True,
    )


def finished(script: Path) -> dict[str, int]:
    """The media that the store declares finished, and when they were written."""
    media = script.parent / "build" / "slow" / "media"
    return {path.name: path.stat().st_mtime_ns for path in media.glob("*.json")}


def until(is_so: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end, "nothing happened"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def processes(command: str) -> list[str]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "stat,args"], capture_output=True, text=True, check=True
    )
    found = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    return [args for stat, args in found if not stat.startswith("Z") and command in args]
