"""The captions of a reel: its text track against its timeline, and the edges of burned-in ones."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio

from ...renderers.error_text import system_reason
from ...renderers.files.open_media import open_input
from ..backend.captions.burn import typeset
from ..backend.captions.cues import captions_of
from ..errors import WorkError
from ..timeline.metadata import own_metadata
from .findings import Finding

MOST_OFFSET_MS = 20
_LENGTH_BYTES = 2
"""Of a text sample in an MP4: the length of its text, before the text and its styles."""


def caption_findings(video: Path, timeline: otio.schema.Timeline) -> Iterator[Finding]:
    """Yield one finding on a reel's text track, if its timeline has captions.

    Args:
        video: the finished file.
        timeline: of the reel.

    Raises:
        WorkError: the video cannot be read.
    """
    wanted = [(cue.start, " ".join(cue.text)) for cue in captions_of(timeline)]
    if not wanted:
        return
    right = f"{len(wanted)} within {MOST_OFFSET_MS} ms"
    shown = _text_track(video)
    if shown is None:
        # Those in the picture are not lost with it.
        yield Finding("captions", _is_burned(timeline), "no text track", right)
        return
    for (start, text), (at, read) in zip(wanted, shown, strict=False):
        late_ms = (at - start) * 1000
        if _letters(read) != _letters(text):
            yield Finding("captions", False, f"{read!r} at {at:.2f} s", repr(text))
            return
        if abs(late_ms) > MOST_OFFSET_MS:
            yield Finding("captions", False, f"{text!r} {late_ms:+.0f} ms", right)
            return
    is_whole = len(shown) == len(wanted)
    yield Finding("captions", is_whole, right if is_whole else str(len(shown)), right)


def caption_edges(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> frozenset[int]:
    """Return the frames at which burned-in captions may appear or vanish.

    Args:
        timeline: of the reel.
        size: width and height of the reel.
        fps: of the reel.
    """
    if not _is_burned(timeline):
        return frozenset()
    typesetter, cues = typeset(timeline, size, fps)
    events = typesetter.script(cues).events
    frames = {round(time * fps) for event in events for time in (event.start, event.end)}
    return frozenset(frame + step for frame in frames for step in (-1, 0, 1))


def _is_burned(timeline: otio.schema.Timeline) -> bool:
    return bool((own_metadata(timeline).get("captions") or {}).get("burn"))


def _letters(text: str) -> str:
    """Return a text without what its formats write in several ways: blanks and signs."""
    return "".join(filter(str.isalnum, text))


def _text_track(video: Path) -> list[tuple[float, str]] | None:
    """Return the starts in seconds and the texts of the first text track; None if it has none."""
    try:
        with open_input(video) as container:
            if not container.streams.subtitles:
                return None
            stream = container.streams.subtitles[0]
            found = []
            for packet in container.demux(stream):
                data = bytes(packet)
                text = data[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES])]
                if text and packet.pts is not None and packet.time_base is not None:
                    time_s = float(packet.pts * packet.time_base)
                    found.append((time_s, text.decode("utf-8", "replace")))
            return found
    except (av.error.FFmpegError, OSError) as error:
        raise WorkError(f"{video}: its captions cannot be read: {system_reason(error)}") from error
