"""The encoded sound of a reel, from the segment store if it holds the same mix."""

from __future__ import annotations

import json
import math
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from ...media.read_back import refuse_torn_sound
from ...media.samples import SAMPLE_RATE
from ..segments.store import SegmentStore, key_of
from .loudness import Measure, encode_audio
from .mix import Mix


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
