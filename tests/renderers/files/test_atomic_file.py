"""Files appear complete or not at all; leftovers of killed processes are deleted."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from otio_gvideo.renderers.files import atomic_file as atomic_module
from otio_gvideo.renderers.files import locks
from otio_gvideo.renderers.files import replace as replace_module
from otio_gvideo.renderers.files.atomic_file import (
    SCRATCH,
    atomic_file,
    clear_scratch,
    scratch_folder,
)
from otio_gvideo.renderers.files.lock_owner import Owner, this_process
from otio_gvideo.renderers.files.locks import locked, owner_of, try_lock

HOLDS = """
import sys
from pathlib import Path
from otio_gvideo.renderers.files.atomic_file import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "part").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""
CLEARS = """
import sys
from pathlib import Path
from otio_gvideo.renderers.files.atomic_file import clear_scratch
clear_scratch(Path(sys.argv[1]))
"""


@contextmanager
def holder(folder: Path, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that is writing a file in a folder."""
    process = subprocess.Popen(
        [*before, sys.executable, "-c", HOLDS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    with process:
        yield process
        process.kill()


@pytest.fixture(params=["locks", "no locks"])
def any_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the file system has locks."""
    if request.param == "no locks":

        def refuse(descriptor: int, how: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(locks.fcntl, "flock", refuse)
    return bool(request.param == "locks")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_when_it_is_complete(tmp_path: Path, any_locks: bool) -> None:
    path = tmp_path / "new" / "a.txt"
    with atomic_file(path) as temporary:
        assert temporary.name == "a.txt"
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, any_locks: bool, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path) as temporary:
        temporary.write_text("new")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_that_fails_its_check_gets_no_name(tmp_path: Path) -> None:
    def check(temporary: Path) -> None:
        raise ValueError(temporary.read_text())

    with pytest.raises(ValueError, match="torn"), atomic_file(tmp_path / "a", check) as temporary:
        temporary.write_text("torn")
    assert names(tmp_path) == []


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with atomic_file(tmp_path / "a.otiod") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert names(tmp_path) == ["a.otiod"]
    assert names(tmp_path / "a.otiod") == ["new"]


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path: Path) -> None:
    name = "n" * 255
    with atomic_file(tmp_path / name) as temporary:
        temporary.touch()
    assert names(tmp_path) == [name]


