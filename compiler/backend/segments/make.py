"""The picture's pieces, planned and made: copied where they lie, found, or encoded side by side."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...media.probe import probe
from ...media.read_back import refuse_torn_video
from ..captions.burn import Burned
from ..encode.encoder import encode_frames
from ..encode.graph import Appearance, encode_piece
from ..spans.content import Picture, TransitionContent, TransparentContent, media_of
from ..spans.read_spans import SpanReading
from ..spans.spans import Span, trim
from .dissolve import UndecodableError, direct_frames, is_direct
from .join import places_in
from .plan import Copy, CopyPlaces, Encode, Piece, cut_pieces
from .store import SegmentStore, key_of

SIDE_BY_SIDE = max(1, min(4, os.cpu_count() or 1))
"""Pieces encoded at a time: a short one keeps its encoder's threads busy for moments only."""


class SegmentJob:
    """One reel's picture in the making.

    Attributes:
        stop: ends every ffmpeg of it when it is set.
        copied, found, encoded: pieces that came to be so.
        copied_frames, found_frames: of them.
    """

    def __init__(
        self,
        reading: SpanReading,
        look: Appearance,
        store: SegmentStore,
        captions: Burned | None = None,
    ):
        self._reading, self._look, self._store, self._captions = reading, look, store, captions
        self._media = reading.media
        self._places: dict[Path, CopyPlaces | None] = {}
        self.stop = threading.Event()
        self.copied = self.found = self.encoded = 0
        self.copied_frames = self.found_frames = 0

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """End every ffmpeg of this work when anything goes wrong."""
        try:
            yield
        except BaseException:
            self.stop.set()
            raise

    def make_pieces(self, folder: Path, on_progress: Callable[[int, int], None]) -> list[Copy]:
        """Every piece of the reel as a part of a file, in order.

        Args:
            folder: for what is made on the way, and for pieces that are not kept.
            on_progress: called in this thread with (frames that are ready, all frames).
        """
        pieces = self._plan(folder)
        total = sum(piece.frames for piece in pieces)
        ready = {-1: 0}
        parts: dict[int, Copy] = {}
        waiting: dict[int, tuple[Encode, str, str]] = {}
        for index, piece in enumerate(pieces):
            if isinstance(piece, Copy):
                parts[index] = piece
                self.copied += 1
                self.copied_frames += piece.frames
                continue
            captions = self._captions_of(piece)
            name = self._name(piece, captions)
            kept = self._store.find(name)
            if kept is not None:
                parts[index] = Copy(kept, 0, piece.frames)
                self.found += 1
                self.found_frames += piece.frames
            else:
                waiting[index] = (piece, name, captions)
        ready[-1] = self.copied_frames + self.found_frames
        self.encoded = len(waiting)

        def make(index: int) -> Copy:
            piece, name, captions = waiting[index]

            def on_frame(count: int) -> None:
                ready[index] = min(count, piece.frames)

            path = self._store.find(name) or self._store.make(
                name, folder, lambda part: self._encode(piece, part, folder, captions, on_frame)
            )
            ready[index] = piece.frames
            return Copy(path, 0, piece.frames)

        with ThreadPoolExecutor(SIDE_BY_SIDE) as workers, self.stopped_on_error():
            made: dict[int, Future[Copy]] = {
                index: workers.submit(make, index) for index in waiting
            }
            try:
                self._await(made.values(), lambda: on_progress(sum(ready.values()), total))
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        parts |= {index: future.result() for index, future in made.items()}
        return [parts[index] for index in range(len(pieces))]

    @staticmethod
    def _await(futures: Iterable[Future[Copy]], report: Callable[[], None]) -> None:
        waiting = set(futures)
        report()
        while waiting:
            # Short waits let an interrupt through, and tell how far it is.
            done, waiting = wait(waiting, timeout=0.25, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            report()

    def _plan(self, folder: Path) -> list[Piece]:
        """Copy what shares one set of codec headers with all that stands beside it."""
        files = {path for span in self._reading.spans for path in media_of(span.picture)}
        headers = {path: self._headers(path) for path in files}
        known = {value for value in headers.values() if value}
        if len(known) == 1:
            pieces = self._cut(lambda path: self._places_of(path, headers))
            if all(isinstance(piece, Copy) for piece in pieces):
                return pieces
        if known:
            own = self._own_headers(folder)
            headers = {path: value if value == own else b"" for path, value in headers.items()}
        return self._cut(lambda path: self._places_of(path, headers))

    def _cut(self, places_of: Callable[[Path], CopyPlaces | None]) -> list[Piece]:
        """The pieces; where a caption is seen nothing is copied."""
        spans, fps = self._reading.spans, self._look.fps
        if self._captions is None:
            return cut_pieces(spans, fps, places_of)
        pieces: list[Piece] = []
        for start, end, seen in self._captions.stretches(spans[-1].end, fps):
            part = trim(spans, start, end, fps)
            pieces += cut_pieces(part, fps, (lambda _: None) if seen else places_of)
        return pieces

    def _captions_of(self, piece: Encode) -> str:
        if self._captions is None:
            return ""
        fps = self._look.fps
        return self._captions.between(piece.spans[0].start / fps, piece.spans[-1].end / fps)

    def _name(self, piece: Encode, captions: str) -> str:
        """The name of a piece's file, told by all that decides what is in it."""
        look, shown = self._look, [(span.frames, span.picture) for span in piece.spans]
        used = {path for span in piece.spans for path in media_of(span.picture)}
        focus = sorted(look.focus[path] for path in used if path in look.focus)
        mixed = sorted(set(_transitions(span.picture for span in piece.spans)))
        expressions = [look.style.expressions.get(name) for name in mixed]
        style = [look.style.linear_light and bool(mixed), expressions]
        encoding = [look.encoding, look.encoding.program]
        key = key_of(self._media, shown, look.size, look.fps, encoding, style, focus, captions)
        return f"{key}{look.encoding.kind.suffix}"

    def _own_headers(self, folder: Path) -> bytes:
        name = f"headers-{key_of({}, self._look.size, self._look.fps, self._look.encoding)}.mp4"
        piece = Encode((Span(0, 2, TransparentContent()),))
        path = self._store.find(name) or self._store.make(
            name, folder, lambda part: self._encode(piece, part, folder, "")
        )
        video = probe(path).video
        return video.extradata if video is not None else b""

    def _headers(self, path: Path) -> bytes:
        """The codec headers of a file that looks like one of ours; none where it doesn't."""
        video = self._media[path].video
        alike = (
            video is not None
            and not self._media[path].images
            and video.codec == self._look.encoding.codec
            and (video.width, video.height) == self._look.size
            and video.fps == self._look.fps
            and video.pixel_format == self._look.encoding.kind.pixel_format
            and video.rotation == 0
            and video.sample_aspect == 1
        )
        return video.extradata if video is not None and alike else b""

    def _places_of(self, path: Path, headers: dict[Path, bytes]) -> CopyPlaces | None:
        if not headers[path]:
            return None
        if path not in self._places:
            self._places[path] = places_in(path, self._look.fps)
        return self._places[path]

    def _encode(
        self,
        piece: Encode,
        path: Path,
        folder: Path,
        captions: str,
        on_frame: Callable[[int], None] | None = None,
    ) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            if not captions and is_direct(piece, self._media, self._look, self._own_places):
                # What this decoder refuses, ffmpeg may still conceal.
                with suppress(UndecodableError):
                    self._encode_directly(piece, path, on_frame)
                    return
            encode_piece(
                piece,
                path,
                media=self._media,
                look=self._look,
                scratch=Path(scratch),
                captions=captions,
                fonts=self._captions.fonts if self._captions else None,
                on_frame=on_frame,
                stop=self.stop,
            )
        refuse_torn_video(path, piece.spans[-1].end - piece.spans[0].start, path.name)

    def _encode_directly(
        self, piece: Encode, path: Path, on_frame: Callable[[int], None] | None
    ) -> None:
        def counted() -> Iterator[NDArray[np.uint8]]:
            for count, frame in enumerate(direct_frames(piece, self._look.fps), 1):
                yield frame
                if on_frame is not None:
                    on_frame(count)

        width, height = self._look.size
        encode_frames(
            counted(),
            path,
            width=width,
            height=height,
            fps=self._look.fps,
            encoding=self._look.encoding,
            what=f"encoding frames {piece.spans[0].start} to {piece.spans[-1].end}",
            stop=self.stop,
        )

    def _own_places(self, path: Path) -> CopyPlaces | None:
        """Where a file that looks like one of ours can be cut, whatever its headers are."""
        return self._places_of(path, {path: self._headers(path)})


def _transitions(pictures: Iterable[Picture]) -> Iterator[str]:
    """The names of all transitions in some pictures."""
    for picture in pictures:
        if isinstance(picture, TransitionContent):
            yield picture.name
            yield from _transitions((picture.outgoing, picture.incoming))
