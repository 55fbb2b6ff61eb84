"""A timeline with media into one video file: read, plan, copy or encode, join, mix, mux."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, WorkError
from ..files.atomic_output import scratch, whole_file
from ..media.find_ffmpeg import ffmpeg_path
from ..media.read_back import refuse_torn_preview, refuse_torn_sound, refuse_torn_video
from ..media.samples import SAMPLE_RATE
from ..notices import Notice
from ..timeline.properties import frames_of, rate_and_frames, size_of
from ..timeline.timecode import timecode_of
from .audio.loudness import Measure, encode_audio, target_of
from .audio.mix import Mix
from .audio.read_mix import read_mix
from .captions.burn import burned
from .captions.cues import captions_of
from .captions.sidecars import to_vtt
from .captions.words import language_of
from .encode.encoder import Encoding
from .encode.graph import Appearance
from .encode.reframe import Salience, focus_of
from .encode.transitions import TransitionStyle, transition_names
from .mux.chapters import chapters_of, disclosure_of, title_of, to_ffmetadata
from .mux.mux import (
    CaptionTrack,
    MuxInputs,
    Preview,
    mux,
    refuse_too_small,
    squeezed,
    write_preview,
)
from .segments.join import join
from .segments.make import SegmentJob
from .segments.store import SegmentStore, key_of
from .spans.fetch import fetch_all
from .spans.media import lines_of
from .spans.read_spans import read_picture

_SOUND_SLACK_S = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class OutputFile:
    """What kind of file is made.

    Attributes:
        encoding: of what must be encoded.
        preview: in place of a video.
        most_bytes: that the file may have; None for as many as its quality takes.
        salience: tells what stands out in a picture, to lay the frame around it where it is cut
            off to fill the frame; None for its centre.
        sign: writes a signed copy of the finished file, given it and the copy's path; None leaves
            it unsigned.
        manifest_bytes: that signing adds.
    """

    encoding: Encoding = field(default_factory=Encoding)
    preview: Preview | None = None
    most_bytes: int | None = None
    salience: Salience | None = None
    sign: Callable[[Path, Path], None] | None = None
    manifest_bytes: int = 0

    @property
    def suffix(self) -> str:
        """Of the file's name."""
        return f".{self.preview.kind}" if self.preview else self.encoding.kind.suffix


