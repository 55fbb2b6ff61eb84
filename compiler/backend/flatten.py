"""Flatten a timeline to a video file: read, copy or encode segments, join, mix, mux, sign."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import WorkError
from ..files.atomic_output import atomic_output, scratch
from ..media.find_ffmpeg import ffmpeg_path
from ..media.read_back import refuse_torn_preview, refuse_torn_sound, refuse_torn_video
from ..notices import Notice
from ..timeline.cover import cover_of
from ..timeline.media_timecode import count_from_timecode
from ..timeline.properties import rate_and_frames, refuse_empty, size_of
from ..timeline.timecode import timecode_of
from .audio.cached_audio import cached_audio
from .audio.loudness import target_of
from .audio.read_mix import read_mix
from .captions.burn import prepare_captions
from .captions.cues import captions_of
from .captions.sidecars import to_vtt
from .captions.words import language_of
from .encode.reframe import focus_points
from .encode.scale_crop import Canvas
from .encode.transitions import transition_names
from .mux.chapters import chapters_of, disclosure_of, title_of, to_ffmetadata
from .mux.cover import cover_path, encode_cover, write_cover
from .mux.mux import CaptionTrack, MuxInputs, mux
from .mux.preview import write_preview
from .mux.size_limit import encode_to_size, refuse_too_small
from .output_spec import OutputSpec, Signer, refuse_size
from .segments.join import join
from .segments.make import SegmentStats, make_segments
from .segments.parallel import stopped_on_error
from .segments.store import SegmentStore
from .spans.fetch import fetch_all
from .spans.media import unique
from .spans.read_spans import SpanReading, read_spans

_SOUND_SLACK_S = Fraction(1, 20)
_POSTERS = 10
"""Posters that fit into a size limit, at least, for a file to have one."""


@dataclass(frozen=True, slots=True)
class FlattenResult:
    """A flattened file.

    Attributes:
        width, height: in pixels.
        frames, fps: of the picture; the file lasts exactly ``frames / fps`` seconds.
        segments: how its segments were made.
        loudness_lufs, true_peak_dbtp: measured on the encoded sound; None if it is silent.
        cover: the picture beside the file; None if the timeline asks for none.
        warnings: differences from the timeline.
        missing: media replaced by a slate or silence, one line each.
    """

    width: int
    height: int
    frames: int
    fps: Fraction
    segments: SegmentStats
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    cover: Path | None = None
    warnings: tuple[Notice, ...] = ()
    missing: tuple[str, ...] = ()


def flatten(
    timeline: otio.schema.Timeline,
    output: Path,
    spec: OutputSpec | None = None,
    *,
    media_root: Path | None = None,
    size: tuple[int, int] | None = None,
    segments: Path | None = None,
    signer: Signer | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    before_rename: Callable[[Path, Path], None] = lambda _path, _temporary: None,
) -> FlattenResult:
    """Flatten a timeline to one file of exactly its frames, sound in sync.

    Segments of media that are encoded like the reel are copied bit by bit; transitions and all
    others are encoded. Memory does not grow with the number of clips or the length of the reel.

    Args:
        timeline: any number of picture and audio tracks.
        output: the file, written atomically.
        spec: kind of file; H.264 and AAC in an MP4 if None. Its ``sizes`` are ignored.
        media_root: the folder that relative media paths start in; the current one if None.
        size: width and height in pixels, even; the timeline's if None.
        segments: folder that keeps encoded segments for the next run; None keeps nothing.
        signer: signs the finished file; None leaves it unsigned.
        on_progress: called in this thread with (finished frames, all frames).
        before_rename: called with a file's name, ``output`` or that of its cover, and its finished
            temporary file, just before the file gets that name.

    Raises:
        InputError: the timeline is empty, or cannot be encoded as requested.
        WorkError: ffmpeg failed, or the file cannot be written.
    """
    spec = spec or OutputSpec()
    root = media_root or Path.cwd()
    fps, frames = _frames_of(timeline)
    store, stop = SegmentStore(segments), threading.Event()
    reserved = _manifest_bytes(spec, signer)
    with atomic_output(output) as temporary, scratch(output.parent) as folder:
        remote = fetch_all(timeline, store, folder) if spec.allow_network else {}
        timeline = timeline.deepcopy()
        count_from_timecode(timeline, root, remote)
        names = transition_names(ffmpeg_path()) | set(spec.transitions.expressions)
        reading = read_spans(timeline, root, fps, remote=remote, transitions=names)
        mix = read_mix(
            timeline, root, frames / fps, remote=remote, clip_sound_db=spec.clip_sound_db
        )
        canvas = _canvas(size or size_of(timeline, root, remote), fps, reading, spec)
        captions = prepare_captions(timeline, canvas.size, fps, folder)
        with ThreadPoolExecutor(1) as executor, stopped_on_error(stop):
            audio = executor.submit(cached_audio, mix, target_of(timeline), store, folder, stop)
            if spec.max_bytes is not None:
                sound_bytes = audio.result()[0].stat().st_size
                refuse_too_small(spec.max_bytes, sound_bytes + reserved, frames / fps, output.name)
            parts, stats = make_segments(
                *(reading, spec, canvas, captions, store, folder),
                on_progress=on_progress,
                stop=stop,
            )
            picture = folder / f"picture{spec.encoding.details.suffix}"
            joined = join(parts, picture, fps)
            sound, measure = audio.result()
        if joined != frames:
            raise WorkError(f"{output.name}: {joined} of {frames} frames were joined")
        inputs = MuxInputs(
            picture,
            sound,
            _write_metadata(timeline, fps, frames, folder),
            timecode_of(timeline, fps),
            fps,
            frames,
            _caption_track(timeline, folder, enabled=captions is None),
        )
        cover = _cover(timeline, inputs, folder)
        if cover is not None and _has_room(spec, cover):
            inputs = replace(inputs, cover=cover)
        if spec.max_bytes is not None and spec.preview is None:
            limit = spec.max_bytes - reserved
            small = encode_to_size(inputs, spec.encoding, limit, folder, output.name)
            inputs = replace(inputs, picture=small)
        _write_file(inputs, spec, signer, temporary, folder, output.name)
        if cover is not None:
            beside = cover_path(output)
            with atomic_output(beside) as made:
                write_cover(cover.read_bytes(), beside, made)
                before_rename(beside, made)
        before_rename(output, temporary)
    store.evict()
    of_cover = _cover_warnings(timeline, fps, frames)
    of_captions = captions.warnings if captions is not None else ()
    warnings = (*store.warnings, *reading.warnings, *mix.warnings, *of_captions, *of_cover)
    return FlattenResult(
        width=canvas.size[0],
        height=canvas.size[1],
        frames=frames,
        fps=fps,
        segments=stats,
        loudness_lufs=None if measure.silent else measure.lufs,
        true_peak_dbtp=None if measure.silent else measure.dbtp,
        cover=None if cover is None else cover_path(output),
        warnings=unique(warnings),
        missing=unique((*reading.missing, *mix.missing)),
    )


def refuse_size_limit(
    timeline: otio.schema.Timeline,
    output: Path,
    spec: OutputSpec,
    *,
    media_root: Path,
    segments: Path | None = None,
    signer: Signer | None = None,
) -> list[Notice]:
    """Reject a size limit that a reel cannot keep, before its pictures are rendered.

    Arguments as in `flatten`, which reuses the sound that is encoded for this.

    Returns:
        Warnings about damage of the kept sound.

    Raises:
        InputError: the sound and the least picture exceed the limit.
        WorkError: the sound cannot be encoded.
    """
    if spec.max_bytes is None:
        return []
    fps, frames = _frames_of(timeline)
    mix = read_mix(timeline, media_root, frames / fps, clip_sound_db=spec.clip_sound_db)
    with scratch(output.parent) as folder:
        store = SegmentStore(segments)
        path, _ = cached_audio(mix, target_of(timeline), store, folder, threading.Event())
        sound_bytes = path.stat().st_size + _manifest_bytes(spec, signer)
        refuse_too_small(spec.max_bytes, sound_bytes, frames / fps, output.name)
    return store.warnings


def _frames_of(timeline: otio.schema.Timeline) -> tuple[Fraction, int]:
    fps, frames = rate_and_frames(timeline)
    refuse_empty(timeline, frames)
    return fps, frames


def _manifest_bytes(spec: OutputSpec, signer: Signer | None) -> int:
    """Return the share of a size limit that the signature takes; 0 without a limit."""
    return 0 if spec.max_bytes is None or signer is None else signer.manifest_bytes()


def _canvas(size: tuple[int, int], fps: Fraction, reading: SpanReading, spec: OutputSpec) -> Canvas:
    refuse_size(size)
    focus = focus_points(reading, size, fps, spec.salience) if spec.salience else {}
    return Canvas(size, fps, focus)


def _write_metadata(
    timeline: otio.schema.Timeline, fps: Fraction, frames: int, folder: Path
) -> Path:
    """Write title, chapters and the AI disclosure as FFMETADATA1."""
    chapters = chapters_of(timeline, fps, frames)
    text = to_ffmetadata(title_of(timeline), chapters, fps, disclosure_of(timeline))
    path = folder / "metadata.txt"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _cover(timeline: otio.schema.Timeline, inputs: MuxInputs, folder: Path) -> Path | None:
    """Write the cover of a reel as a JPEG, if its timeline asks for one."""
    frame = cover_of(timeline, inputs.fps)
    if frame is None:
        return None
    path = folder / "cover.jpg"
    last = inputs.frames - 1
    path.write_bytes(encode_cover(inputs.picture, min(frame, last), inputs.fps, folder))
    return path


def _cover_warnings(timeline: otio.schema.Timeline, fps: Fraction, frames: int) -> Iterator[Notice]:
    frame = cover_of(timeline, fps)
    if frame is not None and frame >= frames:
        what = f"the cover, frame {frame}, is past the end of the reel; its last frame is taken"
        yield Notice("cover", what)


def _has_room(spec: OutputSpec, cover: Path) -> bool:
    """Whether a size limit leaves room for a poster."""
    return spec.max_bytes is None or cover.stat().st_size * _POSTERS <= spec.max_bytes


def _caption_track(
    timeline: otio.schema.Timeline, folder: Path, *, enabled: bool
) -> CaptionTrack | None:
    cues = captions_of(timeline)
    if not cues:
        return None
    path = folder / "captions.vtt"
    path.write_text(to_vtt(cues), encoding="utf-8", newline="\n")
    return CaptionTrack(path, language_of(timeline), enabled)


def _write_file(
    inputs: MuxInputs,
    spec: OutputSpec,
    signer: Signer | None,
    path: Path,
    folder: Path,
    name: str,
) -> None:
    """Write the finished file, sign it, and read it back."""
    unsigned = path if signer is None else folder / f"unsigned{spec.suffix}"
    if spec.preview is not None:
        write_preview(inputs.picture, spec.preview, unsigned, folder, name)
    else:
        mux(inputs, unsigned, spec.encoding.details, name)
    if signer is not None:
        signer.sign(unsigned, path)
    if spec.preview is not None:
        refuse_torn_preview(path, name)
    else:
        refuse_torn_video(path, inputs.frames, name)
        refuse_torn_sound(path, inputs.frames / inputs.fps - _SOUND_SLACK_S, name)
