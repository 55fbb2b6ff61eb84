"""``report.json`` beside a timeline, as view reads it."""

from __future__ import annotations

import json
from pathlib import Path

import opentimelineio as otio
from otio_gvideo.compiler.outputs.paths import report_path
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.page.render import render_page

from .. import mutators
from .sidecar import timeline_html

SUFFIX = ".json"
REPORT = {
    "version": 1,
    "timeline": {"path": "cut.otio", "sha256": "00", "frames": 6, "fps": "24/1"},
    "video": "cut.mp4",
    "loudness": {"lufs": -14.0, "dbtp": -1.0},
    "scenes": [{"id": "a", "start": 0, "end": 6, "confidence": 0.9}],
    "slots": [{"name": "a", "media": "a.mp4", "key": "00", "seconds": 1.0}],
    "warnings": ["a: something"],
}

mutate = mutators.one_of(*[mutators.mutate_json] * 5, mutators.mutate_text, mutators.mutate_bytes)


def seeds() -> list[bytes]:
    return [json.dumps(REPORT, indent=1).encode()] * 2


def crashes() -> dict[str, bytes]:
    return {"deep": b'{"timeline": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"}


def read(path: Path) -> None:
    cut = timeline_html(path.parent)
    report_path(cut).write_bytes(path.read_bytes())
    timeline = otio.adapters.read_from_file(str(cut))
    render_page(build_view(timeline, cut), cut.with_suffix(".html"), "")
