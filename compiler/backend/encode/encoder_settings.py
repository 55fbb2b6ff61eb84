"""Encoding settings, and ffmpeg's output arguments for them.

All files of a reel are encoded alike, so that finished ones can be copied into it bit by bit:
``stitchable`` keeps x264 from adapting its headers to the content, GOPs are closed, and IDR frames
stand at the frames at which a copy may start or stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...errors import InputError
from .codecs import CODECS, Codec, encoder_args, forced_keys, software_encoder, upload_filter

BT709 = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
"""Options of the filter ``setparams`` for BT.709 limited range."""
TAGS = f"setparams={':'.join(f'{key}={value}' for key, value in BT709.items())}"
"""The filter that tags frames; since ffmpeg 7 the encoder reads only the frames' own tags."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How video is encoded.

    Attributes:
        codec: one of `CODECS`.
        preset: speed of the encoder (ProRes: profile); empty for the codec's default.
        crf: constant quality, lower is better; None for the codec's default.
        encoder: ffmpeg's name of the encoder; empty for the software encoder.

    Raises:
        InputError: a value is out of range, or there is no such codec.
    """

    codec: str = "h264"
    preset: str = ""
    crf: int | None = None
    encoder: str = ""

    def __post_init__(self) -> None:
        details = CODECS.get(self.codec)
        if details is None:
            raise InputError(f"{self.codec!r} is not a codec; use {', '.join(CODECS)}")
        if self.preset and self.preset not in details.presets:
            known = ", ".join(details.presets)
            raise InputError(f"{self.preset!r} is not a preset of {self.codec}; use {known}")
        if self.crf is None:
            return
        if details.crf is None:
            known = ", ".join(details.presets)
            raise InputError(f"{self.codec} has no crf; choose a preset: {known}")
        low, _, high = details.crf
        if not low <= self.crf <= high:
            raise InputError(f"crf {self.crf} of {self.codec} is not between {low} and {high}")

    @property
    def details(self) -> Codec:
        """Presets, qualities, suffix and pixel format of the codec."""
        return CODECS[self.codec]

    @property
    def program(self) -> str:
        """ffmpeg's name of the encoder.

        Raises:
            InputError: this ffmpeg has none.
        """
        name = self.encoder or software_encoder(self.codec)
        if not name:
            what = f"this ffmpeg cannot encode {self.codec}"
            raise InputError(f"{what}; take it off the PATH to use that of imageio-ffmpeg")
        return name

    @property
    def speed(self) -> str:
        """The preset, or the codec's default."""
        return self.preset or self.details.preset

    @property
    def quality(self) -> int:
        """The crf, or the codec's default; 0 for codecs without one."""
        default = self.details.crf[1] if self.details.crf else 0
        return default if self.crf is None else self.crf


def timescale(fps: Fraction) -> int:
    """Return ticks a second in which every frame lasts a whole number of ticks.

    >>> timescale(Fraction(24)), timescale(Fraction(24000, 1001))
    (24000, 24000)
    """
    return fps.numerator * max(1, 24000 // fps.numerator)


def video_args(
    encoding: Encoding, fps: Fraction, idr: Sequence[int] = (), transitions: Sequence[range] = ()
) -> list[str]:
    """Return ffmpeg's output arguments: encoder, IDR frames, BT.709 limited range.

    Args:
        encoding: the settings.
        fps: frames a second.
        idr: frames at which a GOP starts; 0 always does.
        transitions: frames in transitions, as in `encoder_args`.
    """
    return [
        *encoder_args(encoding.program, encoding.speed, encoding.quality, fps, transitions),
        *("-force_key_frames", forced_keys(idr)),
        *format_args(encoding, fps),
    ]


def format_args(encoding: Encoding, fps: Fraction) -> list[str]:
    """Return ffmpeg's output arguments for pixel format, colours and time base."""
    # Frames uploaded to a device keep the device's own format.
    pixels = [] if upload_filter(encoding.program) else ["-pix_fmt", encoding.details.pixel_format]
    return [
        *pixels,
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
        *("-color_range", "tv", "-video_track_timescale", str(timescale(fps))),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"),
    ]
