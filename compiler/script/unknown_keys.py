"""Hints for keys that a document's schema does not know where they stand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from .shown_values import nearest, show

KNOWN_ELSEWHERE = {
    "image": "keyframe",
    "picture": "keyframe",
    "still": "keyframe",
    "video": "clip",
    "footage": "clip",
    "b_roll": "clip",
    "broll": "clip",
    "caption": "text",
    "line": "text",
    "say": "text",
    "name": "id",
    "voice": "narration",
    "voiceover": "narration",
    "soundtrack": "music",
    "bgm": "music",
    "effect": "motion",
    "subtitles": "captions",
    "length": "duration",
    "clips": "scenes",
    "resolution": "output",
    "volume": "gain_db",
    "ducking": "duck_db",
}
"""Keys of other tools, and ours for the same."""


def hint_of_key(
    key: str, schema: Mapping[str, Any], present: Mapping[str, object], whole: Mapping[str, Any]
) -> str:
    """Return a hint for an unknown key: where it belongs, its name here, or the known ones.

    Args:
        key: the unknown key.
        schema: of the mapping that it stands in.
        present: that mapping.
        whole: the schema of the document.
    """
    known = list(schema["properties"])
    free = [word for word in known if word not in present] or known
    close = difflib.get_close_matches(key.lower(), free, 1, 0.7)
    ours = KNOWN_ELSEWHERE.get(key.lower())
    if ours in known and ours not in close:
        return f"that is {ours!r} here"
    if place := _of_clip(key, known, present) or _place_of(key, schema, whole):
        return place
    return f"did you mean {close[0]!r}?" if close else nearest(key, known)


def _of_clip(key: str, known: Sequence[str], present: Mapping[str, object]) -> str:
    """Return a hint for a key of a clip that is written beside it."""
    if key not in ("in", "out", "speed", "sound_db") or "clip" not in known:
        return ""
    clip = present.get("clip")
    video = clip if isinstance(clip, str) else "VIDEO"
    return f"write it as clip: {{video: {video}, {key}: {show(present[key])}}}"


def _place_of(key: str, schema: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """Return a hint for a key that the document knows elsewhere; empty if it does not."""
    if within := _mappings_with(key, schema, whole):
        return f"it belongs in {within}"
    if key in whole["properties"]:
        return "it belongs at the top level of the file"
    above = _mappings_with(key, whole, whole)
    return f"it belongs in {above} at the top level of the file" if above else ""


def _mappings_with(key: str, schema: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """Return the properties of a mapping whose own mappings know a key, for a sentence."""
    found = []
    for name, rules in schema.get("properties", {}).items():
        target = rules.get("$ref", "").rpartition("/")[2]
        resolved = whole["$defs"][target] if target else rules
        kinds = [resolved, resolved.get("items", {}), *resolved.get("oneOf", ())]
        if any(key in kind.get("properties", ()) for kind in kinds):
            found.append(repr(name))
    return " or ".join(found)
