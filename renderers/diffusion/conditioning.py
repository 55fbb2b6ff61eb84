"""Conditioning: keyframes at the size of a call, through H.264, and camera moves as video."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np

from ..base import Call, Frame, Keyframe, Motion, RendererError, Shot
from ..camera.camera import CameraRenderer
from ..files.open_media import open_input, open_output
from ..fit.scale import rgb_of


def conditioning_image(image: Path, shot: Shot, call: Call, crf: int = 0) -> Frame:
    """Return a keyframe as RGB ``(height, width, 3)`` at the size of a call.

    It is cropped at the focus and zoom of the motion, or letterboxed, as `Shot.fit` says; the
    pipelines themselves would stretch it.

    Args:
        image: the keyframe.
        shot: its shot.
        call: the call it conditions.
        crf: of `compress`; 0 skips that.

    Raises:
        RendererError: the still cannot be loaded.
    """
    still = Motion(amount=0.0, focus=shot.motion.focus, zoom=shot.motion.zoom)
    (frame,) = _render_camera(
        replace(shot, keyframes=(Keyframe(image, 0),), motion=still), call, 1, 0, 1
    )
    return compress(frame, crf) if crf else frame


def camera_clip(shot: Shot, call: Call) -> list[Frame]:
    """Return the shot's stills under its camera move as RGB frames, at a call's size and rate.

    Raises:
        RendererError: a still cannot be loaded.
    """
    ratio = call.fps / shot.fps
    keyframes = tuple(replace(key, frame=round(key.frame * ratio)) for key in shot.keyframes)
    start = max(0, round(shot.start * ratio) + call.first)
    span = max(start + call.frames, round(shot.span * ratio))
    return _render_camera(replace(shot, keyframes=keyframes), call, call.frames, start, span)


def _render_camera(shot: Shot, call: Call, count: int, start: int, span: int) -> list[Frame]:
    at_call = replace(
        shot,
        width=call.width,
        height=call.height,
        fps=call.fps,
        frames=count,
        start=start,
        span=span,
        settings={},
    )
    whole = replace(call, frames=count, first=0, keyframes=at_call.keyframes, overlap=0)
    frames = CameraRenderer({}, "standard").generate(at_call, whole, [], lambda *_: None)
    return [rgb_of(frame) for frame in frames]


def compress(frame: Frame, crf: int) -> Frame:
    """Pass a still through H.264, as the frames that the models were trained on.

    Lightricks' own inference blurs a still slightly (3x3, sigma 1) and encodes it at crf 29: to the
    model a clean still means a video without motion. It does so at the still's own size and scales
    the result to the call's; here it is done at the call's, so that a large still is not cleaner
    than a small one.

    Raises:
        RendererError: the encoder failed.
    """
    height, width = frame.shape[:2]
    # The blur is rounded down, and the encoder's preset is the one of ``crf_compressor.py``.
    soft = cv2.GaussianBlur(frame.astype(np.float32), (3, 3), 1.0).astype(np.uint8)
    options = {"crf": str(crf), "preset": "veryfast"}
    try:
        buffer = io.BytesIO()
        with open_output(buffer, "mp4") as container:
            stream = container.add_stream("libx264", rate=1, options=options)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            picture = av.VideoFrame.from_ndarray(soft, format="rgb24")
            container.mux([*stream.encode(picture), *stream.encode()])
        buffer.seek(0)
        with open_input(buffer) as read:
            decoded = next(read.decode(video=0))
            return np.asarray(decoded.to_ndarray(format="rgb24"), np.uint8)
    except (av.FFmpegError, StopIteration) as error:
        raise RendererError(f"a keyframe cannot be passed through H.264: {error}") from error
