"""The allowed demuxers of FFmpeg: formats that hold everything in one file.

Playlists, manifests and scripts (``hls``, ``dash``, ``concat``, ``imf``, ``sdp``, ``avisynth``,
``vapoursynth``, …) make FFmpeg open the files that they name, and are detected by content. So the
formats are listed (FFmpeg's ``format_whitelist``), and demuxers of later versions are rejected. The
whitelist includes nested demuxers, as for subtitles in AVI. References of MOV to other files are
closed unless ``enable_drefs`` is set.
"""

from __future__ import annotations

from pathlib import Path

_CONTAINERS = (
    "3gp asf av1 avi dhav dv f4v flv gxf h261 h263 h264 hevc iamf ipmovie ivf live_flv lxf m4v "
    "matroska mjpeg mov mpeg mpegts mpegvideo mpjpeg mxf nsv nut obu ogg r3d rm roq smjpeg swf "
    "vc1 vvc webm wtv y4m yuv4mpegpipe cavsvideo dirac dnxhd apv apng gif webp_anim jpegxl_anim"
)
_AUDIO = (
    "aa aac aax ac3 ac4 act adx aiff alac amr amrnb amrwb ape aptx aptx_hd ast au avr caf dsf "
    "dfpwm dts dtshd eac3 flac g722 g723_1 g729 gsm iff iff8svx ilbc ircam kvag lc3 loas mlp "
    "mp3 mpc mpc8 nistsphere oma osq pvf qcp qoa rka rso sbc sds shn sln sox tak tta truehd voc "
    "vqf w64 wady wav wavarc wsd wv xa xwma"
)
_IMAGES = (
    "bmp cri dds dpx exr gem gif hdr j2k jpeg jpegls jpegxl jpegxs pam pbm pcx pfm pgm pgmyuv "
    "pgx phm photocd pictor png ppm psd qdraw qoi sgi sunrast tiff vbn webp xbm xpm xwd"
)
ALLOWED = ",".join(
    (*_CONTAINERS.split(), *_AUDIO.split(), "ico", *(f"{name}_pipe" for name in _IMAGES.split()))
)
"""The value of ``format_whitelist``; unknown names are ignored."""
_IMAGE_NAMES = (
    "bmp dds dng dpx exr gif hdr ico j2c j2k jp2 jpeg jpg jxl pam pbm pcx pfm pgm phm png ppm psd "
    "qoi ras sgi sun tga tif tiff webp xbm xpm xwd"
)
_IMAGE_SUFFIXES = frozenset(f".{name}" for name in _IMAGE_NAMES.split())
_ONLY_BY_NAME = frozenset({".tga", ".pam"})
"""Images that older versions of FFmpeg do not detect by content."""
_PATTERN = frozenset("%*?[]{}")
_SNIFFED = 4096
_NAMING_OTHERS = (
    (b"#EXTM3U", "a playlist (HLS)"),
    (b"ffconcat", "a list for FFmpeg's concat"),
    (b"<MPD", "a manifest (DASH)"),
    (b"<CompositionPlaylist", "a composition playlist (IMF)"),
    (b"<AssetMap", "an asset map (IMF)"),
    (b"<SmoothStreamingMedia", "a manifest (Smooth Streaming)"),
    (b"<asx", "a playlist (ASX)"),
    (b"<ASX", "a playlist (ASX)"),
    (b"<smil", "a playlist (SMIL)"),
    (b"[playlist]", "a playlist (PLS)"),
    (b"[Reference]", "a playlist (ASF)"),
    (b"v=0", "a description of a stream (SDP)"),
)


def demuxer_options(path: Path) -> dict[str, str]:
    """Return FFmpeg's options for an input, so that it opens no other file.

    An image named like a pattern (``a%d.png``) is that one file.
    """
    suffix = path.suffix.lower()
    is_pattern = suffix in _IMAGE_SUFFIXES and not _PATTERN.isdisjoint(str(path))
    if is_pattern or suffix in _ONLY_BY_NAME:
        return {"f": "image2", "pattern_type": "none"}
    return {"format_whitelist": ALLOWED}


def names_others(path: Path) -> str:
    """Return the kind of a file that names other files instead of holding media; else empty."""
    text = _start_of(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, name in _NAMING_OTHERS:
        if mark in text if mark[:1] == b"<" else text.startswith(mark):
            return name
    return ""


def why_no_media(path: Path) -> str:
    """Return in words what a file is that FFmpeg cannot open."""
    start = _start_of(path)
    if not start:
        return "it is empty"
    if not any(start):
        return "it holds zeros only"
    try:
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and all(letter.isprintable() or letter.isspace() for letter in text):
        return "it is text, not media"
    return "it is damaged, or not media"


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_SNIFFED)
    except OSError:
        return b""
