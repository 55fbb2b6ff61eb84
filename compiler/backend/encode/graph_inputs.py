"""Files that a filtergraph reads besides media as they are: fitted stills, slates, sequences.

They go into a scratch folder under plain names, so that no name of a user's file becomes part of a
filter or of a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....renderers.image.open_image import ImageFileError
from ...errors import InputError, Problem
from ...files.atomic_output import write_errors
from ...media.ffmpeg import output_args, run
from ...media.media_info import MediaInfo
from ..segments.scratch import stand_in
from ..spans.frame_content import ImageContent, SlateContent, VideoContent
from ..spans.slate import draw_slate
from .scale_crop import Canvas, fit_still


@dataclass
class GraphInputs:
    """Inputs of one segment's filtergraph, written on first use.

    Attributes:
        folder: to write to; returned names are relative to it.
        media: headers of all files in the segment.
        canvas: the frame of the reel.
    """

    folder: Path
    media: Mapping[Path, MediaInfo]
    canvas: Canvas
    _images: dict[ImageContent | SlateContent, str] = field(default_factory=dict)
    _sequences: int = 0

    def image(self, picture: ImageContent | SlateContent) -> str:
        """Return the name of an image or slate at the size of the frame, as PAM.

        Raises:
            InputError: the image cannot be read.
        """
        if picture not in self._images:
            name = f"image{len(self._images)}.pam"
            path, size = self.folder / name, self.canvas.size
            if isinstance(picture, SlateContent):
                draw_slate(picture.lines, size, path)
            else:
                try:
                    fit_still(picture.path, size, path, self.canvas.focus_of(picture.path))
                except ImageFileError as error:
                    what = f"cannot be read as an image: {error}"
                    raise InputError(Problem.in_file(picture.path, what)) from error
            self._images[picture] = name
        return self._images[picture]

    def sequence(self, video: VideoContent, first: int, count: int) -> str:
        """Return the ``image2`` pattern of ``count`` images of a sequence from ``first`` on."""
        info = self.media[video.path]
        suffix = next(image.suffix for image in info.images if image is not None)
        folder = self.folder / f"sequence{self._sequences}"
        self._sequences += 1
        with write_errors(folder):
            folder.mkdir()
        for number in range(first, min(first + count, len(info.images))):
            image = info.images[number]
            link = folder / f"{number:08d}{suffix}"
            if image is None and not info.black_where_missing:
                image = nearest_image(info, number)
            if image is None:
                _draw_black(info, link)
            else:
                stand_in(image, link)
        return f"{folder.name}/%08d{suffix}"


def nearest_image(info: MediaInfo, number: int) -> Path | None:
    """Return the image before a missing one; the one after it if there is none."""
    before = (image for image in reversed(info.images[:number]) if image is not None)
    after = (image for image in info.images[number:] if image is not None)
    return next(before, None) or next(after, None)


def _draw_black(info: MediaInfo, path: Path) -> None:
    video = info.video
    assert video is not None
    source = f"color=c=black:s={video.width}x{video.height}:r=24"
    one = ["-frames:v", "1", "-pix_fmt", video.pixel_format]
    run(["-f", "lavfi", "-i", source, *output_args(path, *one)], what="drawing black")
