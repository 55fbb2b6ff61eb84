"""A timeline with media into one video file: read, plan, copy or encode, join, mix, mux."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Problem, WorkError
from .audio import read_mix
from .captions.burn import Burned, burned
from .captions.cues import captions_of
from .captions.sidecars import to_vtt
from .captions.words import language_of
from .chapters import chapters_of, title_of, to_ffmetadata
from .encode import Encoding, timescale
from .ffmpeg import input_args, output_args, run
from .fit import fit_still
from .graph import encode_piece
from .join import join, places_in
from .languages import iso_639_2
from .loudness import encode_audio
from .mp4 import disable_subtitles
from .picture import Reading, read_picture, timeline_frames
from .pieces import Copy, CopyPlaces, Encode, Piece, cut_pieces
from .probe import MediaInfo, probe
from .reading import exact_rate, ours
from .segments import Clear, Span, media_of, trim
from .whole_file import whole_file

SIDE_BY_SIDE = max(1, min(4, os.cpu_count() or 1))
"""Pieces encoded at a time: a short one keeps its encoder's threads busy for moments only."""
_SIZE = (1080, 1920)
_FPS = Fraction(24)


@dataclass(frozen=True, slots=True)
class FlattenResult:
    """What was made.

    Attributes:
        frames, fps: of the reel; its length is exactly ``frames / fps``.
        copied_frames, encoded_frames: how its frames came to be.
        copied_pieces, encoded_pieces: in how many runs.
        loudness_lufs, true_peak_dbtp: as measured on the finished sound; None where it is silent.
        seconds: that the work took.
        warnings: what is shown otherwise than the timeline says, one line each.
    """

    frames: int
    fps: Fraction
    copied_frames: int
    encoded_frames: int
    copied_pieces: int
    encoded_pieces: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        return self.frames / self.fps


def flatten(
    timeline: otio.schema.Timeline | Path,
    output: Path,
    *,
    media_root: Path | None = None,
    width: int | None = None,
    height: int | None = None,
    fps: Fraction | None = None,
    encoding: Encoding | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    work_dir: Path | None = None,
    own_sound_db: float | None = None,
) -> FlattenResult:
    """Flatten a timeline to an MP4: H.264 and AAC, exactly its frames, sound in step.

    Runs of frames whose media are encoded like the reel are copied bit by bit; transitions, and
    whatever else differs, are encoded. Memory does not grow with the number of clips or the
    length of the reel.

    Args:
        timeline: any number of picture and audio tracks, or the file that holds it.
        output: written under a temporary name beside it, then renamed.
        media_root: the folder that relative media are named from: the timeline's own, else the
            current one.
        width, height: of the reel, in pixels, even. Else what the timeline's metadata say, else
            the size of its first media.
        fps: of the reel. Else what the metadata say, else the rate of the first picture clip.
        encoding: of what must be encoded; see `Encoding`.
        on_progress: called in this thread with (frames that are ready, all frames).
        work_dir: folder for what is made on the way, about the size of the reel; else beside it.
        own_sound_db: the level of picture clips' own sound, where they state none; None for none.

    Raises:
        InputError: the timeline holds what cannot be rendered, or media are missing; names all.
        WorkError: ffmpeg failed, or the file cannot be written.
    """
    started = time.monotonic()
    if isinstance(timeline, Path):
        media_root = media_root or timeline.absolute().parent
        timeline = _load(timeline)
    root = media_root or Path.cwd()
    fps = fps or _stated_fps(timeline)
    frames = timeline_frames(timeline, fps)
    if frames <= 0:
        raise InputError(f"{timeline.name or 'the timeline'}: is empty")
    reading = read_picture(timeline, root, fps)
    mix = read_mix(timeline, root, frames / fps, own_sound_db=own_sound_db)
    if mix.missing:
        raise InputError(Problem("", 0, 0, "", line) for line in mix.missing)
    size = _size(timeline, reading, width, height)
    with whole_file(output) as temporary, _scratch(work_dir or output.parent) as folder:
        captions = burned(timeline, size, fps, folder)
        work = _Work(reading, size, fps, encoding or Encoding(), captions)
        with ThreadPoolExecutor(1) as listener, work.stopped_on_error():
            sound = listener.submit(encode_audio, mix, folder / "sound.mp4", stop=work.stop)
            pieces = work.make_pieces(folder, on_progress)
            joined = join(pieces, folder / "picture.mp4", fps)
            measure = sound.result()
        if joined != frames:
            raise WorkError(f"{output.name}: {joined} frames were made of {frames}")
        chapters = chapters_of(timeline, fps, frames)
        metadata = to_ffmetadata(title_of(timeline), chapters, fps)
        (folder / "metadata.txt").write_text(metadata, encoding="utf-8")
        cues = captions_of(timeline)
        if cues:
            (folder / "captions.vtt").write_text(to_vtt(cues), encoding="utf-8")
        tags = _Tags(language_of(timeline) if cues else "", bool(cues), captions is not None)
        _mux(folder, temporary, fps, output.name, tags)
    silent = measure.silent
    return FlattenResult(
        frames=frames,
        fps=fps,
        copied_frames=work.copied_frames,
        encoded_frames=frames - work.copied_frames,
        copied_pieces=work.copied_pieces,
        encoded_pieces=len(pieces) - work.copied_pieces,
        loudness_lufs=None if silent else measure.lufs,
        true_peak_dbtp=None if silent else measure.dbtp,
        seconds=time.monotonic() - started,
        warnings=(*reading.warnings, *mix.warnings, *(captions.warnings if captions else ())),
    )


