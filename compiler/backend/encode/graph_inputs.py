"""What a filtergraph reads besides media as they are: fitted stills, slates, image sequences.

All of it goes into a folder of its own under plain names, so that no name of a user's file is ever
part of a filter or of a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....renderers.image.open_image import ImageFileError
from ...errors import InputError, Problem
from ...files.atomic_output import writing
from ...media.ffmpeg import output_args, run
from ...media.probe import MediaInfo
from ..segments.scratch import stand_in
from ..spans.content import ImageContent, SlateContent, VideoContent
from ..spans.slate import draw_slate
from .scale_crop import CENTRE, fit_still


@dataclass
class Materials:
    """Files for one piece, made when they are first asked for.

    Attributes:
        folder: to put them in; names below are relative to it.
        media: what is known of every file that is shown.
        size: width and height of the reel, in pixels.
        focus: the point of a picture that stays in sight, where it is not the centre.
    """

    folder: Path
    media: Mapping[Path, MediaInfo]
    size: tuple[int, int]
    focus: Mapping[Path, tuple[float, float]]
    _made: dict[ImageContent | SlateContent | Path, str] = field(default_factory=dict)

    def focus_of(self, path: Path) -> tuple[float, float]:
        """The point of a picture that stays in sight."""
        return self.focus.get(path, CENTRE)

    def image(self, picture: ImageContent | SlateContent) -> str:
        """The name of a picture of the reel's size, as PAM.

        Raises:
            InputError: the image cannot be read.
        """
        if picture not in self._made:
            name = f"image{len(self._made)}.pam"
            path = self.folder / name
            if isinstance(picture, SlateContent):
                draw_slate(picture.lines, self.size, path)
            else:
                try:
                    fit_still(picture.path, self.size, path, self.focus_of(picture.path))
                except ImageFileError as error:
                    what = f"cannot be read as an image: {error}"
                    raise InputError(Problem.in_file(picture.path, what)) from error
            self._made[picture] = name
        return self._made[picture]

    def sequence(self, video: VideoContent, first: int, count: int) -> str:
        """The pattern of the images of a sequence that are needed, numbered from ``first`` on."""
        name = f"sequence{len(self._made)}"
        info = self.media[video.path]
        suffix = next(image.suffix for image in info.images if image is not None)
        folder = self.folder / name
        with writing(folder):
            folder.mkdir()
        self._made[Path(name)] = name
        for number in range(first, min(first + count, len(info.images))):
            image = info.images[number]
            link = folder / f"{number:08d}{suffix}"
            if image is None and not info.black_where_missing:
                image = self._nearest(info, number)
            if image is None:
                self._black(info, link)
            else:
                stand_in(image, link)
        return f"{name}/%08d{suffix}"

    @staticmethod
    def _nearest(info: MediaInfo, number: int) -> Path | None:
        """The image before a missing one; at the beginning the one after it."""
        before = (image for image in reversed(info.images[:number]) if image is not None)
        after = (image for image in info.images[number:] if image is not None)
        return next(before, None) or next(after, None)

    @staticmethod
    def _black(info: MediaInfo, path: Path) -> None:
        video = info.video
        assert video is not None
        source = f"color=c=black:s={video.width}x{video.height}:r=24"
        one = ["-frames:v", "1", "-pix_fmt", video.pixel_format]
        run(["-f", "lavfi", "-i", source, *output_args(path, *one)], what="drawing black")
