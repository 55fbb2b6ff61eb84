"""Encoders by codec, and their arguments for segments that join without a seam.

Every codec here makes closed GOPs, and the same headers for the same settings.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ...media.find_ffmpeg import encoder_names, ffmpeg_path, trial

GOP_S = 2
"""Maximum seconds between IDR frames, for seeking."""
AQ_STRENGTH = 1.4
"""Adaptive quantisation of x264, 1 by default: at 1, clouds in slow motion move unevenly, by 0.2
pixels; at 1.4 by 0.1, for a fifth more bits in a sky and fewer in grass."""
THREADS = 4
"""Threads of one encoder, the same on every machine, since x264's output depends on it.

x264 looks ahead in the calling thread (``sync-lookahead=0``): in a thread of its own, presets with
``mbtree`` are not deterministic.
"""
X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
_TRANSITION_SEARCH = "me=dia,subme=1,partitions=i8x8"
"""Motion search of x264 in transitions, about that of `superfast`. A mix of two pictures in motion
has no motion to find: the search of `veryfast` takes 11 ms a frame more, for 7 % fewer bits."""
_QUICK_PRESETS = X264_PRESETS[:2]
"""Presets that search no more than that."""
SVT_PRESETS = tuple(str(number) for number in range(14))
PRORES_PROFILES = ("proxy", "lt", "standard", "hq")
HARDWARE = ("nvenc", "videotoolbox", "qsv", "vaapi")
"""Kinds of hardware encoders, in the order of the trials."""
# The chroma sample position is known for some frames only: no header states it, so that all headers
# are the same.
_AV1 = ("-bsf:v", "av1_metadata=chroma_sample_position=unknown")
_VAAPI_DEVICE = Path("/dev/dri/renderD128")


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec of a reel.

    Attributes:
        presets: names of speeds (ProRes: profiles).
        preset: the default.
        crf: lowest, default and highest constant quality; None if the codec has none.
        suffix: of the file.
        tag: codec tag for players, if it is not ffmpeg's default.
        pixel_format: of the frames.
    """

    presets: tuple[str, ...]
    preset: str
    crf: tuple[int, int, int] | None
    suffix: str = ".mp4"
    tag: str = ""
    pixel_format: str = "yuv420p"


CODECS = {
    "h264": Codec(X264_PRESETS, "veryfast", (1, 18, 51)),
    "hevc": Codec(X264_PRESETS, "fast", (1, 21, 51), tag="hvc1"),
    "av1": Codec(SVT_PRESETS, "8", (1, 28, 63)),
    "prores": Codec(PRORES_PROFILES, "hq", None, ".mov", pixel_format="yuv422p10le"),
}
_SOFTWARE = {"h264": ("libx264",), "hevc": ("libx265",), "av1": ("libsvtav1", "libaom-av1"),
             "prores": ("prores_ks",)}  # fmt: skip


def software_encoder(codec: str) -> str:
    """Return ffmpeg's name of the software encoder; empty if this ffmpeg has none."""
    known = encoder_names(ffmpeg_path())
    return next((name for name in _SOFTWARE[codec] if name in known), "")


def hardware_encoder(codec: str, kind: str) -> str:
    """Return ffmpeg's name of a hardware encoder that works here; empty if none does.

    Each is tried, since builds also list encoders for absent hardware.

    Args:
        codec: one of `CODECS`.
        kind: one of `HARDWARE`, or ``auto`` for the first that works.
    """
    kinds = HARDWARE if kind == "auto" else (kind,)
    known = encoder_names(ffmpeg_path())
    names = (f"{codec}_{each}" for each in kinds)
    return next((name for name in names if name in known and _works(ffmpeg_path(), name)), "")


@functools.cache
def _works(program: str, name: str) -> bool:
    source = ["-f", "lavfi", "-i", "color=c=black:s=256x256:r=24:d=0.1"]
    chain = ["-vf", upload_filter(name) or "format=nv12"]
    args = [*device_args(name), *source, *chain, "-c:v", name, "-f", "null", "-"]
    try:
        return trial(program, args)
    except (OSError, subprocess.SubprocessError):
        return False


def device_args(encoder: str) -> list[str]:
    """Return the arguments before the inputs that open an encoder's device."""
    return ["-vaapi_device", str(_VAAPI_DEVICE)] if encoder.endswith("_vaapi") else []


