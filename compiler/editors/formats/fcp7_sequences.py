"""Sequences of Final Cut Pro 7's XML, with nested ones in a form that `otio-fcp-adapter` reads.

An element is defined once and then named by its ``id`` alone
(https://developer.apple.com/library/archive/documentation/AppleApplications/Reference/FinalCutPro_XML/Basics/Basics.html).
The adapter takes the first that it meets for the definition, and looks for the tracks of a nested
sequence beside its ``media``, not in it.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...errors import InputError, Problem

_OFF = "otio_gvideo.off"
"""Name of the filter of clips that are switched off."""
_DEPTH = 20
"""Levels of nested sequences; more are a sequence that holds itself."""


def prepare_sequences(root: Element, path: Path) -> list[Element]:
    """Define files and nested sequences wherever they are named, in place; return the outermost.

    Of several sequences, those that are nested in others are no longer among the outermost.

    Raises:
        InputError: there is no sequence, or one that holds itself.
    """
    if root.tag != "xmeml":
        what = f"is not XML of Final Cut Pro 7: its root is <{root.tag}>"
        raise InputError(Problem.in_file(path, what))
    outermost = [*root.iterfind("./sequence"), *root.iterfind(".//children/sequence")]
    if not outermost:
        names = [
            f"{child.findtext('name') or 'no name'} ({child.tag})"
            for child in (*root, *root.iterfind(".//children/*"))
        ]
        what = f"holds no sequence, but {', '.join(names)}" if names else "holds no sequence"
        raise InputError(Problem.in_file(path, what, "export a sequence"))
    for clip in root.iter("clipitem"):
        if (clip.findtext("enabled") or "").strip().upper() == "FALSE":
            # The adapter reads filters, and not this.
            effect = SubElement(SubElement(clip, "filter"), "effect")
            SubElement(effect, "name").text = _OFF
    defined: dict[tuple[str, str], Element] = {}
    for element in root.iter():
        if element.get("id") and len(element):
            defined.setdefault((element.tag, element.get("id", "")), element)
    originals = {key: deepcopy(element) for key, element in defined.items()}
    nested = {
        sequence.get("id")
        for clip in root.iter("clipitem")
        for sequence in clip.iterfind("./sequence")
    }
    for sequence in outermost:
        _define(sequence, originals, path, 0)
    _drop_nested(root, {one for one in nested if one})
    return [*root.iterfind("./sequence"), *root.iterfind(".//children/sequence")]


def read_enabled(timeline: otio.schema.Timeline) -> None:
    """Switch clips and tracks off that `prepare_sequences` met so, in place."""
    for item in timeline.find_children(descended_from_type=otio.core.Item):
        kept = [effect for effect in item.effects if effect.name != _OFF]
        if len(kept) < len(item.effects):
            item.effects[:] = kept
            item.enabled = False
        elif isinstance(item, otio.schema.Track):
            stated = str(item.metadata.get("fcp_xml", {}).get("enabled", "TRUE"))
            item.enabled = stated.strip().upper() != "FALSE"


def _define(
    parent: Element, defined: dict[tuple[str, str], Element], path: Path, depth: int
) -> None:
    """Define the files and nested sequences in an element."""
    if depth > _DEPTH:
        raise InputError(Problem.in_file(path, "holds a sequence that is nested in itself"))
    for element in list(parent.iter()):
        if element.tag == "file" and not len(element):
            definition = defined.get(("file", element.get("id", "")))
            element.extend(deepcopy(definition) if definition is not None else ())
    for clip in list(parent.iter("clipitem")):
        for sequence in clip.iterfind("./sequence"):
            definition = defined.get(("sequence", sequence.get("id", "")))
            if not len(sequence) and definition is not None:
                sequence.extend(deepcopy(definition))
                _define(sequence, defined, path, depth + 1)
            # The outermost sequence of that identity keeps its own form.
            sequence.attrib.pop("id", None)
            media = sequence.find("media")
            if media is not None:
                sequence.extend(list(media))
                sequence.remove(media)


def _drop_nested(root: Element, nested: set[str]) -> None:
    """Remove the outermost sequences that are nested in others, unless none would be left."""
    parents = [root, *root.iter("children")]
    places = [(parent, sequence) for parent in parents for sequence in parent.findall("./sequence")]
    inner = [(parent, one) for parent, one in places if one.get("id") in nested]
    if len(inner) < len(places):
        for parent, sequence in inner:
            parent.remove(sequence)
