"""A small preview of a video, embedded as a ``data:`` URL."""

from __future__ import annotations

import base64
from pathlib import Path

from ..files.atomic_output import scratch
from ..media.ffmpeg import input_args, output_args, run


def preview_url(video: Path, width: int, folder: Path, *, crf: int, sound_kbps: int = 0) -> str:
    """Encode a video as a small H.264 MP4.

    Args:
        video: any file that ffmpeg reads.
        width: of the preview, in pixels; its height follows.
        folder: for scratch files.
        crf: of x264.
        sound_kbps: audio bit rate; 0 for no audio.

    Raises:
        WorkError: it cannot be encoded.
    """
    sound = ["-c:a", "aac", "-b:a", f"{sound_kbps}k"] if sound_kbps else ["-an"]
    with scratch(folder) as made:
        small = made / "preview.mp4"
        run(
            [
                *input_args(video),
                *("-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1"),
                *("-vf", f"scale={width // 2 * 2}:-2", *sound, "-c:v", "libx264"),
                *("-crf", str(crf), "-preset", "veryfast", "-pix_fmt", "yuv420p"),
                *output_args(small, "-movflags", "+faststart"),
            ],
            what=f"previewing {video.name}",
        )
        return "data:video/mp4;base64," + base64.b64encode(small.read_bytes()).decode()
