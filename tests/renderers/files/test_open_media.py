"""Media open the same way with every supported release of PyAV."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import av
import pytest
from otio_gvideo.renderers.files.open_media import open_input, open_output


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """A second of silence with a Latin-1 title, as in ID3 tags of old programs."""
    path = tmp_path / "a: b.mp3"
    with open_output(path, "mp3") as container:
        stream = container.add_stream("libmp3lame", rate=48000)
        container.metadata["title"] = "TITLE"
        frame = av.AudioFrame(format="s16p", layout="stereo", samples=1152)
        frame.sample_rate = 48000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux([*stream.encode(frame), *stream.encode()])
    path.write_bytes(path.read_bytes().replace(b"TITLE", b"caf\xe9\xff"))
    return path


def test_tags_with_invalid_utf8_are_accepted(tagged: Path) -> None:
    with open_input(tagged) as container:
        assert container.streams.audio[0].rate == 48000


def test_an_mp4_in_memory_is_written_and_read() -> None:
    buffer = io.BytesIO()
    with open_output(buffer, "mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux([*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode()])
    buffer.seek(0)
    with open_input(buffer) as container:
        assert next(container.decode(video=0)).width == 64


def test_a_playlist_does_not_reach_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        playlist = tmp_path / "a.m3u8"
        place = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        playlist.write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{place}\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises((av.error.FFmpegError, OSError)), open_input(playlist) as container:
            next(container.decode(video=0))
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
