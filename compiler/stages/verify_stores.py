"""Verify: everything that is kept for a reel, compared with its SHA-256."""

from __future__ import annotations

from ...renderers.run.store import Store
from ..backend.segments.store import SegmentStore
from ..files.atomic_output import writing
from ..notices import Notice, notices
from ..outputs.paths import Outputs
from .flatten import segments_of


def verify_stored(outputs: Outputs) -> list[Notice]:
    """Read all rendered media and segments of a folder, and delete those that are damaged.

    Returns:
        The damaged ones, in a line each.
    """
    store = Store(outputs.media)
    with writing(outputs.media):
        store.verify()
    segments = SegmentStore(segments_of(outputs.video))
    segments.verify()
    lines = [f"{path.name} was damaged ({how}); deleted" for path, how in store.damaged.items()]
    lines += [f"{path.name} was damaged; deleted" for path in segments.damaged]
    return notices("damaged", lines)
