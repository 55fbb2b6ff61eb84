"""Make the segments of a reel: copied from media, reused from the store, or encoded in parallel."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...media.probe import probe
from ...media.read_back import refuse_torn_video
from ..captions.burn import BurnedCaptions, RangeCaptions
from ..encode.encoder import encode_frames
from ..encode.scale_crop import Canvas
from ..encode.span_filtergraph import encode_segment
from ..output_spec import OutputSpec
from ..spans.frame_content import Picture, TransitionContent, TransparentContent, media_paths
from ..spans.read_spans import SpanReading
from ..spans.spans import Span, trim
from .dissolve import UndecodableError, can_mix, mix_frames
from .join import read_cut_points
from .parallel import stopped_on_error, wait_for
from .plan import Copy, CutPoints, Encode, Segment, plan_segments, split_spans
from .store import SegmentStore, key_of

WORKERS = max(1, min(4, os.cpu_count() or 1))
"""Segments encoded in parallel: a short one does not keep its encoder's threads busy."""


@dataclass(frozen=True, slots=True)
class SegmentStats:
    """Counts of segments, and of their frames, by origin.

    Attributes:
        copied: from media, bit by bit.
        reused: from an earlier run (cache hits).
        encoded: in this run.
    """

    copied_segments: int
    copied_frames: int
    reused_segments: int
    reused_frames: int
    encoded_segments: int
    encoded_frames: int