@pytest.mark.posix
def test_another_process_keeps_its_scratch_until_it_is_killed(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        clear_scratch(tmp_path)
        (left,) = tmp_path.glob(f"{SCRATCH}*")
        assert (left / "part").read_text() == "half"
        with scratch_folder(tmp_path):
            assert left.exists()
        process.kill()
        process.wait()
        with atomic_file(tmp_path / "a") as temporary:
            temporary.touch()
    assert names(tmp_path) == ["a"]


def test_another_thread_keeps_its_scratch(tmp_path: Path, any_locks: bool) -> None:
    with scratch_folder(tmp_path) as mine:
        other = threading.Thread(target=clear_scratch, args=[tmp_path])
        other.start()
        other.join()
        assert mine.exists()
    assert names(tmp_path) == []


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_equal_process_ids_in_two_containers_are_not_confused(tmp_path: Path) -> None:
    """Both processes have PID 1 or 2, each in its own namespace."""
    unshare = shutil.which("unshare")
    assert unshare is not None
    inside = [unshare, "--pid", "--fork", "--kill-child", "--mount-proc"]
    with holder(tmp_path, *inside):
        (folder,) = tmp_path.glob(f"{SCRATCH}*")
        assert owner_of(folder / ".lock").pid <= 2
        clear = [sys.executable, "-c", CLEARS, str(tmp_path)]
        subprocess.run([*inside, *clear], check=True)
        subprocess.run(clear, check=True)
        assert (folder / "part").exists()


def test_incomplete_scratch_folders_are_deleted(tmp_path: Path, any_locks: bool) -> None:
    (tmp_path / f"{SCRATCH}00000000").mkdir()
    (tmp_path / f"{SCRATCH}00000001" / "deep").mkdir(parents=True)
    (tmp_path / f"{SCRATCH}00000001" / "deep" / "file").touch()
    clear_scratch(tmp_path)
    assert names(tmp_path) == []


@pytest.mark.posix
def test_a_symlink_named_like_scratch_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (tmp_path / f"{SCRATCH}00000000").symlink_to(precious)
    clear_scratch(tmp_path)
    assert names(precious) == ["file"]


def test_a_lock_is_exclusive_and_can_be_released(tmp_path: Path, any_locks: bool) -> None:
    path = tmp_path / "a.lock"
    lock = try_lock(path)
    assert lock is not None
    assert try_lock(path) is None
    assert owner_of(path) == this_process()
    lock.release()
    assert names(tmp_path) == []
    again = try_lock(path)
    assert again is not None
    again.release()


def test_waiting_for_a_lock_names_its_owner(tmp_path: Path, any_locks: bool) -> None:
    path = tmp_path / "a.lock"
    order: list[str] = []
    held = threading.Event()

    def first() -> None:
        with locked(path):
            held.set()
            waits.wait()
            order.append("first")

    waits = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    held.wait()

    def on_wait(owner: Owner) -> None:
        order.append(str(owner))
        waits.set()

    with locked(path, on_wait):
        order.append("second")
    thread.join()
    assert order == [f"process {os.getpid()} on {this_process().host}", "first", "second"]
    assert names(tmp_path) == []


def test_many_threads_hold_a_lock_in_turn(tmp_path: Path, any_locks: bool) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            lock = try_lock(tmp_path / "a.lock")
            if lock is not None:
                inside += 1
                most = max(most, inside)
                inside -= 1
                lock.release()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert most == 1
    assert names(tmp_path) == []


@pytest.mark.posix
@pytest.mark.parametrize(
    ("change", "age_s", "is_gone"),
    [
        ({}, 0, False),
        ({"pid": 2**22 - 1}, 0, True),
        ({"pid": 2**22 - 1, "namespace": "pid:[1]"}, 0, False),
        ({"pid": 2**22 - 1, "namespace": "pid:[1]"}, 8 * 86400, True),
        ({"boot": "of last week"}, 0, True),
        ({"boot": "of last week", "host": "another"}, 0, False),
        ({"boot": "of last week", "host": "another"}, 8 * 86400, True),
    ],
)
def test_an_owner_expires_if_it_is_dead_or_silent_for_long(
    change: dict[str, str | int], age_s: float, is_gone: bool
) -> None:
    assert replace(this_process(), **change).is_gone(age_s) is is_gone


def test_without_locks_a_dead_owner_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    path = tmp_path / "a.lock"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    owner = replace(this_process(), pid=dead.pid)
    path.with_name("a.lock.owner").write_text(json.dumps(asdict(owner)))
    lock = try_lock(path)
    assert lock is not None
    lock.release()
    path.with_name("a.lock.owner").write_text(json.dumps(asdict(this_process())))
    assert try_lock(path) is None


def test_scratch_of_another_machine_expires_late(tmp_path: Path) -> None:
    """Some network file systems have no locks across machines."""
    folder = tmp_path / f"{SCRATCH}00000000"
    folder.mkdir()
    owner = replace(this_process(), host="another", boot="another")
    (folder / ".lock").write_text(json.dumps(asdict(owner)))
    clear_scratch(tmp_path)
    assert folder.exists()
    os.utime(folder, (0, 0))
    clear_scratch(tmp_path)
    assert not folder.exists()


@pytest.mark.posix
def test_a_file_that_is_not_a_lock_is_kept(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    link, file = tmp_path / "link.lock", tmp_path / "file.lock"
    link.symlink_to(precious)
    file.write_text("mine")
    for path in (link, file):
        with pytest.raises(OSError, match=r"no lock has its name|symbolic link"):
            try_lock(path)
    assert precious.read_text() == file.read_text() == "mine"
    assert link.is_symlink()


@pytest.mark.posix
def test_a_folder_that_cannot_be_replaced_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "a.otiod"
    bundle.mkdir()
    (bundle / "old").touch()
    replace_file = replace_module.replace_file

    def refuse(source: Path, target: Path) -> None:
        if (source / "new").exists():
            raise PermissionError(errno.EACCES, "in use")
        replace_file(source, target)

    monkeypatch.setattr(atomic_module, "replace_file", refuse)
    with pytest.raises(PermissionError), atomic_file(bundle) as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert names(bundle) == ["old"]
    assert names(tmp_path) == ["a.otiod"]
