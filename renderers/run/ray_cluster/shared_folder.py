"""Whether the machines of a cluster see the folder that their media are for."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...base import RendererError
from ...files.atomic_file import scratch_folder
from ..attempts import attempt_log_of
from ..job import Job, Rendered, WriteClip, render_slot
from ..store import Store


@contextmanager
def marked(folder: Path) -> Iterator[Path]:
    """Put a file into a folder: a machine that sees it shares the folder.

    Raises:
        RendererError: the folder cannot be written to.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            marker = held.enter_context(scratch_folder(folder)) / "shared"
            marker.touch()
        except OSError as error:
            raise RendererError(f"{folder}: cannot be written: {error.strerror}") from error
        yield marker


def render_slot_remotely(
    job: Job,
    key: str,
    store: Store,
    write_clip: WriteClip,
    previous: Path | None,
    marker: Path,
    force: bool,
) -> Rendered:
    """Make a slot's media on a cluster's machine that sees the files it needs.

    Args:
        job, key, store, write_clip, previous: as `render_slot` takes them.
        marker: a file of `marked`, below the store's folder.
        force: make it even if the store has it.

    Raises:
        RendererError: this machine lacks a file; or as `render_slot`.
    """
    for path in (marker, *job.recipe.files, *([previous] if previous else [])):
        if not path.exists():
            missing = store.folder if path == marker else path
            raise RendererError(f"{platform.node()} does not see {missing}; share its folder")
    # A worker that died after its work was done has left it here.
    found = None if force else store.find(job.slot, key)
    if found is not None:
        return Rendered(job.slot, key, found, True, 0.0, attempt_log_of(found))
    return render_slot(job, key, store, write_clip, previous)
