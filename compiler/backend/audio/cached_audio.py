"""The encoded sound of a reel, from the segment store if it holds the same mix."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...errors import InputError, WorkError
from ...media.read_back import refuse_torn_sound
from ...media.samples import SAMPLE_RATE
from ...timeline.properties import rate_and_frames
from ..output_spec import OutputSpec
from ..segments.store import SegmentStore, key_of
from .loudness import Measure, encode_audio, target_of
from .mix import Mix
from .read_mix import read_mix


def cached_audio(
    mix: Mix, target_lufs: float, store: SegmentStore, folder: Path, stop: threading.Event
) -> tuple[Path, Measure]:
    """Return the encoded mix and its measures, encoded and read back unless they are cached.

    Args:
        mix: the sound.
        target_lufs: integrated loudness to aim at.
        store: of encoded segments.
        folder: for the file if the store keeps nothing.
        stop: stops the work when set.

    Raises:
        WorkError: a file cannot be decoded, or ffmpeg failed.
    """
    name = f"sound-{key_of({}, mix, target_lufs)}"
    sound, measures = store.find(f"{name}.mp4"), store.find(f"{name}.json")
    if sound is not None and measures is not None:
        with suppress(OSError, ValueError, TypeError):
            lufs, dbtp = json.loads(measures.read_text("utf-8"))
            return sound, Measure(float(lufs), float(dbtp))
    measure = Measure(-math.inf, -math.inf)

    def write(path: Path) -> None:
        nonlocal measure
        measure = encode_audio(mix, path, target_lufs, stop=stop)
        refuse_torn_sound(path, Fraction(mix.samples, SAMPLE_RATE), path.name)

    sound = store.make(f"{name}.mp4", folder, write)
    text = json.dumps([str(measure.lufs), str(measure.dbtp)])
    store.make(f"{name}.json", folder, lambda path: path.write_bytes(text.encode()))
    return sound, measure


@contextmanager
def sound_ahead(
    timeline: otio.schema.Timeline, spec: OutputSpec, media_root: Path, segments: Path
) -> Iterator[SegmentStore]:
    """Encode the sound of a reel in a thread while the block renders its pictures.

    `flatten` finds it among the segments; it also reports its faults.

    Args:
        timeline: of the reel; not read after the block has begun.
        spec: of its file.
        media_root: the folder that relative media paths start in.
        segments: the folder of its encoded segments.

    Yields:
        Their store; after the block it has the damage that was found.
    """
    stop, store = threading.Event(), SegmentStore(segments)
    with ThreadPoolExecutor(1) as executor:
        with suppress(InputError, WorkError):
            fps, frames = rate_and_frames(timeline)
            mix = read_mix(timeline, media_root, frames / fps, clip_sound_db=spec.clip_sound_db)
            executor.submit(cached_audio, mix, target_of(timeline), store, segments, stop)
        try:
            yield store
        except BaseException:
            stop.set()
            raise
