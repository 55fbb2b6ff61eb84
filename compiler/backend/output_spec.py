"""The output of the backend: output options resolved against configuration and machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import InputError
from ..notices import Notice
from .encode.encoder_settings import Encoding
from .encode.transitions import TransitionStyle
from .mux.preview import Preview

if TYPE_CHECKING:
    from .encode.reframe import Salience


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """The files to make of a timeline, checked against the configuration and this machine.

    Attributes:
        encoding: of everything that is encoded.
        preview: an animation to make in place of a video; None for a video.
        sizes: width and height of each file, in pixels; empty for the timeline's own size.
        max_bytes: size limit of each file; None for none.
        salience: rates the pixels to crop around; None crops around the centre.
        transitions: how transitions mix pictures.
        clip_sound_db: level of picture clips' own sound if the timeline states none; None mutes it.
        allow_missing: accept slates and silence in place of missing media.
        allow_network: fetch media at ``http`` and ``https`` URLs.
        keep_segments: keep encoded segments for the next run.
        warnings: about the choice itself.
    """

    encoding: Encoding = field(default_factory=Encoding)
    preview: Preview | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    max_bytes: int | None = None
    salience: Salience | None = None
    transitions: TransitionStyle = field(default_factory=TransitionStyle)
    clip_sound_db: float | None = None
    allow_missing: bool = False
    allow_network: bool = False
    keep_segments: bool = True
    warnings: tuple[Notice, ...] = ()

    @property
    def suffix(self) -> str:
        """Suffix of the files' names."""
        return f".{self.preview.kind}" if self.preview else self.encoding.details.suffix


def refuse_size(size: tuple[int, int]) -> None:
    """Reject a frame size that cannot be encoded in 4:2:0.

    Raises:
        InputError: a side is odd or below 16 pixels.
    """
    width, height = size
    if width % 2 or height % 2 or min(size) < 16:
        raise InputError(
            f"a picture of {width}x{height} cannot be encoded; use even numbers from 16 on"
        )


class Signer(Protocol):
    """Signs a finished file."""

    def sign(self, source: Path, target: Path) -> None:
        """Write a signed copy.

        Raises:
            WorkError: it cannot be signed.
        """

    def manifest_bytes(self) -> int:
        """Return the bytes that signing adds to a file."""
