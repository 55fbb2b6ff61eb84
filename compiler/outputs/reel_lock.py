"""The lock of a reel: one run at a time writes its files; the next one waits, and reuses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...renderers.files.atomic_file import clear_scratch
from ...renderers.files.lock_owner import Owner
from ...renderers.files.locks import locked
from ..files.atomic_output import write_errors
from ..progress import OnProgress, Progress, Stage


def lock_of(reel: Path) -> Path:
    """Return the lock file of a reel, by folder and stem."""
    return reel.with_name(f".otio-gvideo-{reel.stem}.lock")


@contextmanager
def lock_reel(reel: Path, stage: Stage, on_progress: OnProgress) -> Iterator[None]:
    """Hold the lock of a reel, for its timeline, video, captions, report and segments.

    Args:
        reel: any of its files.
        stage: that waits.
        on_progress: called once if it has to wait.

    Raises:
        WorkError: the folder cannot be written to.
    """

    def wait(owner: Owner) -> None:
        what = f"waiting for another run that writes {reel.name} ({owner})"
        on_progress(Progress(stage, 0, 1, what))

    missing = [folder for folder in reel.parents if not folder.exists()]
    try:
        with ExitStack() as held:
            lock = lock_of(reel)
            with write_errors(lock):
                lock.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(lock, wait))
                clear_scratch(lock.parent)
            yield
    finally:
        with suppress(OSError):  # Remove new folders that are still empty.
            for folder in missing:
                folder.rmdir()
