"""Media are self-contained: files that make FFmpeg open others are rejected under any name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.ffmpeg_log import FfmpegError
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.renderers.files.open_media import open_input
from PIL import Image

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{name}'\n"
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"
 profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1"><BaseURL>{name}</BaseURL><SegmentList duration="1">
<SegmentURL media="{name}"/></SegmentList></Representation></AdaptationSet></Period></MPD>
"""
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 33\n"
IMF = '<?xml version="1.0"?>\n<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2013">'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Half a second of white that no other file may reveal."""
    path = tmp_path / "secret.ts"
    white = ["-f", "lavfi", "-i", "color=c=white:s=64x64:r=24:d=0.5", "-c:v", "mpeg2video"]
    run([*white, *output_args(path)], what="making a segment")
    return path


def decoded(path: Path) -> int:
    with open_input(path) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize(
    ("text", "what", "suffix"),
    [
        (HLS, "a playlist (HLS)", ".m3u8"),
        (CONCAT, "a list for FFmpeg's concat", ".ffconcat"),
        (DASH, "a manifest (DASH)", ".mpd"),
        (SDP, "a description of a stream (SDP)", ".sdp"),
        (IMF, "a composition playlist (IMF)", ".xml"),
    ],
)
@pytest.mark.parametrize("disguise", [".mp4", ""])
def test_a_playlist_is_not_media(
    tmp_path: Path, secret: Path, text: str, what: str, suffix: str, disguise: str
) -> None:
    path = tmp_path / f"a{disguise or suffix}"
    path.write_text(text.format(name=secret.name))
    with pytest.raises(WorkError) as caught:
        probe(path)
    line = f"{path}: cannot be read as media: it is {what}, which only references other files"
    assert str(caught.value).startswith(line)
    with pytest.raises(FfmpegError):
        run([*input_args(path), "-f", "null", "-"], what="reading")


@pytest.mark.parametrize(("text", "name"), [(HLS, "a.m3u8"), (CONCAT, "a.mp4")])
def test_playlists_open_other_files_without_the_whitelist(
    tmp_path: Path, secret: Path, text: str, name: str
) -> None:
    path = tmp_path / name
    path.write_text(text.format(name=secret.name))
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12


def test_a_movie_with_an_external_reference_does_not_open_it(tmp_path: Path) -> None:
    other = tmp_path / "secret.mov"
    white = ["-f", "lavfi", "-i", "color=c=white:s=64x64:r=24:d=0.5", "-c:v", "mjpeg"]
    run([*white, *output_args(other)], what="making a movie")
    path = tmp_path / "a.mov"
    path.write_bytes(_pointing(other.read_bytes(), other.name))
    with av.open(str(path), options={"enable_drefs": "1"}) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
    assert decoded(path) == 0


def _pointing(movie: bytes, name: str) -> bytes:
    """A movie without frames, whose data reference is a Macintosh alias of another file."""
    alias = bytes(10) + b"\1v" + bytes(26) + bytes(12)
    alias += bytes([len(name)]) + name.encode().ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">HH", 1, 1) + bytes(16)
    target = f"v:{name}".encode()
    target += bytes(len(target) % 2)
    alias += struct.pack(">HH", 2, len(target)) + target + struct.pack(">hH", -1, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    dref = bytes(4) + struct.pack(">I", 1) + entry

    def change(boxes: bytes, replaced: Callable[[bytes, bytes], bytes]) -> bytes:
        made, at = b"", 0
        while at < len(boxes):
            size, kind = struct.unpack_from(">I4s", boxes, at)
            body = replaced(kind, boxes[at + 8 : at + size])
            made += struct.pack(">I4s", 8 + len(body), kind) + body
            at += size
        return made

    def replaced(kind: bytes, body: bytes) -> bytes:
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            return change(body, replaced)
        return {b"dref": dref, b"mdat": bytes(len(body))}.get(kind, body)

    return change(movie, replaced)


@pytest.mark.posix
@pytest.mark.parametrize("name", ["a%d.png", "a*.png", "a[0-9].tga", "%d/x.jpg"])
def test_a_name_like_a_pattern_is_literal(tmp_path: Path, name: str) -> None:
    for other, colour in ((name, "white"), ("a1.png", "black"), ("a2.tga", "black")):
        path = tmp_path / other
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (16, 16), colour).save(path)
    with open_input(tmp_path / name) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 1
    assert np.min(pictures[0]) > 250
    out = tmp_path / "out.png"
    run([*input_args(tmp_path / name), *output_args(out, "-frames:v", "1")], what="reading")
    assert np.min(np.asarray(Image.open(out).convert("RGB"))) > 250
