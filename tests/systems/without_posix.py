"""Run a module as on a system without POSIX: ``python without_posix.py MODULE [ARGUMENTS]``.

Hides POSIX modules from Python, and makes the rest behave as on Windows: links need
a privilege, signal 0 ends a process, only writable files can be flushed, a closed pipe is
an invalid argument.
"""

from __future__ import annotations

import builtins
import errno
import importlib.util
import io
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

MODULES = ("fcntl", "resource", "termios", "pwd", "grp", "tty", "pty")
PACKAGES = (
    "av",
    "cv2",
    "imageio_ffmpeg",
    "jsonschema",
    "numpy",
    "opentimelineio",
    "PIL.Image",
    "platformdirs",
    "rich",
)
SIGNALS = ("SIGHUP", "SIGKILL", "SIGQUIT", "SIGPIPE", "SIGALRM", "SIGUSR1", "SIGUSR2")
FUNCTIONS = (  # of os
    *("fork", "forkpty", "getuid", "geteuid", "getgid", "sched_getaffinity", "sysconf", "killpg"),
    *("getloadavg", "mkfifo", "mknod", "statvfs", "setsid", "getpgid", "chown"),
    *("confstr", "pathconf", "posix_fadvise", "posix_fallocate", "sched_setaffinity", "nice"),
)


def hide() -> None:
    """Remove the POSIX features that Windows lacks.

    Packages of others, which have their own way there, are imported before.
    """
    for name in PACKAGES:
        importlib.import_module(name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in SIGNALS:
        if hasattr(signal, name):
            delattr(signal, name)
    for name in FUNCTIONS:
        if hasattr(os, name):
            delattr(os, name)
    os.symlink = _no_link  # type: ignore[assignment]
    os.link = _no_link  # type: ignore[assignment]
    _change_processes()
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    _change_files()


def _no_link(*args: Any, **options: Any) -> NoReturn:
    raise OSError(errno.EPERM, "a required privilege is not held by the client")


def _change_processes() -> None:
    kill = os.kill

    def send(pid: int, number: int) -> None:
        if number == 0:
            os._exit(99)  # On Windows it is the other process that ends.
        kill(pid, number)

    def pid_exists(pid: int) -> bool:
        return Path(f"/proc/{pid}").exists()

    os.kill = send  # type: ignore[assignment]
    subprocess.Popen.kill = subprocess.Popen.terminate  # type: ignore[method-assign]
    sys.modules["psutil"] = SimpleNamespace(  # type: ignore[assignment]
        pid_exists=pid_exists,
        virtual_memory=lambda: SimpleNamespace(available=8 << 30),
        Process=lambda: SimpleNamespace(memory_info=lambda: SimpleNamespace(peak_wset=1 << 20)),
    )
    processes = importlib.import_module("otio_gvideo.renderers.files.processes")
    processes.IS_WINDOWS = True  # type: ignore[attr-defined]


def _change_files() -> None:
    opened, flushed, written, listed = io.open, os.fsync, os.write, os.open

    def open_file(file: Any, *args: Any, **options: Any) -> Any:
        if str(file).startswith(("/proc/", "/sys/", "/dev/")) and str(file) != os.devnull:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        return opened(file, *args, **options)

    def open_descriptor(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path, flags, *args, **options)

    def flush(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        try:
            written(number, b"")
        except OSError:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from None
        flushed(number)

    def write(descriptor: int, data: Any) -> int:
        try:
            return written(descriptor, data)
        except BrokenPipeError:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None

    builtins.open = open_file
    io.open = open_file
    os.open = open_descriptor
    os.fsync = flush
    os.write = write


if __name__ == "__main__":
    if sys.argv[2:3] in (["doctor"], ["models"]):
        for name in filter(importlib.util.find_spec, ("torch", "diffusers")):
            importlib.import_module(name)
    hide()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