@dataclass(frozen=True, slots=True)
class FlattenResult:
    """What was made.

    Attributes:
        width, height: in pixels, of the reel.
        frames, fps: of the reel; its length is exactly ``frames / fps``.
        copied_frames, found_frames, encoded_frames: how its frames came to be: taken from media,
            taken from what an earlier run had encoded, or encoded.
        copied_pieces, found_pieces, encoded_pieces: in how many runs.
        loudness_lufs, true_peak_dbtp: as measured on the finished sound; None where it is silent.
        seconds: that the work took.
        warnings: what is shown otherwise than the timeline says, one line each.
        missing: media that a slate or silence stands in for, one line each.
    """

    width: int
    height: int
    frames: int
    fps: Fraction
    copied_frames: int
    found_frames: int
    encoded_frames: int
    copied_pieces: int
    found_pieces: int
    encoded_pieces: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    seconds: float
    warnings: tuple[Notice, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        return self.frames / self.fps


def flatten(
    timeline: otio.schema.Timeline,
    output: Path,
    *,
    media_root: Path | None = None,
    width: int | None = None,
    height: int | None = None,
    fps: Fraction | None = None,
    encoding: Encoding | None = None,
    made: OutputFile | None = None,
    style: TransitionStyle | None = None,
    segments: Path | None = None,
    allow_network: bool = False,
    own_sound_db: float | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    work_dir: Path | None = None,
    before_rename: Callable[[Path], None] | None = None,
) -> FlattenResult:
    """Flatten a timeline to one file: exactly its frames, sound in step.

    Runs of frames whose media are encoded like the reel are copied bit by bit; transitions, and
    whatever else differs, are encoded. Memory does not grow with the number of clips or the
    length of the reel.

    Args:
        timeline: any number of picture and audio tracks.
        output: written atomically.
        media_root: the folder that relative media are named from; the current one where it is not
            given.
        width, height: of the reel, in pixels, even. Else what the timeline's metadata say, else
            the size of its first media.
        fps: of the reel. Else what the metadata say, else the rate that the timeline is cut at:
            the start time's or the most frequent one, which holds its length in whole frames.
        encoding: of what must be encoded, where ``made`` is not given.
        made: what kind of file; H.264 and AAC in an MP4 where nothing is said.
        style: how transitions mix pictures, and the ones that ffmpeg does not have.
        segments: a folder that keeps what was encoded for the next run; None keeps nothing.
        allow_network: whether media that are named by ``http`` and ``https`` are fetched.
        own_sound_db: the level of picture clips' own sound, where their metadata state none; None
            leaves it out.
        on_progress: called in this thread with (frames that are ready, all frames).
        work_dir: folder for what is made on the way, about the size of the reel; else beside it.
        before_rename: called with the finished temporary file, just before it becomes ``output``.

    Raises:
        InputError: the timeline is empty, or cannot be encoded as it is asked.
        WorkError: ffmpeg failed, or the file cannot be written.
    """
    started = time.monotonic()
    made = made or OutputFile(encoding or Encoding())
    style = style or TransitionStyle()
    root = media_root or Path.cwd()
    fps, frames = _frames_of(timeline, fps)
    store = SegmentStore(segments)
    with whole_file(output) as temporary, scratch(work_dir or output.parent) as folder:
        remote = fetch_all(timeline, store, folder) if allow_network else {}
        names = transition_names(ffmpeg_path()) | set(style.expressions)
        reading = read_picture(timeline, root, fps, remote=remote, transitions=names)
        mix = read_mix(timeline, root, frames / fps, remote=remote, own_sound_db=own_sound_db)
        size = _checked_size(size_of(timeline, root, remote), width, height)
        focus = focus_of(reading, size, fps, made.salience) if made.salience else {}
        look = Appearance(size, fps, made.encoding, style, focus)
        captions = burned(timeline, size, fps, folder)
        work = SegmentJob(reading, look, store, captions)
        with ThreadPoolExecutor(1) as listener, work.stopped_on_error():
            sound = listener.submit(_sound, mix, target_of(timeline), store, folder, work.stop)
            if made.most_bytes is not None:
                sound_bytes = sound.result()[0].stat().st_size + made.manifest_bytes
                refuse_too_small(made.most_bytes, sound_bytes, frames / fps, output.name)
            pieces = work.make_pieces(folder, on_progress)
            picture = folder / f"picture{made.encoding.kind.suffix}"
            joined = join(pieces, picture, fps)
            sound_path, measure = sound.result()
        if joined != frames:
            raise WorkError(f"{output.name}: {joined} frames were made of {frames}")
        metadata = folder / "metadata.txt"
        chapters = chapters_of(timeline, fps, frames)
        tags = to_ffmetadata(title_of(timeline), chapters, fps, disclosure_of(timeline))
        metadata.write_text(tags, encoding="utf-8", newline="\n")
        text = _text(timeline, folder, captions is not None)
        timecode = timecode_of(timeline, fps)
        parts = MuxInputs(picture, sound_path, metadata, timecode, fps, frames, text)
        _write(parts, made, temporary, folder, output.name)
        if before_rename is not None:
            before_rename(temporary)
    store.tidy()
    silent = measure.silent
    return FlattenResult(
        width=size[0],
        height=size[1],
        frames=frames,
        fps=fps,
        copied_frames=work.copied_frames,
        found_frames=work.found_frames,
        encoded_frames=frames - work.copied_frames - work.found_frames,
        copied_pieces=work.copied,
        found_pieces=work.found,
        encoded_pieces=work.encoded,
        loudness_lufs=None if silent else measure.lufs,
        true_peak_dbtp=None if silent else measure.dbtp,
        seconds=time.monotonic() - started,
        warnings=lines_of(
            (
                *(
                    Notice("damaged", f"{path.name} was damaged and is made again")
                    for path in store.damaged
                ),
                *reading.warnings,
                *mix.warnings,
                *(captions.warnings if captions else ()),
            )
        ),
        missing=lines_of((*reading.missing, *mix.missing)),
    )


def refuse_unfitting(
    timeline: otio.schema.Timeline,
    output: Path,
    most_bytes: int,
    *,
    media_root: Path,
    segments: Path | None = None,
    manifest_bytes: int = 0,
) -> None:
    """Before pictures are rendered, see that a reel can be brought under a size.

    Args:
        timeline, output, media_root, segments: as `flatten` will have them; the sound is kept in
            ``segments``, and not made again.
        most_bytes: that the file may have.
        manifest_bytes: of them, that signing adds.

    Raises:
        InputError: the sound alone, with the least of a picture, takes more.
        WorkError: the sound cannot be made.
    """
    fps, frames = _frames_of(timeline, None)
    mix = read_mix(timeline, media_root, frames / fps)
    with scratch(output.parent) as folder:
        store = SegmentStore(segments)
        path, _ = _sound(mix, target_of(timeline), store, folder, threading.Event())
        sound_bytes = path.stat().st_size + manifest_bytes
        refuse_too_small(most_bytes, sound_bytes, frames / fps, output.name)


def _text(timeline: otio.schema.Timeline, folder: Path, is_burned: bool) -> CaptionTrack | None:
    """The captions as a file that becomes a track of the video; None where there are none."""
    cues = captions_of(timeline)
    if not cues:
        return None
    path = folder / "captions.vtt"
    path.write_text(to_vtt(cues), encoding="utf-8", newline="\n")
    return CaptionTrack(path, language_of(timeline), shown=not is_burned)


def _write(parts: MuxInputs, made: OutputFile, path: Path, folder: Path, name: str) -> None:
    """Write the finished file, signed where that is asked for, and read it back."""
    finished = path if made.sign is None else folder / f"unsigned{made.suffix}"
    if made.preview is not None:
        write_preview(parts.picture, made.preview, finished, folder, name)
    else:
        if made.most_bytes is not None:
            most_bytes = made.most_bytes - made.manifest_bytes
            small = squeezed(parts, made.encoding, most_bytes, folder, name)
            parts = replace(parts, picture=small)
        mux(parts, finished, made.encoding.kind, name)
    if made.sign is not None:
        made.sign(finished, path)
    if made.preview is not None:
        refuse_torn_preview(path, name)
    else:
        refuse_torn_video(path, parts.frames, name)
        refuse_torn_sound(path, parts.frames / parts.fps - _SOUND_SLACK_S, name)


def _frames_of(timeline: otio.schema.Timeline, fps: Fraction | None) -> tuple[Fraction, int]:
    """The rate of the reel, as wanted or as the timeline states it, and its frames."""
    rate, frames = rate_and_frames(timeline)
    if fps is not None and fps != rate:
        rate, frames = fps, frames_of(timeline, fps)
    if not frames:
        raise InputError(f"{str(timeline.name) or 'the timeline'}: is empty")
    return rate, frames


def _sound(
    mix: Mix, target: float, store: SegmentStore, folder: Path, stop: threading.Event
) -> tuple[Path, Measure]:
    """The finished sound and what it measures; found where the same mix was made before."""
    name = f"sound-{key_of({}, mix, target)}"
    path = store.find(f"{name}.mp4")
    told = store.find(f"{name}.json")
    if path is not None and told is not None:
        with suppress(OSError, ValueError, TypeError):
            lufs, dbtp = json.loads(told.read_text("utf-8"))
            return path, Measure(float(lufs), float(dbtp))
    measures: list[Measure] = []

    def write(part: Path) -> None:
        measures.append(encode_audio(mix, part, target, stop=stop))
        refuse_torn_sound(part, Fraction(mix.samples, SAMPLE_RATE), part.name)

    path = store.make(f"{name}.mp4", folder, write)
    (measure,) = measures
    measured = json.dumps([str(measure.lufs), str(measure.dbtp)])
    store.make(f"{name}.json", folder, lambda part: part.write_bytes(measured.encode()))
    return path, measure


def _checked_size(
    stated: tuple[int, int], width: int | None, height: int | None
) -> tuple[int, int]:
    size = (width or stated[0], height or stated[1])
    if size[0] % 2 or size[1] % 2 or min(size) < 16:
        raise InputError(f"a picture of {size[0]}x{size[1]} cannot be encoded; use even numbers")
    return size
