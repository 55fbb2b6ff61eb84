"""Encoding video: the settings, and raw frames through a pipe into a file.

All files of a reel are encoded alike, so that finished ones can be copied into it bit by bit:
``stitchable`` keeps x264 from tuning its headers to the content, groups of pictures are closed, and
IDR frames stand where a copy may start or stop.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import WorkError
from .ffmpeg import output_args, process

THREADS = 4
"""Of one encoder: x264's result depends on it, so it is the same on every machine."""
GOP_S = 2
"""Seconds between IDR frames at the most, for players that seek."""
_QUEUED_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """How video is encoded: codec, x264 preset, constant rate factor (0 lossless .. 51)."""

    codec: str = "h264"
    preset: str = "veryfast"
    crf: int = 18


def timescale(fps: Fraction) -> int:
    """Ticks a second of the video track, in which every frame is a whole number of ticks long.

    >>> timescale(Fraction(24)), timescale(Fraction(24000, 1001))
    (24000, 24000)
    """
    return fps.numerator * max(1, 24000 // fps.numerator)


def video_args(encoding: Encoding, fps: Fraction, idr: Sequence[int]) -> list[str]:
    """ffmpeg's output arguments: H.264 High, 4:2:0, BT.709 limited range, IDR at given frames.

    Raises:
        WorkError: the codec is none that this backend encodes.
    """
    if encoding.codec != "h264":
        raise WorkError(f"there is no encoder for {encoding.codec!r}; use h264")
    # x264 must be told the colours too: since ffmpeg 7 the frames decide, not these options.
    x264 = (
        "stitchable=1:open-gop=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:"
        f"range=tv:sar=1/1:keyint={max(2, round(GOP_S * fps))}:min-keyint=1"
    )
    forced = "+".join(f"eq(n,{frame})" for frame in sorted({0, *idr}))
    return [
        *("-c:v", "libx264", "-preset", encoding.preset, "-crf", str(encoding.crf)),
        *("-profile:v", "high", "-pix_fmt", "yuv420p", "-threads", str(THREADS)),
        *("-x264-params", x264, "-forced-idr", "1", "-force_key_frames", f"expr:{forced}"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
        *("-color_range", "tv", "-video_track_timescale", str(timescale(fps))),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"),
    ]


def write_clip(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int] = (),
    encoding: Encoding | None = None,
) -> int:
    """Encode frames to an MP4, whole or not at all.

    Args:
        frames: all planar YUV 4:2:0 ``(height * 3 // 2, width)`` in BT.709 limited range, or all
            RGB ``(height, width, 3)``; taken as they are needed.
        path: written under a temporary name in the same folder, flushed, then renamed.
        width, height: in pixels, even.
        fps: frames a second.
        idr: frames to start a group of pictures at; 0 always does.
        encoding: see `Encoding`.

    Returns:
        How many frames were written.

    Raises:
        WorkError: ffmpeg failed.
        ValueError: a frame has another shape than the first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise ValueError(f"{path}: there are no frames to write")
    shapes = {(height * 3 // 2, width): "yuv420p", (height, width, 3): "rgb24"}
    if first.shape not in shapes:
        raise ValueError(f"{path}: a frame of shape {first.shape} is not {width}x{height}")
    pixel_format = shapes[first.shape]
    args = [
        *("-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{width}x{height}"),
        *("-color_range", "tv" if pixel_format == "yuv420p" else "pc"),
        *("-r", f"{fps.numerator}/{fps.denominator}", "-i", "pipe:0"),
    ]
    if pixel_format == "rgb24":
        args += ["-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd"]
    args += video_args(encoding or Encoding(), fps, idr)
    try:
        with process(
            [*args, *output_args(temporary, "-f", "mp4")],
            what=f"encoding {path.name}",
            pipe_in=True,
        ) as encoder:
            written = 0
            for frame in _ahead(_chain(first, iterator)):
                if frame.shape != first.shape:
                    raise ValueError(f"{path}: frame {written} has shape {frame.shape}")
                encoder.write(np.ascontiguousarray(frame).data)
                written += 1
        _flush_to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _chain(
    first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]]
) -> Iterator[NDArray[np.uint8]]:
    yield first
    yield from rest


def _ahead(frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The frames, made by a thread while the ones before are written."""
    ready: queue.Queue[NDArray[np.uint8] | BaseException | None] = queue.Queue(_QUEUED_FRAMES)
    stop = threading.Event()

    def put(item: NDArray[np.uint8] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for frame in frames:
                if not put(frame):
                    return
            put(None)
        except BaseException as error:
            put(error)

    maker = threading.Thread(target=make, daemon=True)
    maker.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        maker.join()


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
