"""Check that the machines of a cluster share the folder of their media."""

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
    """Yield a marker file in a folder, to check that a machine shares the folder.

    Raises:
        RendererError: the folder cannot be written.
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
    """Render a slot on a machine of a cluster, after checking its access to files.

    Args:
        job, key, store, write_clip, previous: as in `render_slot`.
        marker: the file of `marked`, below the store's folder.
        force: render, ignoring the store.

    Raises:
        RendererError: this machine lacks a file; or as `render_slot`.
    """
    for path in (marker, *job.recipe.files, *([previous] if previous else [])):
        if not path.exists():
            missing = store.folder if path == marker else path
            raise RendererError(f"{platform.node()} does not see {missing}; share its folder")
    # A worker may have died after it had finished.
    found = None if force else store.find(job.slot, key)
    if found is not None:
        return Rendered(job.slot, key, found, True, 0.0, attempt_log_of(found))
    return render_slot(job, key, store, write_clip, previous)
