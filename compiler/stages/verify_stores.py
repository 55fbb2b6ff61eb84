"""Verify: stored media and segments of a reel against their SHA-256."""

from __future__ import annotations

from ...renderers.run.store import Store
from ..backend.segments.store import SegmentStore
from ..files.atomic_output import write_errors
from ..notices import Notice, notices
from ..outputs.paths import Outputs, segments_of


def verify_stored(outputs: Outputs) -> list[Notice]:
    """Verify all rendered media and segments of a folder, and delete damaged ones.

    Returns:
        A warning for each damaged file.
    """
    store = Store(outputs.media)
    with write_errors(outputs.media):
        store.verify()
    segments = SegmentStore(segments_of(outputs.video))
    segments.verify()
    lines = [f"{path.name} was damaged ({how}); deleted" for path, how in store.damaged.items()]
    lines += [f"{path.name} was damaged; deleted" for path in segments.damaged]
    return notices("damaged", lines)
