"""Previews: a GIF or WebP animation in place of a video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...media.ffmpeg import input_args, output_args, reading_patience, run


@dataclass(frozen=True, slots=True)
class Preview:
    """An animation without sound.

    Attributes:
        kind: ``gif`` or ``webp``.
        height: maximum, in pixels.
        fps: maximum frame rate.
    """

    kind: str
    height: int = 480
    fps: int = 12


def write_preview(picture: Path, preview: Preview, output: Path, folder: Path, name: str) -> None:
    """Write a GIF or WebP of a video.

    The palette of a GIF is computed in a pass of its own: in one pass all frames would be buffered.

    Args:
        picture: the video.
        preview: format, height and rate.
        output: the file to write.
        folder: for temporary files.
        name: of the file, for error messages.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    scaled = (
        f"fps=fps='min(source_fps,{preview.fps})',"
        f"scale=w=-2:h='min(ih,{preview.height})':flags=lanczos+accurate_rnd"
    )
    what, stall_s = f"writing {name}", reading_patience(picture)
    if preview.kind == "webp":
        run(
            [
                *input_args(picture),
                *("-vf", f"{scaled},format=yuv420p", "-c:v", "libwebp_anim", "-quality", "70"),
                *("-compression_level", "4", "-loop", "0", "-an"),
                *output_args(output, "-f", "webp"),
            ],
            what=what,
            stall_s=stall_s,
        )
        return
    palette = folder / "palette.png"
    choose = f"{scaled},palettegen=stats_mode=diff"
    run(
        [*input_args(picture), "-vf", choose, *output_args(palette, "-frames:v", "1")],
        what=what,
        stall_s=stall_s,
    )
    use = f"[0:v]{scaled}[s];[s][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    run(
        [
            *input_args(picture),
            *input_args(palette),
            *("-filter_complex", use, "-loop", "0", "-an"),
            *output_args(output, "-f", "gif"),
        ],
        what=what,
        stall_s=stall_s,
    )
