"""Video files, as flatten reads them."""

from __future__ import annotations

import functools
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.media.samples import SoundReader
from otio_gvideo.compiler.page.thumbnails import ThumbnailRequest, thumbnails

SUFFIX = ".mp4"
_KINDS = (
    *(("mp4", "libx264"), ("mp4", "mpeg4"), ("mov", "prores_ks"), ("mkv", "libx264")),
    *(("webm", "libvpx"), ("mkv", "ffv1"), ("avi", "mjpeg"), ("ts", "libx264"), ("gif", "gif")),
)


@functools.cache
def _made() -> tuple[bytes, ...]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, coder) in enumerate(_KINDS):
            path = Path(folder) / f"{number}.{kind}"
            pictures = ["-f", "lavfi", "-i", "testsrc=s=32x48:r=24:d=0.25"]
            sound = [] if kind == "gif" else ["-f", "lavfi", "-i", "sine=d=0.25"]
            args = ["-c:v", coder, "-g", "3"]
            run([*pictures, *sound, *output_args(path, *args)], what="making video")
            found.append(path.read_bytes())
    return tuple(found)


def seeds() -> list[bytes]:
    return list(_made())


def read(path: Path) -> None:
    info = probe(path)
    if info.audio is not None:
        with suppress(WorkError):
            SoundReader(path).read(0, 4800)
    if info.video is not None:
        times = (Fraction(0), info.duration / 2, info.duration)
        thumbnails([ThumbnailRequest(path, time, time, time, video=info.video) for time in times])
