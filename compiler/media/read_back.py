"""Read back finished media, packet by packet, since an exit status proves no write."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from ...renderers.image.open_image import open_image
from ..errors import WorkError
from ..files.atomic_output import torn_reason
from .containers import open_media
from .mp4 import is_whole


def refuse_torn_video(path: Path, frames: int, name: str) -> None:
    """Reject a video that lacks frames.

    Args:
        path: the written file.
        frames: the expected number.
        name: of the file, for the message.

    Raises:
        WorkError: it cannot be opened, or lacks frames.
    """
    found = _packets(path, "video")
    if found is None or found[0] != frames:
        held = "is truncated" if found is None else f"holds {found[0]} of {frames} frames"
        raise WorkError(f"{name}: cannot be written: it {held}; {torn_reason(path)}")


def refuse_torn_sound(path: Path, seconds: Fraction, name: str) -> None:
    """Reject a file whose audio is too short.

    Args:
        path: the written file.
        seconds: the expected length, at least.
        name: of the file, for the message.

    Raises:
        WorkError: it cannot be opened, or is shorter.
    """
    found = _packets(path, "audio")
    if found is None or found[1] < seconds:
        held = (
            "has no complete sound" if found is None else f"holds {float(found[1]):.2f} s of sound"
        )
        wanted = f"{float(seconds):.2f} s"
        raise WorkError(f"{name}: cannot be written: it {held} of {wanted}; {torn_reason(path)}")


def refuse_torn_preview(path: Path, name: str) -> None:
    """Reject a GIF or WebP whose last frame cannot be decoded. Arguments and errors as above."""
    try:
        with open_image(path) as image:
            image.seek(getattr(image, "n_frames", 1) - 1)
            image.load()
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise WorkError(
            f"{name}: cannot be written: it is truncated; {torn_reason(path)}"
        ) from error


def _packets(path: Path, kind: str) -> tuple[int, Fraction] | None:
    """Return number and length in seconds of the intact packets of the first stream of a kind.

    None if the file cannot be opened, is truncated, or has no such stream.
    """
    count, ticks = 0, 0
    try:
        end = path.stat().st_size
        with open_media(path, analyse=False) as container:
            is_mp4 = "mp4" in container.format.name.split(",")
            if is_mp4 and not is_whole(path):
                return None
            streams = container.streams.video if kind == "video" else container.streams.audio
            for packet in container.demux(streams[0]):
                if packet.pts is None or not packet.size:
                    continue
                is_past_end = packet.pos is not None and packet.pos + packet.size > end
                if packet.is_corrupt or is_past_end:
                    break
                count += 1
                ticks += packet.duration or 0
            base = Fraction(streams[0].time_base or 0)
    except (av.error.FFmpegError, OSError, IndexError, ValueError):
        return None
    return count, ticks * base
