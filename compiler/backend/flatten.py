"""A timeline with media into one video file: plan, copy or encode, join, mix, mux."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, WorkError
from .chapters import chapters_of, to_ffmetadata
from .encode import Encoding, timescale
from .ffmpeg import input_args, output_args, run
from .graph import encode_segment
from .join import Part, idr_frames, join
from .loudness import Measure, encode_audio
from .mix import read_mix
from .picture import Picture, read_picture, to_frames
from .probe import probe
from .segments import Layer, Segment, plan_segments

SIDE_BY_SIDE = max(1, os.cpu_count() or 1)
"""Segments encoded at a time: a short one keeps its encoder's threads busy for moments only."""


@dataclass(frozen=True, slots=True)
class FlattenResult:
    """What was made. Loudness is None where the reel is silent."""

    frames: int
    fps: Fraction
    copied_frames: int
    encoded_frames: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None


def flatten(
    timeline: otio.schema.Timeline,
    output: Path,
    *,
    media_root: Path,
    width: int,
    height: int,
    fps: Fraction,
    encoding: Encoding,
    on_progress: Callable[[int, int], None] | None = None,
) -> FlattenResult:
    """Flatten a timeline to an MP4: H.264 and AAC, exactly its frames, sound in step.

    Bodies whose media are encoded like the reel are copied; transitions, and whatever else
    differs, are encoded. Memory does not grow with the number of clips.

    Args:
        timeline: any timeline of one picture track and any number of audio tracks.
        output: written under a temporary name beside it, then renamed.
        media_root: the folder that relative media are named from.
        width, height: of the reel, in pixels.
        fps: of the reel.
        encoding: of what must be encoded.
        on_progress: called with (frames that are ready, all frames).

    Raises:
        InputError: the timeline holds what cannot be rendered, or its media are missing.
        WorkError: ffmpeg failed.
    """
    frames = to_frames(timeline.duration(), fps)
    if frames <= 0:
        raise InputError(f"{timeline.name or 'the timeline'}: is empty")
    picture = read_picture(timeline, media_root, fps)
    mix = read_mix(timeline, media_root, frames / fps)
    segments = list(plan_segments(picture.items, picture.blends, fps))
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        with tempfile.TemporaryDirectory(prefix=".flatten-", dir=output.parent) as scratch:
            work = Path(scratch)
            with ThreadPoolExecutor(1) as listener:
                sound = listener.submit(encode_audio, mix, work / "sound.mp4")
                parts, copied = _make_parts(
                    segments, picture, work, (width, height), fps, encoding, on_progress
                )
                joined = join(parts, work / "picture.mp4", fps)
                measure = sound.result()
            if joined != frames:
                raise WorkError(f"{output.name}: {joined} frames were made of {frames}")
            chapters = chapters_of(timeline, fps, frames)
            (work / "metadata.txt").write_text(
                to_ffmetadata(str(timeline.name), chapters, fps), encoding="utf-8"
            )
            _mux(work, temporary, fps, output.name)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(output)
    except OSError as error:
        raise WorkError(f"{output}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return _result(frames, fps, copied, measure)


def _result(frames: int, fps: Fraction, copied: int, measure: Measure) -> FlattenResult:
    silent = measure.silent
    return FlattenResult(
        frames=frames,
        fps=fps,
        copied_frames=copied,
        encoded_frames=frames - copied,
        loudness_lufs=None if silent else measure.lufs,
        true_peak_dbtp=None if silent else measure.dbtp,
    )


def _make_parts(
    segments: list[Segment],
    picture: Picture,
    work: Path,
    size: tuple[int, int],
    fps: Fraction,
    encoding: Encoding,
    on_progress: Callable[[int, int], None] | None,
) -> tuple[list[Part], int]:
    """A file and a range in it for every segment, and how many frames of them are copies.

    What is encoded first decides the headers that a copy must share.
    """
    total = sum(segment.frames for segment in segments)
    copies = _Copies(picture, size, fps)
    wanted = [copies.part_of(segment) for segment in segments]
    to_encode = [index for index, part in enumerate(wanted) if part is None]
    reference = work / "headers.mp4"
    encode_segment(
        Segment(0, 2, (Layer("black"),)), reference, width=size[0], height=size[1], fps=fps,
        encoding=encoding,
    )  # fmt: skip
    headers = _headers(reference)
    for index, part in enumerate(wanted):
        if part is not None and _headers(part.path) != headers:
            wanted[index] = None
            to_encode.append(index)
    ready = sum(part.frames for part in wanted if part is not None)
    copied = ready

    def encode(index: int) -> Part:
        path = work / f"{index:06}.mp4"
        segment = segments[index]
        encode_segment(segment, path, width=size[0], height=size[1], fps=fps, encoding=encoding)
        return Part(path, 0, segment.frames)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as workers:
        if on_progress is not None:
            on_progress(ready, total)
        order = sorted(to_encode)
        futures = [workers.submit(encode, index) for index in order]
        try:
            for index, future in zip(order, futures, strict=True):
                wanted[index] = future.result()
                ready += segments[index].frames
                if on_progress is not None:
                    on_progress(ready, total)
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    return [part for part in wanted if part is not None], copied


class _Copies:
    """Which segments can be taken from their media as they are."""

    def __init__(self, picture: Picture, size: tuple[int, int], fps: Fraction):
        self._picture, self._size, self._fps = picture, size, fps
        self._idr: dict[Path, frozenset[int]] = {}

    def part_of(self, segment: Segment) -> Part | None:
        """The part of a finished file that is this segment, or None where it must be encoded."""
        layer = segment.layers[0]
        if len(segment.layers) != 1 or layer.kind != "video" or layer.path is None:
            return None
        video = self._picture.media[layer.path].video
        first = layer.start * self._fps
        if (
            video is None
            or video.codec != "h264"
            or (video.width, video.height) != self._size
            or video.fps != self._fps
            or video.pixel_format != "yuv420p"
            or first.denominator != 1
        ):
            return None
        if layer.path not in self._idr:
            self._idr[layer.path] = idr_frames(layer.path, self._fps)
        places = self._idr[layer.path]
        start = int(first)
        if start in places and start + segment.frames in places:
            return Part(layer.path, start, segment.frames)
        return None


def _headers(path: Path) -> bytes:
    """The codec headers of a file: files that share them can stand in one stream."""
    video = probe(path).video
    return video.extradata if video is not None else b""


def _mux(work: Path, output: Path, fps: Fraction, name: str) -> None:
    run(
        [
            *input_args(work / "picture.mp4"),
            *input_args(work / "sound.mp4"),
            *input_args(work / "metadata.txt", "-f", "ffmetadata"),
            *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_chapters", "2"),
            *("-c", "copy", "-video_track_timescale", str(timescale(fps))),
            *("-movflags", "+faststart", "-fflags", "+bitexact"),
            *output_args(output, "-f", "mp4"),
        ],
        what=f"writing {name}",
    )
