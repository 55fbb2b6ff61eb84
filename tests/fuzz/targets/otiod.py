"""``.otiod``, a folder with a timeline in it: its text is the input."""

from __future__ import annotations

from pathlib import Path

from otio_gvideo.compiler.editors.read_timeline import read_timeline

from .. import mutators
from .otio import cut

SUFFIX = ".otio"

mutate = mutators.one_of(mutators.mutate_json, mutators.mutate_bytes)


def crashes() -> dict[str, bytes]:
    return {"no tracks": b'{"OTIO_SCHEMA":"Timeline.1","tracks":null}'}


def seeds() -> list[bytes]:
    return [cut().to_json_string(indent=-1).encode()]


def read(path: Path) -> None:
    folder = path.with_name("cut.otiod")
    folder.mkdir(exist_ok=True)
    (folder / "content.otio").write_bytes(path.read_bytes())
    read_timeline(folder)