def make_segments(
    reading: SpanReading,
    spec: OutputSpec,
    canvas: Canvas,
    captions: BurnedCaptions | None,
    store: SegmentStore,
    folder: Path,
    *,
    on_progress: Callable[[int, int], None],
    stop: threading.Event,
) -> tuple[list[Copy], SegmentStats]:
    """Make every segment of a reel.

    Args:
        reading: the spans of the reel, and their media.
        spec: encoding and transition style.
        canvas: the frame of the reel.
        captions: to burn in; None for none.
        store: of encoded segments.
        folder: for temporary files, and for segments if the store keeps none.
        on_progress: called in this thread with (finished frames, all frames).
        stop: set to stop the work; also set if a segment fails.

    Returns:
        The segments as parts of files, in order, and their counts.

    Raises:
        InputError: a still cannot be read.
        WorkError: ffmpeg failed.
    """
    maker = _SegmentMaker(reading, spec, canvas, captions, store, folder, stop)
    return maker.make_all(on_progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """A segment to encode: the name of its file in the store, and its captions."""

    segment: Encode
    name: str
    captions: RangeCaptions


@dataclass
class _SegmentMaker:
    reading: SpanReading
    spec: OutputSpec
    canvas: Canvas
    captions: BurnedCaptions | None
    store: SegmentStore
    folder: Path
    stop: threading.Event
    cut_points: dict[Path, CutPoints | None] = field(default_factory=dict)

    def make_all(self, on_progress: Callable[[int, int], None]) -> tuple[list[Copy], SegmentStats]:
        segments = self._plan()
        copied = {n: segment for n, segment in enumerate(segments) if isinstance(segment, Copy)}
        jobs = {n: self._job(one) for n, one in enumerate(segments) if isinstance(one, Encode)}
        found = {n: self.store.find(job.name) for n, job in jobs.items()}
        reused = {
            n: Copy(path, 0, jobs[n].segment.frames)
            for n, path in found.items()
            if path is not None
        }
        left = {n: job for n, job in jobs.items() if n not in reused}
        total = sum(segment.frames for segment in segments)
        finished = sum(part.frames for part in (*copied.values(), *reused.values()))
        ready = dict.fromkeys(left, 0)

        def encode(number: int) -> Copy:
            def on_frame(count: int) -> None:
                ready[number] = min(count, left[number].segment.frames)

            part = self._encoded(left[number], on_frame)
            ready[number] = part.frames
            return part

        with ThreadPoolExecutor(WORKERS) as workers, stopped_on_error(self.stop):
            futures = {number: workers.submit(encode, number) for number in left}
            try:
                wait_for(
                    futures.values(), lambda: on_progress(finished + sum(ready.values()), total)
                )
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        encoded = {number: future.result() for number, future in futures.items()}
        parts = copied | reused | encoded
        return [parts[number] for number in range(len(segments))], SegmentStats(
            *(len(copied), sum(part.frames for part in copied.values())),
            *(len(reused), sum(part.frames for part in reused.values())),
            *(len(encoded), sum(part.frames for part in encoded.values())),
        )

    def _plan(self) -> list[Segment]:
        """Plan copies of files that share one set of codec headers with all that is encoded."""
        files = {path for span in self.reading.spans for path in media_paths(span.picture)}
        headers = {path: self._headers(path) for path in files}
        known = {value for value in headers.values() if value}
        if len(known) == 1:
            segments = self._cut(lambda path: self._cut_points_of(path, headers))
            if all(isinstance(segment, Copy) for segment in segments):
                return segments
        if known:
            own = self._own_headers()
            headers = {path: value if value == own else b"" for path, value in headers.items()}
        return self._cut(lambda path: self._cut_points_of(path, headers))

    def _cut(self, cut_points_of: Callable[[Path], CutPoints | None]) -> list[Segment]:
        """Plan the segments; nothing is copied under burned-in captions.

        There a segment begins with a caption, so that a changed word changes few seconds.
        """
        spans, fps = self.reading.spans, self.canvas.fps
        if self.captions is None:
            return plan_segments(spans, fps, cut_points_of)
        starts = self.captions.starts(fps)
        segments: list[Segment] = []
        for start, end, is_captioned in self.captions.ranges(spans[-1].end, fps):
            part = trim(spans, start, end, fps)
            if is_captioned:
                split = split_spans(part, starts, fps)
                segments += plan_segments(split, fps, lambda _: None)
            else:
                segments += plan_segments(part, fps, cut_points_of)
        return segments

    def _job(self, segment: Encode) -> _Job:
        captions = RangeCaptions("")
        if self.captions is not None:
            first, end = segment.spans[0].start, segment.spans[-1].end
            captions = self.captions.between(first, end, self.canvas.fps)
        return _Job(segment, self._name(segment, captions), captions)

    def _name(self, segment: Encode, captions: RangeCaptions) -> str:
        """Return the name of a segment's file, from everything that decides its content."""
        canvas, style, encoding = self.canvas, self.spec.transitions, self.spec.encoding
        contents = [(span.frames, span.picture) for span in segment.spans]
        used = {path for span in segment.spans for path in media_paths(span.picture)}
        focus = sorted(canvas.focus[path] for path in used if path in canvas.focus)
        mixed = sorted(set(_transitions(span.picture for span in segment.spans)))
        expressions = [style.expressions.get(name) for name in mixed]
        key = key_of(
            self.reading.media,
            contents,
            canvas.size,
            canvas.fps,
            [encoding, encoding.program],
            [style.linear_light and bool(mixed), expressions],
            focus,
            captions if captions.emoji else captions.text,
        )
        return f"{key}{encoding.details.suffix}"

    def _own_headers(self) -> bytes:
        """Return the codec headers of a file that is encoded here."""
        encoding = self.spec.encoding
        name = f"headers-{key_of({}, self.canvas.size, self.canvas.fps, encoding)}.mp4"
        job = _Job(Encode((Span(0, 2, TransparentContent()),)), name, RangeCaptions(""))
        video = probe(self.store.find(name) or self._encoded(job).path).video
        return video.extradata if video is not None else b""

    def _headers(self, path: Path) -> bytes:
        """Return the codec headers of a file that looks like the reel; empty for any other."""
        info = self.reading.media[path]
        video, encoding = info.video, self.spec.encoding
        alike = (
            video is not None
            and not info.images
            and video.codec == encoding.codec
            and (video.width, video.height) == self.canvas.size
            and video.fps == self.canvas.fps
            and video.pixel_format == encoding.details.pixel_format
            and video.rotation == 0
            and video.sample_aspect == 1
        )
        return video.extradata if video is not None and alike else b""

    def _cut_points_of(self, path: Path, headers: Mapping[Path, bytes]) -> CutPoints | None:
        if not headers[path]:
            return None
        if path not in self.cut_points:
            self.cut_points[path] = read_cut_points(path, self.canvas.fps)
        return self.cut_points[path]

    def _cut_points_if_alike(self, path: Path) -> CutPoints | None:
        """Return where a file that looks like the reel can be cut, whatever its headers are."""
        return self._cut_points_of(path, {path: self._headers(path)})

    def _encoded(self, job: _Job, on_frame: Callable[[int], None] = lambda _: None) -> Copy:
        # Another thread may have encoded the same segment since.
        path = self.store.find(job.name) or self.store.make(
            job.name, self.folder, lambda part: self._encode(job, part, on_frame)
        )
        return Copy(path, 0, job.segment.frames)

    def _encode(self, job: _Job, path: Path, on_frame: Callable[[int], None]) -> None:
        segment, media = job.segment, self.reading.media
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            if not job.captions.text and can_mix(
                segment, media, self.spec, self.canvas, self._cut_points_if_alike
            ):
                # ffmpeg may conceal errors that this decoder refuses.
                with suppress(UndecodableError):
                    self._mix(segment, path, on_frame)
                    return
            encode_segment(
                segment,
                path,
                media=media,
                spec=self.spec,
                canvas=self.canvas,
                scratch=Path(scratch),
                captions=job.captions,
                fonts=self.captions.fonts if self.captions else None,
                on_frame=on_frame,
                stop=self.stop,
            )
        refuse_torn_video(path, segment.frames, path.name)

    def _mix(self, segment: Encode, path: Path, on_frame: Callable[[int], None]) -> None:
        def counted() -> Iterator[NDArray[np.uint8]]:
            for count, frame in enumerate(mix_frames(segment, self.canvas.fps), 1):
                yield frame
                on_frame(count)

        width, height = self.canvas.size
        encode_frames(
            counted(),
            path,
            width=width,
            height=height,
            fps=self.canvas.fps,
            transitions=segment.transitions,
            encoding=self.spec.encoding,
            what=segment.task,
            stop=self.stop,
        )


def _transitions(pictures: Iterable[Picture]) -> Iterator[str]:
    """Yield the names of all transitions in pictures."""
    for picture in pictures:
        if isinstance(picture, TransitionContent):
            yield picture.name
            yield from _transitions((picture.outgoing, picture.incoming))
