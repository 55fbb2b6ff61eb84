"""Audio files, as checks, alignment and mixing read them."""

from __future__ import annotations

import functools
import struct
import tempfile
from pathlib import Path

import numpy as np
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.media.samples import SAMPLE_RATE, SoundReader, speech_samples
from otio_gvideo.compiler.script.checks.files import _fault

SUFFIX = ".wav"
_KINDS = (
    *(("wav", coder) for coder in ("pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_f64le")),
    *(("wav", coder) for coder in ("adpcm_ms", "pcm_alaw")),
    *(("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "libvorbis"), ("opus", "libopus")),
    *(("m4a", "aac"), ("aac", "aac"), ("mka", "pcm_s16le"), ("aiff", "pcm_s16be")),
)


@functools.cache
def _made() -> tuple[bytes, ...]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, coder) in enumerate(_KINDS):
            path = Path(folder) / f"{number}.{kind}"
            source = ["-f", "lavfi", "-i", "sine=d=0.1:r=48000", "-c:a", coder]
            run([*source, *output_args(path)], what="making sound")
            found.append(path.read_bytes())
    return tuple(found)


def seeds() -> list[bytes]:
    odd = [(rate, channels) for rate in (1, 8000, 2**31, 2**32 - 1) for channels in (1, 255)]
    return [*_made(), *(_wav(rate, channels) for rate, channels in odd)]


def _wav(rate: int, channels: int) -> bytes:
    data = bytes(range(256)) * 8
    head = struct.pack("<HHIIHH", 1, channels, rate, 96000, channels * 2, 16)
    size, length = struct.pack("<I", 36 + len(data)), struct.pack("<I", len(data))
    return b"RIFF" + size + b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + length + data


def read(path: Path) -> None:
    refusals: list[str] = []
    if fault := _fault(path, "sound"):
        refusals.append("; ".join(fault))
    for ask in (probe, _listen, _mix):
        try:
            ask(path)
        except WorkError as error:
            refusals.append(str(error))
    if len(refusals) > 1:
        raise WorkError(refusals[0])


def _listen(path: Path) -> None:
    # Alignment reads files that pass the checks.
    if _fault(path, "sound") is None:
        speech_samples(path)


def _mix(path: Path) -> None:
    reader = SoundReader(path)
    for start in (0, SAMPLE_RATE, 0, SAMPLE_RATE * 60):
        assert np.isfinite(reader.read(start, SAMPLE_RATE)).all()
