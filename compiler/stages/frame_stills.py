"""Stills that are frames of videos: saved as PNG, upright, tone-mapped, with square pixels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from ...renderers.error_text import system_reason
from ...renderers.files.atomic_file import finish
from ...renderers.files.demuxers import demuxer_options
from ...renderers.files.digest import file_digest, sha256_of
from ...renderers.files.json_cache import remembered
from ...renderers.files.open_media import url
from ..backend.encode.ffmpeg_stream import graph_args, source
from ..backend.encode.scale_crop import fit_filters
from ..errors import InputError, Problem, WorkError
from ..files.atomic_output import scratch, write_errors
from ..files.exists import is_there
from ..media.containers import open_media
from ..media.ffmpeg import output_args, run
from ..media.find_ffmpeg import decoder_names, ffmpeg_path, ffmpeg_version
from ..media.media_info import VideoInfo, has_alpha
from ..media.probe import probe
from ..script.model import Script
from ..script.pictures import ScriptKeyframe

STILLS = "stills"
"""Folder beside a reel's timeline that holds them."""
_METHOD = "4"
"""Counted in the keys: a change saves other pixels."""
_TOLERANCE_S = Fraction(1, 1000)
"""Seconds by which the time of a frame may be rounded."""


def with_frame_stills(script: Script, folder: Path) -> Script:
    """Return a script in which each still that is a frame of a video is a file of its own.

    Args:
        script: the script.
        folder: of these files, made if needed.

    Raises:
        InputError: a file in the folder was edited.
        WorkError: a video cannot be read, or a file not be written.
    """

    def saved(keyframes: Iterable[ScriptKeyframe]) -> tuple[ScriptKeyframe, ...]:
        return tuple(
            one
            if one.video is None
            else replace(one, image=frame_still(one.video, one.video_time, folder))
            for one in keyframes
        )

    scenes = (replace(scene, keyframes=saved(scene.keyframes)) for scene in script.scenes)
    return replace(script, scenes=tuple(scenes))


def frame_still(video: Path, at: Fraction, folder: Path) -> Path:
    """Save the frame of a video at a time, unless it exists.

    Args:
        video: the file.
        at: seconds from the start of the file, as players count; past the end it is the last frame.
        folder: to save to.

    Raises:
        InputError: the saved file was edited.
        WorkError: the video cannot be read, or the file not be written.
    """
    key = f"{_METHOD}:{ffmpeg_version()}:{file_digest(video)}:{at}"
    number = hashlib.sha256(key.encode()).hexdigest()[:12]
    path = folder / f"{video.stem}-{float(at):g}s-{number}.png"
    sha256 = remembered("frame_stills.json", key, lambda: _save(video, at, path))
    if not is_there(path):
        sha256 = _save(video, at, path)
    _refuse_edited(path, sha256, video)
    return path


def _refuse_edited(path: Path, sha256: str, video: Path) -> None:
    if sha256_of(path) != sha256:
        what = f"is no longer the frame of {video.name} that was saved there"
        raise InputError(Problem.in_file(path, what, "move it away, and name it in the script"))


def _save(video: Path, at: Fraction, path: Path) -> str:
    """Save a frame unless the file exists; return the SHA-256 of the frame as PNG."""
    info = probe(video).video
    assert info is not None
    time = max(_frame_time(video, info, at) - _TOLERANCE_S, info.start)
    before = time - info.lead
    is_sought = before > info.start  # A seek to the start of an FLV finds nothing.
    seek = Fraction(math.floor(before * 1_000_000), 1_000_000) if is_sought else info.zero
    width, height = (max(2, round(side / 2) * 2) for side in info.display_size)
    sought = {"ss": f"{float(seek):.6f}"} if is_sought else {}
    if info.decoder and info.decoder in decoder_names(ffmpeg_path()):
        sought["c:v"] = info.decoder
    stream = source(url(video), **sought, **demuxer_options(video))
    stream = stream.filter("trim", start=f"{float(time - seek):.6f}").filter("trim", end_frame=1)
    for name, options in fit_filters(info, (width, height)):
        stream = stream.filter(name, **options)
    stream = stream.filter(
        "scale", in_color_matrix="bt709", in_range="tv", flags="accurate_rnd+full_chroma_int"
    )
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with scratch(path.parent) as place:
        made = place / path.name
        png = ("-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1")
        pixels = "rgba" if has_alpha(info.pixel_format) else "rgb24"
        args = [*graph_args(stream, pixels, "null"), "-map", "[out]"]
        run([*args, *output_args(made, *png)], what=f"saving a frame of {video.name}")
        sha256 = sha256_of(made)
        if is_there(path):
            _refuse_edited(path, sha256, video)
        else:
            with write_errors(path):
                finish(made, path)
    return sha256


def _frame_time(video: Path, info: VideoInfo, at: Fraction) -> Fraction:
    """Return the time stamp of the frame at a time, from the file's start."""
    found: Fraction | None = None
    try:
        with open_media(video) as container:
            stream = container.streams.video[0]
            base = stream.time_base
            assert base is not None
            began = Fraction(container.start_time or 0, av.time_base)
            wanted = began + info.start + max(Fraction(0), at - info.delay) + _TOLERANCE_S
            container.seek(int((wanted - _TOLERANCE_S - info.lead) / base), stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None:
                    continue
                if frame.pts * base > wanted and (found is not None or at > info.lead):
                    break
                found = frame.pts * base
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise WorkError(f"{video}: cannot be read as media: {system_reason(error)}") from error
    if found is None:
        raise WorkError(f"{video}: has no frame at {float(at):g} s")
    return found - began
