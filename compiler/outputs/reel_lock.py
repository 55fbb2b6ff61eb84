"""One run at a time writes the files of a reel; the next waits, and then finds what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...renderers.files.atomic_file import clear_scratch
from ...renderers.files.locks import Owner, locked
from ..files.atomic_output import writing
from ..progress import OnProgress, Progress, Stage


def lock_of(reel: Path) -> Path:
    """The lock of a reel; its files share folder and stem."""
    return reel.with_name(f".otio-gvideo-{reel.stem}.lock")


@contextmanager
def exclusive(reel: Path, stage: Stage, on_progress: OnProgress) -> Iterator[None]:
    """Hold the lock of a reel: of its timeline, video, captions, report and segments.

    Args:
        reel: any of its files: the lock goes by folder and stem.
        stage: that has to wait.
        on_progress: told once if it has to.

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
            with writing(lock):
                lock.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(lock, wait))
                clear_scratch(lock.parent)
            yield
    finally:
        with suppress(OSError):  # Folders in which nothing was made are not left behind.
            for folder in missing:
                folder.rmdir()
