"""One frame of a video, saved as a still."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from ...renderers.error_text import system_reason
from ..errors import InputError, Problem
from .containers import open_media


def save_frame(video: Path, at_s: Fraction, target: Path) -> None:
    """Save the frame of a video at a time, or its last one if the time lies beyond it.

    Args:
        video: the file.
        at_s: seconds from its first picture, as timelines count.
        target: the image to write.

    Raises:
        InputError: the video cannot be read.
    """
    try:
        with open_media(video) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            wanted = at_s + (stream.start_time or 0) * stream.time_base
            container.seek(int(wanted / stream.time_base), stream=stream)
            frame = None
            for frame in container.decode(stream):
                if frame.time is None or frame.time >= float(wanted) - 1e-3:
                    break
            if frame is None:
                raise InputError(Problem.in_file(video, f"has no frame at {float(at_s):g} s"))
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(target)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        what = f"cannot be read: {system_reason(error)}"
        raise InputError(Problem.in_file(video, what)) from error
