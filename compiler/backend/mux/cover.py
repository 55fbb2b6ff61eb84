"""The cover of a reel: one of its frames as a JPEG."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

from ....renderers.image.open_image import open_image
from ...errors import WorkError
from ...files.atomic_output import torn_reason
from ...media.ffmpeg import input_args, output_args, run
from ...media.ffmpeg_watchdog import patience

_QUALITY = 92


def cover_path(video: Path) -> Path:
    """Return the path of a video's cover."""
    return video.with_suffix(".jpg")


def encode_cover(picture: Path, frame: int, fps: Fraction, folder: Path) -> bytes:
    """Return a frame of a reel's picture as a JPEG, in the colours that players show.

    Args:
        picture: a file in BT.709.
        frame: the frame, from 0.
        fps: of the file.
        folder: for a temporary file.

    Raises:
        WorkError: the picture cannot be decoded.
    """
    path = folder / "cover.png"
    # Half a frame early: the first frame from there on is the one, however times are rounded.
    seek = ["-ss", f"{float((frame - Fraction(1, 2)) / fps):.6f}"] if frame else []
    flags = "bicubic+accurate_rnd+full_chroma_int"
    run(
        [
            *seek,
            *input_args(picture),
            *("-map", "0:v:0", "-frames:v", "1", "-c:v", "png"),
            *("-vf", f"scale=in_color_matrix=bt709:in_range=tv:flags={flags}"),
            *("-pix_fmt", "rgb24"),
            *output_args(path, "-f", "image2pipe"),
        ],
        what="decoding the cover",
        stall_s=patience(size_bytes=picture.stat().st_size),
    )
    data = io.BytesIO()
    with open_image(path) as image:
        image.save(data, "JPEG", quality=_QUALITY)
    return data.getvalue()


def write_cover(data: bytes, path: Path, temporary: Path) -> None:
    """Write a cover to a temporary file, and read it back.

    Raises:
        WorkError: it is not whole.
    """
    temporary.write_bytes(data)
    if temporary.read_bytes() != data:
        raise WorkError(f"{path}: cannot be written: {torn_reason(temporary)}")
