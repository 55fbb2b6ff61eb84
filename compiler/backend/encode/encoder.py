"""Encoding video: the settings, and raw frames through a pipe into a file.

All files of a reel are encoded alike, so that finished ones can be copied into it bit by bit:
``stitchable`` keeps x264 from tuning its headers to the content, groups of pictures are closed, and
IDR frames stand where a copy may start or stop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...files.atomic_output import whole_file
from ...media.ffmpeg import Running, output_args, pipe_args, process
from ...media.ffmpeg_watchdog import LOOKAHEAD_FRAMES, patience
from ...media.read_back import refuse_torn_video
from .codecs import (
    CODECS,
    Codec,
    encoder_args,
    forced_keys,
    software_encoder,
    upload_filter,
)

TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
"""The filter that states what the frames are; since ffmpeg 7 the encoder believes them alone."""
_FROM_RGB = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp"
_QUEUED_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """How video is encoded.

    Attributes:
        codec: one of `CODECS`.
        preset: a speed of its encoder (of ProRes: a profile); empty for the usual one.
        crf: constant quality, lower is better; None for the usual one.
        encoder: ffmpeg's name of the encoder; empty for the one that needs no hardware.

    Raises:
        InputError: a value is none of these, or this ffmpeg cannot encode the codec.
    """

    codec: str = "h264"
    preset: str = ""
    crf: int | None = None
    encoder: str = ""

    def __post_init__(self) -> None:
        kind = CODECS.get(self.codec)
        if kind is None:
            raise InputError(f"there is no encoder for {self.codec!r}; use {', '.join(CODECS)}")
        if self.preset and self.preset not in kind.presets:
            known = ", ".join(kind.presets)
            raise InputError(f"{self.preset!r} is no preset of {self.codec}; use {known}")
        if self.crf is not None and kind.crf is None:
            raise InputError(f"{self.codec} takes no crf; choose a preset: "
                             f"{', '.join(kind.presets)}")  # fmt: skip
        if self.crf is not None and kind.crf and not kind.crf[0] <= self.crf <= kind.crf[2]:
            low, _, high = kind.crf
            raise InputError(f"crf {self.crf} of {self.codec} is not between {low} and {high}")

    @property
    def kind(self) -> Codec:
        """What there is to know of the codec."""
        return CODECS[self.codec]

    @property
    def program(self) -> str:
        """ffmpeg's name of the encoder.

        Raises:
            InputError: this ffmpeg has none.
        """
        name = self.encoder or software_encoder(self.codec)
        if not name:
            raise InputError(f"this ffmpeg cannot encode {self.codec}; without an ffmpeg on the "
                             "PATH the one of imageio-ffmpeg is used, which can")  # fmt: skip
        return name

    @property
    def quality(self) -> int:
        """Constant quality; 0 where there is none to choose."""
        usual = self.kind.crf[1] if self.kind.crf else 0
        return usual if self.crf is None else self.crf


def timescale(fps: Fraction) -> int:
    """Ticks a second of the video track, in which every frame is a whole number of ticks long.

    >>> timescale(Fraction(24)), timescale(Fraction(24000, 1001))
    (24000, 24000)
    """
    return fps.numerator * max(1, 24000 // fps.numerator)


def video_args(encoding: Encoding, fps: Fraction, idr: Sequence[int] = ()) -> list[str]:
    """ffmpeg's output arguments: BT.709 limited range, key frames at given frames."""
    preset = encoding.preset or encoding.kind.preset
    return [
        *encoder_args(encoding.program, preset, encoding.quality, fps),
        *("-force_key_frames", forced_keys(idr)),
        *format_args(encoding, fps),
    ]


def format_args(encoding: Encoding, fps: Fraction) -> list[str]:
    """ffmpeg's output arguments for what frames are, however they are encoded."""
    # What is uploaded to a device keeps the device's own format.
    pixels = [] if upload_filter(encoding.program) else ["-pix_fmt", encoding.kind.pixel_format]
    return [
        *pixels,
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
        path: written atomically.

    All else as in `encode_frames`.
    """
    with whole_file(path) as temporary:
        return encode_frames(
            frames,
            temporary,
            width=width,
            height=height,
            fps=fps,
            idr=idr,
            encoding=encoding,
            what=f"encoding {path.name}",
        )


def encode_frames(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int] = (),
    encoding: Encoding | None = None,
    what: str,
    stop: threading.Event | None = None,
) -> int:
    """Encode frames to an MP4, as they come, and read it back.

    Frames are taken in the caller's thread and written by another, so that the next ones are made
    while the encoder works. A frame must not be changed once it is handed over.

    Args:
        frames: all planar YUV 4:2:0 ``(height * 3 // 2, width)`` in BT.709 limited range, or all
            RGB ``(height, width, 3)``; taken as they are needed, and closed where they can be.
        path: of the MP4.
        width, height: in pixels, even.
        fps: frames a second.
        idr: frames to start a group of pictures at; 0 always does.
        encoding: see `Encoding`.
        what: is being done, for the message of a failure.
        stop: ends the work when it is set.

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
            process(
                [*args, *output_args(path, "-f", "mp4")],
                what=what,
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
    encoding: Mapping[str, Any],
) -> int:
    """`encode_frames` to a file in a scratch folder, with the settings that a recipe holds."""
    return encode_frames(
        frames,
        path,
        width=width,
        height=height,
        fps=fps,
        idr=idr,
        encoding=Encoding(**encoding),
        what=f"encoding {path.name}",
    )


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