class _Work:
    """The picture's pieces: planned, then made, a few side by side."""

    def __init__(
        self,
        reading: Reading,
        size: tuple[int, int],
        fps: Fraction,
        encoding: Encoding,
        captions: Burned | None,
    ):
        self._reading, self._size, self._fps, self._encoding = reading, size, fps, encoding
        self._captions = captions
        self._media = dict(reading.media)
        self._places: dict[Path, CopyPlaces | None] = {}
        self.stop = threading.Event()
        self.copied_frames = self.copied_pieces = 0

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """End every ffmpeg of this work when anything goes wrong."""
        try:
            yield
        except BaseException:
            self.stop.set()
            raise

    def make_pieces(self, folder: Path, on_progress: Callable[[int, int], None]) -> list[Copy]:
        """Every piece of the reel as a part of a file, in order."""
        pieces = self._plan(folder)
        copies = [piece for piece in pieces if isinstance(piece, Copy)]
        self.copied_pieces = len(copies)
        self.copied_frames = sum(copy.frames for copy in copies)
        total = sum(piece.frames for piece in pieces)
        ready = {-1: self.copied_frames}

        def make(index: int, piece: Encode) -> Copy:
            def on_frame(count: int) -> None:
                ready[index] = min(count, piece.frames)

            path = folder / f"{index:06}.mp4"
            self._encode(piece, path, folder, on_frame)
            ready[index] = piece.frames
            return Copy(path, 0, piece.frames)

        self._prepare_stills(folder)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as workers, self.stopped_on_error():
            made: dict[int, Future[Copy]] = {
                index: workers.submit(make, index, piece)
                for index, piece in enumerate(pieces)
                if isinstance(piece, Encode)
            }
            try:
                self._await(made.values(), lambda: on_progress(sum(ready.values()), total))
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        return [
            piece if isinstance(piece, Copy) else made[index].result()
            for index, piece in enumerate(pieces)
        ]

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
        spans = self._reading.spans
        files = {path for span in spans for path in media_of(span.picture)}
        headers = {path: self._headers(path) for path in files}
        known = {value for value in headers.values() if value}
        if len(known) == 1:
            pieces = self._cut(lambda path: self._places_of(path, headers))
            if all(isinstance(piece, Copy) for piece in pieces):
                return pieces
        if known:
            own = folder / "headers.mp4"
            self._encode(Encode((Span(0, 2, Clear()),)), own, folder)
            video = probe(own).video
            wanted = video.extradata if video is not None else b""
            headers = {path: value if value == wanted else b"" for path, value in headers.items()}
        return self._cut(lambda path: self._places_of(path, headers))

    def _cut(self, places_of: Callable[[Path], CopyPlaces | None]) -> list[Piece]:
        """The pieces; where a caption is seen nothing is copied."""
        spans = self._reading.spans
        if self._captions is None:
            return cut_pieces(spans, self._fps, places_of)
        pieces: list[Piece] = []
        for start, end, seen in self._captions.stretches(spans[-1].end, self._fps):
            part = trim(spans, start, end, self._fps)
            pieces += cut_pieces(part, self._fps, (lambda _: None) if seen else places_of)
        return pieces

    def _headers(self, path: Path) -> bytes:
        """The codec headers of a file that looks like one of ours; none where it doesn't."""
        video = self._media[path].video
        alike = (
            video is not None
            and video.codec == "h264"
            and (video.width, video.height) == self._size
            and video.fps == self._fps
            and video.pixel_format == "yuv420p"
            and video.rotation == 0
            and video.sample_aspect == 1
        )
        return video.extradata if video is not None and alike else b""

    def _places_of(self, path: Path, headers: dict[Path, bytes]) -> CopyPlaces | None:
        if not headers[path]:
            return None
        if path not in self._places:
            self._places[path] = places_in(path, self._fps)
        return self._places[path]

    def _prepare_stills(self, folder: Path) -> None:
        """Bring every still to the reel's size, once."""
        for number, (path, info) in enumerate(self._reading.media.items()):
            if info.still:
                fitted = folder / f"still{number:06}.ppm"
                try:
                    fit_still(path, self._size, fitted)
                except (OSError, ValueError) as error:
                    what = f"cannot be read as an image: {error}"
                    raise InputError(Problem(str(path), 0, 0, "", what)) from error
                self._media[path] = MediaInfo(fitted, info.duration, info.video, None, still=True)

    def _encode(
        self,
        piece: Encode,
        path: Path,
        folder: Path,
        on_frame: Callable[[int], None] | None = None,
    ) -> None:
        encode_piece(
            piece,
            path,
            media=self._media,
            size=self._size,
            fps=self._fps,
            encoding=self._encoding,
            captions=self._captions,
            on_frame=on_frame,
            stop=self.stop,
        )


