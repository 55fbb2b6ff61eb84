"""How messages name an item of a timeline."""

from __future__ import annotations

import opentimelineio as otio


def label_of(item: otio.core.Composable) -> str:
    """Return the name of an item, or its kind if it has none.

    >>> label_of(otio.schema.Clip())
    'a clip without a name'
    """
    return str(item.name) or f"a {type(item).__name__.lower()} without a name"
