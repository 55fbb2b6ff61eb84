"""Sidecars of rendered media, as the store, view and edited timelines read them."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
from hashlib import sha256
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange
from otio_gvideo.compiler.editors.known_slots import recipe_in
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.page.render import render_page
from otio_gvideo.renderers.run.attempts import attempt_log_of
from otio_gvideo.renderers.run.store import Store, _checksum, sidecar_of

from .. import mutators

SUFFIX = ".json"
KEY = "0123456789ab" * 5
MEDIA = f"a-{KEY[:12]}.mp4"
SIDECAR = {
    "key": KEY,
    "recipe": {
        "renderer": "parallax",
        "version": 3,
        "quality": "draft",
        "slot": "a",
        "keyframes": [{"path": "a.png", "sha256": "00", "frame": 0}],
        "motion": {"camera": "push_in", "amount": 0.1},
        "settings": {"seed": 1, "prompt": "a light"},
        "frames": 6,
        "seed": 7,
    },
    "made": {
        "tries": [
            {"renderer": "ltx", "seed": 1, "first_second": 0.1, "whole": 0.2, "failed": None},
            {"renderer": "camera", "seed": 2, "first_second": 0.5, "whole": 0.6, "failed": None},
        ],
        "used": 1,
        "moves": True,
    },
}

mutate = mutators.one_of(*[mutators.mutate_json] * 5, mutators.mutate_text, mutators.mutate_bytes)


@functools.cache
def media() -> bytes:
    """A video of six frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MEDIA
        source = ["-f", "lavfi", "-i", "testsrc=s=32x48:r=24:d=0.25"]
        run([*source, *output_args(path)], what="making video")
        return path.read_bytes()


def seeds() -> list[bytes]:
    whole = {**SIDECAR, "bytes": len(media())}
    return [json.dumps(whole, indent=1).encode(), json.dumps(SIDECAR).encode()]


def crashes() -> dict[str, bytes]:
    return {"deep": b'{"recipe": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"}


def timeline_html(folder: Path) -> Path:
    """Write a video and a timeline that shows it, unless they exist."""
    path = folder / "cut.otio"
    if not path.exists():
        (folder / MEDIA).write_bytes(media())
        span = TimeRange(RationalTime(0, 24), RationalTime(6, 24))
        clip = otio.schema.Clip("a", otio.schema.ExternalReference(MEDIA, span), span)
        timeline = otio.schema.Timeline("cut")
        timeline.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
        otio.adapters.write_to_file(timeline, str(path))
    return path


def read(path: Path) -> None:
    folder = path.parent
    cut = timeline_html(folder)
    sidecar = sidecar_of(folder / MEDIA)
    for content in (path.read_bytes(), _with_checksum(path.read_bytes())):
        sidecar.write_bytes(content)
        store = Store(folder)
        store.find("a", KEY)
        store.key_of(folder / MEDIA)
        attempt_log_of(folder / MEDIA)
        recipe_in(sidecar)
    timeline = otio.adapters.read_from_file(str(cut))
    render_page(build_view(timeline, cut), cut.with_suffix(".html"), "")


def _with_checksum(content: bytes) -> bytes:
    """Add the checksum of a document, as the store does."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        document = json.loads(content)
        whole = {"bytes": len(media()), "sha256": sha256(media()).hexdigest(), **document}
        return json.dumps(whole | {"checksum": _checksum(whole)}).encode()
    return content
