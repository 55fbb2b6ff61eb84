"""Final Cut Pro's XML."""

from __future__ import annotations

from pathlib import Path

from otio_gvideo.compiler.editors.read_timeline import read_timeline, report_of_timeline

from .. import mutators
from ..exports import exported, xml_attacks

SUFFIX = ".fcpxml"

mutate = mutators.one_of(
    mutators.mutate_xml, mutators.mutate_xml, mutators.mutate_text, mutators.mutate_bytes
)


def seeds() -> list[bytes]:
    return [exported(SUFFIX)]


def read(path: Path) -> None:
    report_of_timeline(read_timeline(path), path, path.parent)


def crashes() -> dict[str, bytes]:
    return xml_attacks(b"fcpxml")
