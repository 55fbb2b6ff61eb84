"""Encoding video: the settings, and raw frames through a pipe into a file.

All files of a reel are encoded alike, so that finished ones can be copied into it bit by bit:
``stitchable`` keeps x264 from tuning its headers to the content, groups of pictures are closed, and
IDR frames stand where a copy may start or stop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .ffmpeg import Running, output_args, pipe_args, process
from .whole_file import whole_file

THREADS = 4
"""Of one encoder: x264's result depends on it, so it is the same on every machine."""
GOP_S = 2
"""Seconds between IDR frames at the most, for players that seek."""
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
"""The filter that states what the frames are; since ffmpeg 7 the encoder believes them alone."""
_FROM_RGB = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp"
_QUEUED_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """How video is encoded.

    Attributes:
        codec: ``h264``.
        preset: one of `PRESETS`, x264's.
        crf: x264's constant rate factor, 1 (nearly lossless) to 51.

    Raises:
        InputError: a value is none of these.
    """

    codec: str = "h264"
    preset: str = "veryfast"
    crf: int = 18

    def __post_init__(self) -> None:
        if self.codec != "h264":
            raise InputError(f"there is no encoder for {self.codec!r}; use h264")
        if self.preset not in PRESETS:
            raise InputError(f"{self.preset!r} is no preset of x264; use {', '.join(PRESETS)}")
        if not 1 <= self.crf <= 51:
            raise InputError(f"crf {self.crf} is not between 1 and 51")


def timescale(fps: Fraction) -> int:
    """Ticks a second of the video track, in which every frame is a whole number of ticks long.

    >>> timescale(Fraction(24)), timescale(Fraction(24000, 1001))
    (24000, 24000)
    """
    return fps.numerator * max(1, 24000 // fps.numerator)


def video_args(encoding: Encoding, fps: Fraction, idr: Sequence[int] = ()) -> list[str]:
    """ffmpeg's output arguments: H.264 High, 4:2:0, BT.709 limited range, IDR at given frames."""
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

    Frames are taken in the caller's thread and written by another, so that the next ones are made
    while the encoder works. A frame must not be changed once it is handed over.

    Args:
        frames: all planar YUV 4:2:0 ``(height * 3 // 2, width)`` in BT.709 limited range, or all
            RGB ``(height, width, 3)``; taken as they are needed, and closed where they can be.
        path: written under a temporary name in the same folder, flushed, then renamed.
        width, height: in pixels, even.
        fps: frames a second.
        idr: frames to start a group of pictures at; 0 always does.
        encoding: see `Encoding`.

    Returns:
        How many frames were written.

    Raises:
        WorkError: ffmpeg failed, or the file cannot be written.
        ValueError: there is no frame, or a frame has another shape than it should.
    """
    shapes = {(height * 3 // 2, width): "yuv420p", (height, width, 3): "rgb24"}
    iterator = iter(frames)
    try:
        frame = next(iterator, None)
        if frame is None:
            raise ValueError(f"{path}: there are no frames to write")
        pixel_format = shapes.get(frame.shape)
        if pixel_format is None:
            raise ValueError(f"{path}: a frame of shape {frame.shape} is not {width}x{height}")
        shape = frame.shape
        args = [
            *pipe_args(
                *("-f", "rawvideo", "-pix_fmt", pixel_format, "-video_size", f"{width}x{height}"),
                *("-framerate", f"{fps.numerator}/{fps.denominator}"),
            ),
            *("-vf", TAGS if pixel_format == "yuv420p" else f"{_FROM_RGB},format=yuv420p,{TAGS}"),
            *video_args(encoding or Encoding(), fps, idr),
        ]
        written = 0
        with (
            whole_file(path) as temporary,
            process(
                [*args, *output_args(temporary, "-f", "mp4")],
                what=f"encoding {path.name}",
                pipe_in=True,
            ) as encoder,
            _feeding(encoder) as feed,
        ):
            while frame is not None:
                if frame.shape != shape or frame.dtype != np.uint8:
                    raise ValueError(f"{path}: frame {written} is {frame.dtype} {frame.shape}")
                feed(frame)
                written += 1
                frame = next(iterator, None)
        return written
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


class _Feed:
    """Frames handed to a thread that writes them, a few ahead."""

    def __init__(self, encoder: Running):
        self._encoder = encoder
        self._frames: queue.Queue[NDArray[np.uint8] | None] = queue.Queue(_QUEUED_FRAMES)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name="write-frames", daemon=True)
        self._thread.start()

    def __call__(self, frame: NDArray[np.uint8]) -> None:
        """Queue a frame; waits while the queue is full.

        Raises:
            BrokenPipeError: the encoder has stopped.
        """
        self._frames.put(frame)
        self._check()

    def finish(self) -> None:
        """Wait until all frames are written. Errors as above."""
        self._frames.put(None)
        self._thread.join()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        while (frame := self._frames.get()) is not None:
            if self._error is None:
                try:
                    self._encoder.write(np.ascontiguousarray(frame).data)
                except BaseException as error:
                    # From here on frames are only taken, so that the caller is never kept waiting.
                    self._error = error


@contextmanager
def _feeding(encoder: Running) -> Generator[_Feed, None, None]:
    feed = _Feed(encoder)
    try:
        yield feed
        feed.finish()
    except BrokenPipeError:
        with suppress(BrokenPipeError):
            feed.finish()
        raise
    except BaseException:
        encoder.kill()
        with suppress(BrokenPipeError):
            feed.finish()
        raise
