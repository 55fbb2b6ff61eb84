"""This project's names in OpenTimelineIO metadata and media references, and its metadata."""

from __future__ import annotations

from typing import Any

import opentimelineio as otio

NAMESPACE = "otio_gvideo"
"""Key of this project's metadata."""
GENERATOR_KIND = "otio_gvideo.shot"
"""Kind of the `GeneratorReference` that holds a recipe."""
GENERATOR_KEY = "generator"
KEYFRAME_KEY = "keyframe"
MEDIA_KEY = otio.schema.Clip.DEFAULT_MEDIA_KEY


def own_metadata(item: otio.core.SerializableObjectWithMetadata) -> dict[str, Any]:
    """Return this project's metadata of an object; empty if there are none or they are foreign."""
    found = item.metadata.get(NAMESPACE, {})
    return dict(found) if hasattr(found, "items") else {}


def output_metadata(timeline: otio.schema.Timeline) -> dict[str, Any]:
    """Return the format of the reel (``width``, ``height``, ``fps``, ``loudness``) as stated."""
    found = own_metadata(timeline).get("output", {})
    return dict(found) if hasattr(found, "items") else {}


def plain(value: Any) -> Any:
    """Return OpenTimelineIO's containers as dicts and lists, for JSON and hashing."""
    if isinstance(value, otio.core._core_utils.AnyDictionary):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, otio.core._core_utils.AnyVector):
        return [plain(item) for item in value]
    return value
