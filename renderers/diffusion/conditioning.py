"""What a model is shown: stills that fill the frame and went through H.264, moves as video."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from ..base import Call, Frame, Keyframe, Motion, RendererError, Shot
from ..camera.camera import CameraRenderer
from ..files.open_media import open_input, open_output
from ..fit.scale import rgb_of


def still(image: Path, shot: Shot, call: Call, crf: int = 0) -> Frame:
    """A keyframe at the size of a call, as RGB ``(height, width, 3)``; it fills it as `Shot.fit`
    says, and is never stretched, as the pipelines themselves would.

    Args:
        image: the keyframe.
        shot: whose keyframe it is.
        call: that it is for.
        crf: see `as_video_frame`; 0 leaves the still as it is.

    Raises:
        RendererError: the still cannot be loaded.
    """
    (frame,) = _rendered(
        replace(shot, keyframes=(Keyframe(image, 0),), motion=Motion(amount=0.0)), call, 1, 0, 1
    )
    return as_video_frame(frame, crf) if crf else frame


def camera_clip(shot: Shot, call: Call) -> list[Frame]:
    """The shot's stills under its camera move, as the frames of a call: RGB, at its size and rate.

    Raises:
        RendererError: a still cannot be loaded.
    """
    share = call.fps / shot.fps
    keyframes = tuple(replace(key, frame=round(key.frame * share)) for key in shot.keyframes)
    start = max(0, round(shot.start * share) + call.first)
    span = max(start + call.frames, round(shot.span * share))
    guide = replace(shot, keyframes=keyframes)
    return _rendered(guide, call, call.frames, start, span)


def _rendered(shot: Shot, call: Call, count: int, start: int, span: int) -> list[Frame]:
    guide = replace(
        shot,
        width=call.width,
        height=call.height,
        fps=call.fps,
        frames=count,
        start=start,
        span=span,
        settings={},
    )
    whole = replace(call, frames=count, first=0, keyframes=guide.keyframes, overlap=0)
    frames = CameraRenderer({}, "standard").generate(guide, whole, [], lambda *_: None)
    return [rgb_of(frame) for frame in frames]


def as_video_frame(frame: Frame, crf: int) -> Frame:
    """A still as a frame of a compressed video, which it was in the models' training.

    Lightricks' own inference blurs a still a little (3x3, sigma 1) and encodes it at crf 29 before
    the model sees it; a clean still is taken for a video that stands still.

    Raises:
        RendererError: the encoder failed.
    """
    height, width = frame.shape[:2]
    soft = np.ascontiguousarray(cv2.GaussianBlur(frame, (3, 3), 1.0), np.uint8)
    try:
        buffer = io.BytesIO()
        with open_output(buffer, "mp4") as container:
            stream = container.add_stream("libx264", rate=Fraction(24), options={"crf": str(crf)})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            picture = av.VideoFrame.from_ndarray(soft, format="rgb24")
            container.mux([*stream.encode(picture), *stream.encode()])
        buffer.seek(0)
        with open_input(buffer) as read:
            decoded = next(read.decode(video=0))
            return np.asarray(decoded.to_ndarray(format="rgb24"), np.uint8)
    except (av.FFmpegError, StopIteration) as error:
        raise RendererError(f"a keyframe cannot be passed through H.264: {error}") from error
