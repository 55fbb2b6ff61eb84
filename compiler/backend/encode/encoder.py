"""Encode raw frames: fed to ffmpeg through a pipe, and the file read back."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...media.ffmpeg import FfmpegProcess, output_args, pipe_args, process
from ...media.ffmpeg_watchdog import LOOKAHEAD_FRAMES, patience
from ...media.read_back import refuse_torn_video
from .encoder_settings import TAGS, Encoding, video_args

_FROM_RGB = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp"
_QUEUED_FRAMES = 3


def encode_frames(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int] = (),
    transitions: Sequence[range] = (),
    encoding: Encoding | None = None,
    what: str = "",
    stop: threading.Event | None = None,
) -> int:
    """Encode frames to an MP4 as they come, and read it back.

    Frames are pulled in the caller's thread and written by another, so that the next ones are made
    while the encoder works. Do not change a frame after handing it over.

    Args:
        frames: all planar YUV 4:2:0 ``(height * 3 // 2, width)`` in BT.709 limited range, or all
            RGB ``(height, width, 3)``; pulled lazily, and closed if they are a generator.
        path: of the MP4.
        width, height: in pixels, even.
        fps: frames a second.
        idr: frames at which a GOP starts; 0 always does.
        transitions: frames in transitions, in which motion is searched briefly.
        encoding: H.264 with its defaults if None.
        what: the task, for error messages; ``encoding <file>`` if empty.
        stop: stops the work when set.

    Returns:
        The number of frames written.

    Raises:
        WorkError: ffmpeg failed, or the file cannot be written.
        ValueError: there is no frame, or a frame has the wrong shape.
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
            *video_args(encoding or Encoding(), fps, idr, transitions),
        ]
        written = 0
        with (
            process(
                [*args, *output_args(path, "-f", "mp4")],
                what=what or f"encoding {path.name}",
                pipe_in=True,
                stop=stop,
                stall_s=patience(frames=LOOKAHEAD_FRAMES, pixels=width * height),
            ) as encoder,
            _feeding(encoder) as feed,
        ):
            while frame is not None:
                if frame.shape != shape or frame.dtype != np.uint8:
                    raise ValueError(f"{path}: frame {written} is {frame.dtype} {frame.shape}")
                feed(frame)
                written += 1
                frame = next(iterator, None)
        refuse_torn_video(path, written, path.name)
        return written
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


def write_slot(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int],
    transitions: Sequence[range],
    encoding: Mapping[str, Any],
) -> int:
    """Run `encode_frames` with the encoding of a recipe."""
    return encode_frames(
        frames,
        path,
        width=width,
        height=height,
        fps=fps,
        idr=idr,
        transitions=transitions,
        encoding=Encoding(**encoding),
    )


class _FrameFeed:
    """A bounded queue of frames, and the thread that writes them to the encoder."""

    def __init__(self, encoder: FfmpegProcess):
        self._encoder = encoder
        self._frames: queue.Queue[NDArray[np.uint8] | None] = queue.Queue(_QUEUED_FRAMES)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name="write-frames", daemon=True)
        self._thread.start()

    def __call__(self, frame: NDArray[np.uint8]) -> None:
        """Queue a frame; block while the queue is full.

        Raises:
            BrokenPipeError: the encoder has stopped.
        """
        self._frames.put(frame)
        self._check()

    def finish(self) -> None:
        """Wait until all frames are written. Errors as in `__call__`."""
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
                    # Drain the queue from here on, so that the caller never blocks.
                    self._error = error


@contextmanager
def _feeding(encoder: FfmpegProcess) -> Generator[_FrameFeed, None, None]:
    feed = _FrameFeed(encoder)
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
