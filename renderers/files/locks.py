"""Locks between the processes of a machine, its containers, and machines that share a folder.

A lock is `flock(2)` on a small file (on Windows a byte-range lock), which the system releases when
the process ends. It holds across the PID namespaces of a machine and, with NFS version 4, across
the clients of a server. On file systems without locks, a file names the owner instead: host, boot,
PID namespace and process id. An owner of unknown state expires after `LOST_AFTER_S`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from .lock_owner import LOST_AFTER_S, UNKNOWN, Owner, this_process

try:
    fcntl: Any = import_module("fcntl")
except ImportError:  # Windows
    fcntl = None

_POLL_S = 0.1
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_HELD = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK, 0)
"""Errors for a lock that another process holds; 0 is Wine's."""
_LOCKED_BYTE = 1 << 30
"""A locked byte cannot be read on Windows, so this one lies past the end."""


class Lock:
    """A held lock; `release` it, or end the process."""

    def __init__(self, path: Path, descriptor: int, claim: Path | None = None):
        self._path, self._descriptor, self._claim = path, descriptor, claim

    def release(self) -> None:
        """Delete and close the file; may be called again after an interrupt."""
        # The owner file first: whoever creates the lock file next must be able to own it.
        if self._claim is not None:
            _delete(self._claim)
        # Delete before unlocking: waiting processes then notice that the path has changed.
        deleted = _delete(self._path)
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        if not deleted:
            _delete(self._path)


def try_lock(path: Path) -> Lock | None:
    """Lock a file, created if necessary; return None if it is locked.

    Raises:
        OSError: the file cannot be created.
    """
    while True:
        descriptor = _open(path)
        try:
            taken = _flock(descriptor)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                os.close(descriptor)
                raise
            claim = _claim(path)
            if claim is not None:
                return Lock(path, descriptor, claim)
            taken = False
        if not taken:
            os.close(descriptor)
            return None
        if _is_at(path, descriptor):
            lock = Lock(path, descriptor)
            try:
                _sign(descriptor)
            except OSError:
                pass  # The lock holds on a full disk as well.
            except BaseException:
                lock.release()
                raise
            return lock
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, on_wait: Callable[[Owner], None] = lambda _: None) -> Iterator[None]:
    """Hold the lock of a file within the context; wait for it first.

    Args:
        path: the file, in an existing folder.
        on_wait: called once with the owner, before a wait.

    Raises:
        OSError: the file cannot be created.
    """
    lock = try_lock(path)
    if lock is None:
        on_wait(owner_of(path))
    while lock is None:
        time.sleep(_POLL_S)
        lock = try_lock(path)
    try:
        yield
    finally:
        lock.release()


def owner_of(path: Path) -> Owner:
    """Return the owner named in a lock file, or `UNKNOWN`."""
    for file in (path, _claim_of(path)):
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Owner(**json.loads(file.read_text("utf-8")))
    return UNKNOWN


def _flock(descriptor: int) -> bool:
    """Lock a file; return False if it is locked.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif os.name == "nt":
            _lock_byte(descriptor)
        else:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _lock_byte(descriptor: int) -> None:
    """Lock a file on Windows."""
    msvcrt: Any = import_module("msvcrt")
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    os.lseek(descriptor, 0, os.SEEK_SET)


def _claim(path: Path) -> Path | None:
    """Create an owner file in place of a lock; return None if its owner may still run."""
    claim = _claim_of(path)
    while True:
        try:
            descriptor = os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            if not (_is_abandoned(claim) and _take_away(claim)):
                return None
            continue
        try:
            _sign(descriptor)
        except OSError:
            _delete(claim)
            raise
        finally:
            os.close(descriptor)
        return claim


def _is_abandoned(claim: Path) -> bool:
    """Whether the owner of an owner file is gone; a file that is gone was released in order.

    Taken for abandoned, its successor would be taken away from its owner.
    """
    try:
        age_s = time.time() - claim.stat().st_mtime
    except OSError:
        return False
    owner = owner_of(claim)
    return age_s > LOST_AFTER_S if owner == UNKNOWN else owner.is_gone(age_s)


def _take_away(claim: Path) -> bool:
    """Delete an abandoned owner file, unless another process has just replaced it."""
    aside = claim.with_name(f"{claim.name}.{secrets.token_hex(4)}")
    try:
        claim.rename(aside)
    except OSError:
        return True
    is_old = _is_abandoned(aside)
    if not is_old:
        with contextlib.suppress(OSError):
            os.link(aside, claim)
    _delete(aside)
    return is_old


def _open(path: Path) -> int:
    """Open or create a lock file that any user may lock.

    Raises:
        OSError: the file cannot be created, or is no lock file.
    """
    flags = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    if not _is_lock(descriptor):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, "a file that is no lock has its name", str(path))
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(descriptor, 0o666)
    return descriptor


def _is_lock(descriptor: int) -> bool:
    """Whether an open file is empty or names an owner.

    Read once, through the descriptor: the file at its path may be replaced at any time.
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    content = os.read(descriptor, 4096)
    try:
        return not content or bool(Owner(**json.loads(content)))
    except (ValueError, TypeError):
        return False


def _sign(descriptor: int) -> None:
    """Write this process as the owner into a lock file, or nothing.

    Raises:
        OSError: the file cannot be written.
    """
    signature = json.dumps(asdict(this_process())).encode()
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        if os.write(descriptor, signature) != len(signature):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(descriptor, 0)
        raise


def _claim_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner")


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is still at its path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