def upload_filter(encoder: str) -> str:
    """Return the filter that uploads frames to the encoder's device; empty if it needs none."""
    return "format=nv12,hwupload" if encoder.endswith("_vaapi") else ""


def encoder_args(
    encoder: str, preset: str, crf: int, fps: Fraction, transitions: Sequence[range] = ()
) -> list[str]:
    """Return ffmpeg's arguments for constant quality.

    Args:
        encoder: ffmpeg's name.
        preset: one of the codec's.
        crf: the quality.
        fps: frames a second.
        transitions: frames in which x264 searches motion briefly.
    """
    gop = max(2, round(GOP_S * fps))
    if encoder == "libx264":
        x264 = (
            "stitchable=1:open-gop=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:"
            f"range=tv:chromaloc=0:sar=1/1:keyint={gop}:min-keyint=1:sync-lookahead=0:"
            f"aq-strength={AQ_STRENGTH}"
        )
        if transitions and preset not in _QUICK_PRESETS:
            x264 += f":zones={'/'.join(map(_zone, transitions))}"
        return [
            *("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-profile:v", "high"),
            *("-threads", str(THREADS), "-x264-params", x264, "-forced-idr", "1"),
        ]
    if encoder == "libx265":
        x265 = (
            f"open-gop=0:keyint={gop}:min-keyint=1:info=0:log-level=error:pools={THREADS}:"
            "frame-threads=2:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=limited:"
            "chromaloc=0"
        )
        return [
            *("-c:v", "libx265", "-preset", preset, "-crf", str(crf), "-tag:v", "hvc1"),
            *("-x265-params", x265, "-forced-idr", "1"),
        ]
    if encoder == "libsvtav1":
        return ["-c:v", encoder, "-preset", preset, "-crf", str(crf), "-g", str(gop), *_AV1]
    if encoder == "libaom-av1":
        speed = min(8, int(preset))
        return ["-c:v", encoder, "-cpu-used", str(speed), "-crf", str(crf), "-b:v", "0",
                "-g", str(gop), "-row-mt", "1", "-lag-in-frames", "0", *_AV1]  # fmt: skip
    if encoder == "prores_ks":
        profile = PRORES_PROFILES.index(preset)
        return ["-c:v", encoder, "-profile:v", str(profile), "-vendor", "apl0"]
    return _hardware_args(encoder, crf, gop)


def _zone(frames: range) -> str:
    """Return a zone of x264, whose last frame counts."""
    return f"{frames.start},{frames.stop - 1},{_TRANSITION_SEARCH}"


def _hardware_args(encoder: str, crf: int, gop: int) -> list[str]:
    codec, _, kind = encoder.rpartition("_")
    tag = ["-tag:v", "hvc1"] if codec == "hevc" else []
    closed = ["-bf", "0", "-g", str(gop)]
    quality = {
        "nvenc": ["-preset", "p5", "-rc", "vbr", "-cq", str(crf), "-b:v", "0", "-forced-idr", "1"],
        "videotoolbox": ["-q:v", str(max(1, 100 - 2 * crf))],
        "qsv": ["-global_quality", str(crf), "-idr_interval", "0"],
        "vaapi": ["-rc_mode", "CQP", "-qp", str(crf)],
    }[kind]
    return ["-c:v", encoder, *quality, *closed, *tag]


def two_pass_args(encoder: str, preset: str, bits_per_s: int, fps: Fraction) -> list[str]:
    """Return ffmpeg's arguments for an average bit rate, to be run twice with ``-pass``.

    The peak rate is twice the average, so that players keep up.
    """
    args = encoder_args(encoder, preset, 1, fps)
    at = args.index("-crf")
    limits = ["-maxrate", str(2 * bits_per_s), "-bufsize", str(4 * bits_per_s)]
    return [*args[:at], *args[at + 2 :], "-b:v", str(bits_per_s), *limits]


def forced_keys(idr: Sequence[int]) -> str:
    """Return the value of ``-force_key_frames`` for frames, and the first one."""
    forced = "+".join(f"eq(n,{frame})" for frame in sorted({0, *idr}))
    return f"expr:{forced}"