@dataclass(frozen=True, slots=True)
class _Tags:
    """What the file says of its sound and captions: their language, and whether there are any."""

    language: str
    captions: bool
    burned: bool


def _mux(folder: Path, output: Path, fps: Fraction, name: str, tags: _Tags) -> None:
    language = iso_639_2(tags.language)
    text = input_args(folder / "captions.vtt", "-f", "webvtt") if tags.captions else []
    stream = [
        *("-map", "3:s:0", "-c:s", "mov_text"),
        *("-metadata:s:s:0", f"language={language}", "-metadata:s:a:0", f"language={language}"),
    ]
    run(
        [
            *input_args(folder / "picture.mp4"),
            *input_args(folder / "sound.mp4"),
            *input_args(folder / "metadata.txt", "-f", "ffmetadata"),
            *text,
            *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_chapters", "2"),
            *("-c", "copy", "-video_track_timescale", str(timescale(fps))),
            *(stream if tags.captions else []),
            *("-movflags", "+faststart", "-fflags", "+bitexact"),
            *output_args(output, "-f", "mp4"),
        ],
        what=f"writing {name}",
    )
    if tags.burned:
        # Captions that are seen in any case are not shown once more, unless somebody asks for it.
        disable_subtitles(output)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder for parts, gone afterwards; those that killed processes left are cleared away."""
    prefix = ".flatten-"
    for old in parent.glob(f"{prefix}*"):
        owner = re.match(rf"{re.escape(prefix)}(\d+)-", old.name)
        if owner is not None and not _is_running(int(owner[1])):
            shutil.rmtree(old, ignore_errors=True)
    try:
        made = tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-", dir=parent)
    except OSError as error:
        raise WorkError(f"{parent}: cannot be written: {error.strerror or error}") from error
    with made as folder:
        yield Path(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _load(path: Path) -> otio.schema.Timeline:
    try:
        loaded = otio.adapters.read_from_file(str(path))
    except (otio.exceptions.OTIOError, OSError, ValueError) as error:
        what = f"cannot be read as a timeline: {' '.join(str(error).split())}"
        raise InputError(Problem(str(path), 0, 0, "", what)) from error
    if not isinstance(loaded, otio.schema.Timeline):
        what = f"holds a {type(loaded).__name__}, not a Timeline"
        raise InputError(Problem(str(path), 0, 0, "", what))
    return loaded


def _stated_fps(timeline: otio.schema.Timeline) -> Fraction:
    stated = ours(timeline).get("output", {}).get("fps")
    if stated:
        return Fraction(stated)
    for track in timeline.video_tracks():
        for child in track:
            if isinstance(child, otio.schema.Clip):
                return exact_rate(child.duration().rate)
    return _FPS


def _size(
    timeline: otio.schema.Timeline, reading: Reading, width: int | None, height: int | None
) -> tuple[int, int]:
    stated = ours(timeline).get("output", {})
    first = next(
        (
            info.video
            for span in reading.spans
            for path in media_of(span.picture)
            if (info := reading.media[path]).video is not None and not info.still
        ),
        None,
    )
    shown = _SIZE if first is None else tuple(round(side / 2) * 2 for side in first.display_size)
    size = (
        width or int(stated.get("width", shown[0])),
        height or int(stated.get("height", shown[1])),
    )
    if size[0] % 2 or size[1] % 2 or min(size) < 16:
        raise InputError(f"a picture of {size[0]}x{size[1]} cannot be encoded; use even numbers")
    return size
